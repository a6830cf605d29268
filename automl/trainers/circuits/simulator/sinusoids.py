"""The lowest energy over one or two angles, from three or nine energies, compiled.

The energy is a + b cos t + c sin t of every single rotation angle t (Ostaszewski, Grant and Benedetti, Quantum 5 (2021)
391, minimise one angle at a time so), hence a bilinear form of two such sums for two angles. Energies are taken at 0,
pi/2 and -pi/2.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled

Table = npt.NDArray[np.float64]

STARTS = 8
"""Values of the second angle from which the lowest energy over two is sought."""
TURNS = 200
"""Most exact minimisations over one of two angles, from each start; nearly all end after a few."""


@compiled
def lowest_of_one(middle: float, plus: float, minus: float) -> tuple[float, float]:
    """Return the lowest energy over an angle and how far it is from here, given those here and pi/2 to both sides.

    The distance is 0 where the angle changes the energy by no more than rounding.
    """
    centre, sine = (plus + minus) / 2, (plus - minus) / 2
    cosine = middle - centre
    size = math.hypot(cosine, sine)
    if size <= 1e-14 * max(1.0, abs(centre)):
        return middle, 0.0
    return centre - size, math.atan2(-sine, -cosine)


@compiled
def lowest_of_two(energies: Table) -> float:
    """Return the lowest energy over two angles, from those (3, 3) at 0, pi/2, -pi/2 of the first and of the second.

    With one angle fixed the best other one is exact; this alternates from several starts.
    """
    table = _coefficients(energies)
    best = math.inf
    for start in range(STARTS):
        best = min(best, _alternate(table, 2 * math.pi * start / STARTS))
    return best


@compiled
def _alternate(table: Table, second: float) -> float:
    """Minimise over the first angle, then over the second, and so on, from a value of the second."""
    c, s, last = math.cos(second), math.sin(second), math.inf
    for turn in range(TURNS):
        if turn % 2 == 0:
            f = table[0, 0] + table[0, 1] * c + table[0, 2] * s
            g = table[1, 0] + table[1, 1] * c + table[1, 2] * s
            h = table[2, 0] + table[2, 1] * c + table[2, 2] * s
        else:
            f = table[0, 0] + table[1, 0] * c + table[2, 0] * s
            g = table[0, 1] + table[1, 1] * c + table[2, 1] * s
            h = table[0, 2] + table[1, 2] * c + table[2, 2] * s
        size = math.sqrt(g * g + h * h)
        if not f - size < last:
            break
        last = f - size
        if size > 0:
            c, s = -g / size, -h / size
    return last


@compiled
def _coefficients(energies: Table) -> Table:
    """Return the coefficients (3, 3) of 1, cos, sin of the first angle times those of the second."""
    half, table = np.empty((3, 3)), np.empty((3, 3))
    for k in range(3):
        half[0, k] = (energies[1, k] + energies[2, k]) / 2
        half[1, k] = energies[0, k] - half[0, k]
        half[2, k] = (energies[1, k] - energies[2, k]) / 2
    for k in range(3):
        table[k, 0] = (half[k, 1] + half[k, 2]) / 2
        table[k, 1] = half[k, 0] - table[k, 0]
        table[k, 2] = (half[k, 1] - half[k, 2]) / 2
    return table
