"""COBYLA: a linear model of the energy on a simplex, as the published runs without noise use it.

CRLQAS's public code calls SciPy's with at most 1000 evaluations. SciPy 1.16 and later run it in Python, at 3-4 ms per
evaluation of 20 to 45 angles: it is here for comparison, not for speed.
"""

from __future__ import annotations

import warnings

import numpy as np

from automl.trainers.circuits.optimise.contract import Energy
from automl.trainers.circuits.simulator.contract import Array, Minimum

FIRST = 1.0
"""First size of the simplex in radians: SciPy's default, which the public code leaves as it is."""


def cobyla(energy: Energy, angles: Array, *, iterations: int, tolerance: float, first: float = FIRST) -> Minimum:
    """Minimise from angles (P,) within so many evaluations, until the simplex is no larger than `tolerance`."""
    if not angles.size:
        return Minimum(angles.copy(), energy(angles), 1, 0)
    from scipy.optimize import minimize

    seen: list[tuple[float, Array]] = []

    def watched(at: Array) -> float:
        value = energy(at)
        if not seen or value < seen[-1][0]:
            seen.append((value, np.array(at, dtype=np.float64)))
        return value

    options = {"maxiter": max(iterations, angles.size + 2), "rhobeg": first, "tol": tolerance}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the evaluations are used up is how most runs end
        found = minimize(watched, angles, method="COBYLA", options=options)
    least, best = seen[-1]
    return Minimum(best, least, int(found.nfev), 0)
