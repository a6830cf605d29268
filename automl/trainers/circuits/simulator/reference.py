"""What the NumPy simulators build on their energies and gradients: minimisation and extensions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from automl.trainers.circuits.simulator.contract import Array, Minimum
from automl.trainers.circuits.simulator.program import ANGLE, Program

PROBES = np.array([0.0, np.pi / 2, -np.pi / 2])
"""Angles at which energies are taken to know them at all angles."""
ROUNDS = 3
"""Rounds of coordinate descent for a path of three or more rotations."""


class Energies(Protocol):
    """Where energies and gradients come from."""

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,)."""

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives (B, P)."""


def minimise(simulator: Energies, program: Program, angles: Array, tolerance: float, iterations: int) -> Minimum:
    """Minimise the energy from one set of angles (P,), by SciPy's L-BFGS-B."""
    from scipy.optimize import minimize

    def value_and_slope(point: Array) -> tuple[float, Array]:
        values, slopes = simulator.gradient(program, point)
        return float(values[0]), slopes[0]

    if iterations == 0 or program.angles == 0:
        return Minimum(np.array(angles, dtype=np.float64), value_and_slope(angles)[0], 0, 1)
    limits = {"maxiter": iterations, "maxfun": 20 * iterations, "gtol": tolerance, "ftol": 0.0}
    found = minimize(value_and_slope, angles, jac=True, method="L-BFGS-B", options=limits)
    return Minimum(found.x, float(found.fun), 0, int(found.nfev))


def extensions(simulator: Energies, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
    """Return the energy after each path (K,), its own angles at their best, and how many energies that took."""
    values, used = np.empty(len(paths)), 0
    for k, path in enumerate(paths):
        codes = path.codes.copy()
        codes[codes[:, ANGLE] >= 0, ANGLE] += program.angles
        joined = Program(program.qubits, np.concatenate([program.codes, codes]), program.angles + path.angles)

        def energies(sets: Array, joined: Program = joined) -> Array:
            return simulator.energy(joined, np.hstack([np.tile(angles, (len(sets), 1)), sets]))

        values[k], count = _best(energies, path.angles)
        used += count
    return values, used


def _best(energies: Callable[[Array], Array], count: int) -> tuple[float, int]:
    """Return the lowest energy over a path's angles and how many energies that took; `energies` maps (B, R) to (B,)."""
    if count == 2:
        grid = np.array(list(itertools.product(PROBES, PROBES)))
        return _lowest_of_two(energies(grid).reshape(3, 3)), 9
    angles = np.zeros(count)
    value, used = float(energies(angles[None])[0]), 1
    for p in list(range(count)) * (1 if count == 1 else ROUNDS):
        plus, minus = energies(angles + PROBES[1:, None] * np.eye(count)[p])
        centre, sine = (plus + minus) / 2, (plus - minus) / 2
        cosine, used = value - centre, used + 2
        size = np.hypot(cosine, sine)
        if size > 1e-14 * max(1.0, abs(centre)):  # else the angle changes nothing
            value = float(centre - size)
            angles[p] += np.arctan2(-sine, -cosine)
    return value, used


def _lowest_of_two(energies: Array) -> float:
    """Return the lowest energy over two angles, from those (3, 3) at `PROBES` of both: alternately exact in each."""
    inverse = np.linalg.inv(np.stack([np.ones(3), np.cos(PROBES), np.sin(PROBES)], axis=1))
    table = inverse @ energies @ inverse.T
    starts = 2 * np.pi * np.arange(8) / 8
    vectors = np.stack([np.ones(8), np.cos(starts), np.sin(starts)])
    values = np.full(8, np.inf)
    for turn in range(200):
        first, cosine, sine = (table if turn % 2 == 0 else table.T) @ vectors
        size = np.hypot(cosine, sine)
        if not (first - size < values).any():
            break
        values = np.minimum(values, first - size)
        safe = np.where(size > 0, size, 1.0)
        vectors = np.stack([np.ones(8), -cosine / safe, -sine / safe])
    return float(values.min())
