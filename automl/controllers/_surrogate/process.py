"""A Gaussian process over vectors whose axes come in groups, each with a length scale of its own.

Rasmussen and Williams: Gaussian Processes for Machine Learning. 2006, chapters 2 and 5. The covariance is Matern's with
smoothness 5/2. Mean and scale of the values are estimated in closed form, the length scales and the noise by the most
probable value: a prior holds them where two candidates at random are neither equal nor unrelated, however many
questions there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automl.controllers._surrogate.columns import Array, Groups

_STEPS = 10
"""Of one fit; it goes on where the one before has ended."""
_SPREAD, _NOISE, _NOISE_SPREAD = 1.5, math.log(1e-3), 2.0
"""Standard deviation of the log weights' prior; mean and standard deviation of that of the log noise."""
_LEAST_NOISE = 1e-7


@dataclass(frozen=True, slots=True)
class Scales:
    """What is learned.

    Attributes:
        weights: log of the inverse squared length scale of each group.
        noise: log of the variance of the noise, as a share of that of the values.
    """

    weights: Array
    noise: float


def prior(spread: Array) -> Scales:
    """Return the scales before anything is known: two candidates at random lie one apart."""
    return Scales(-np.log(len(spread) * np.maximum(spread, 1e-9)), _NOISE)


def squares(left: Array, right: Array) -> Array:
    """Return all squared distances: (n, axes) and (m, axes) to (n, m)."""
    found: Array = left @ (-2.0 * right.T)
    found += (left**2).sum(axis=1)[:, None]
    found += (right**2).sum(axis=1)
    return np.maximum(found, 0.0, out=found)


def matern(square: Array) -> Array:
    """Return correlations of squared distances."""
    return _matern(square)[0]


def _matern(square: Array) -> tuple[Array, Array]:
    """Return correlations of squared distances, and their derivatives by these."""
    root = np.sqrt(5.0 * square)
    decay = np.exp(-root)
    slope = (1.0 + root) * decay
    return slope + root * root * decay / 3.0, -5.0 / 6.0 * slope


class Process:
    """What is believed about a landscape after some of it was seen.

    Args:
        vectors: where it was seen, (n, axes).
        values: what was seen, (n,).
        axes: the group of each axis.
        scales: length scales and noise.
    """

    def __init__(self, vectors: Array, values: Array, axes: Groups, scales: Scales) -> None:
        self._axes, self._scales = axes, scales
        self._seen = self._stretched(vectors)
        cov = matern(squares(self._seen, self._seen))
        cov[np.diag_indices_from(cov)] += math.exp(scales.noise) + _LEAST_NOISE
        self._root: Array = np.linalg.inv(np.linalg.cholesky(cov))
        ones = self._half(np.ones(len(values)))
        half = self._half(values)
        self._mean = float(ones @ half / (ones @ ones))
        rest = half - self._mean * ones
        self._variance = max(float(rest @ rest) / len(values), 1e-12)
        self._alpha = self._root.T @ rest
        self.means: Array = values - (math.exp(scales.noise) + _LEAST_NOISE) * self._alpha
        """What is believed where it was seen, without the noise."""

    def predict(self, vectors: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation at (m, axes)."""
        cross = matern(squares(self._seen, self._stretched(vectors)))
        half = self._half(cross)
        variance = self._variance * np.maximum(1.0 - (half**2).sum(axis=0), 1e-10)
        return self._mean + cross.T @ self._alpha, np.sqrt(variance)

    def _stretched(self, vectors: Array) -> Array:
        stretched: Array = vectors * np.exp(0.5 * self._scales.weights)[self._axes]
        return stretched

    def _half(self, right: Array) -> Array:
        half: Array = self._root @ right
        return half


def evidence(vectors: Array, values: Array, axes: Groups, scales: Scales, around: Scales) -> tuple[float, Array]:
    """Return the log posterior of the scales up to a constant, and its gradient (weights, then noise)."""
    n = len(values)
    stretched = vectors * np.exp(0.5 * scales.weights)[axes]
    square = squares(stretched, stretched)
    noise = math.exp(scales.noise)
    cov, slope = _matern(square)
    cov[np.diag_indices(n)] += noise + _LEAST_NOISE
    factor = np.linalg.cholesky(cov)
    inverse = np.linalg.inv(factor)
    inverse = inverse.T @ inverse
    rest = values - inverse.sum(axis=0) @ values / inverse.sum()
    alpha = inverse @ rest
    fit = max(float(rest @ alpha), 1e-12)
    pull = 0.5 * (n / fit * np.outer(alpha, alpha) - inverse)
    weighed = pull * slope
    per_axis = 2.0 * (weighed.sum(axis=1) @ stretched**2 - (stretched * (weighed @ stretched)).sum(axis=0))
    gradient = np.append(np.bincount(axes, per_axis, len(scales.weights)), np.trace(pull) * noise)
    off = np.append(scales.weights - around.weights, scales.noise - around.noise)
    width = np.append(np.full(len(scales.weights), _SPREAD), _NOISE_SPREAD)
    log = -0.5 * n * math.log(fit) - float(np.log(np.diag(factor)).sum()) - 0.5 * float(((off / width) ** 2).sum())
    return log, gradient - off / width**2


def fitted(vectors: Array, values: Array, axes: Groups, start: Scales, around: Scales) -> Scales:
    """Return the most probable scales near `start`: steps that grow while the gradient keeps its sign (Rprop)."""
    at = np.append(start.weights, start.noise)
    best, best_at = -math.inf, at
    step, before = np.full(len(at), 0.3), np.zeros(len(at))
    for _ in range(_STEPS):
        log, gradient = evidence(vectors, values, axes, Scales(at[:-1], float(at[-1])), around)
        if log > best:
            best, best_at = log, at
        kept = gradient * before
        step = np.clip(np.where(kept > 0, 1.2 * step, np.where(kept < 0, 0.5 * step, step)), 1e-3, 1.0)
        before = np.where(kept < 0, 0.0, gradient)
        at = at + np.sign(before) * step
    return Scales(best_at[:-1], float(best_at[-1]))
