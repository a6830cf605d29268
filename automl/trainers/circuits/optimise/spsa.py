"""SPSA: all angles are moved at once, along a random direction, by the difference of two energies.

Spall, "Implementation of the simultaneous perturbation algorithm for stochastic optimization", IEEE Transactions on
Aerospace and Electronic Systems 34 (1998); the gains are those of its section III.B.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from automl.trainers.circuits.optimise.contract import Energy, Watch, unwatched
from automl.trainers.circuits.simulator.contract import Array, Minimum

ALPHA, GAMMA = 0.602, 0.101
"""Decay of step and perturbation: the smallest that theory allows, which Spall recommends in practice."""
_SIGNS: Array = np.array([-1.0, 1.0])
PATIENCE = 0.5
"""Stability constant A as a share of the iterations. Spall advises 0.1 or less; more was better here
(benchmarks/adam_spsa.py), where the first steps start near a minimum."""
CALIBRATIONS = 25
"""Pairs of energies from which the size of the gradient is estimated before the first step."""


@dataclass(frozen=True, slots=True)
class Gains:
    """Sequences a_k = a / (A + k + 1)^alpha of the steps and c_k = c / (k + 1)^gamma of the perturbations, k = 0, 1 ...

    Attributes:
        a: size of the steps, in radians per unit of gradient.
        c: size of the perturbations, in radians.
        alpha: decay of the steps.
        gamma: decay of the perturbations.
        stability: A, which tames the first steps so that `a` can be large enough for the last ones.
    """

    a: float
    c: float
    alpha: float = ALPHA
    gamma: float = GAMMA
    stability: float = 0.0

    def step(self, k: int) -> float:
        """Return a_k."""
        return float(self.a / (self.stability + k + 1) ** self.alpha)

    def width(self, k: int) -> float:
        """Return c_k."""
        return float(self.c / (k + 1) ** self.gamma)


def slope(energy: Energy, angles: Array, width: float, rng: np.random.Generator, *, share: float = 1.0) -> Array:
    """Return the estimate (P,) of the gradient from two energies at `angles` +- `width` * (random signs)."""
    signs: Array = rng.choice(_SIGNS, angles.size)
    difference = energy(angles + width * signs, share) - energy(angles - width * signs, share)
    return signs * (difference / (2 * width))  # 1 / sign = sign


def calibrated(energy: Energy, angles: Array, gains: Gains, rng: np.random.Generator, *, first: float) -> Gains:
    """Return gains with such an `a` that the first step changes each angle by about `first` radians.

    It takes 2 * `CALIBRATIONS` energies. Where the energy is flat, `a` stays as it is.
    """
    sizes = [float(np.mean(np.abs(slope(energy, angles, gains.c, rng)))) for _ in range(CALIBRATIONS)]
    size = float(np.median(sizes))
    return replace(gains, a=first * (gains.stability + 1) ** gains.alpha / size) if size > 0 else gains


def spsa(
    energy: Energy,
    angles: Array,
    gains: Gains,
    *,
    iterations: int,
    rng: np.random.Generator,
    watch: Watch = unwatched,
) -> Minimum:
    """Minimise from angles (P,) in so many steps of two energies each, and one more energy of where that ends."""
    here = angles.copy()
    for k in range(iterations if angles.size else 0):
        here -= gains.step(k) * slope(energy, here, gains.width(k), rng)
        watch(2 * (k + 1), here)
    return Minimum(here, energy(here), 2 * iterations * bool(angles.size) + 1, 0)
