"""L-BFGS-B of SciPy on exact gradients: a second opinion on the compiled minimisation."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.contract import Array, Minimum, Simulator
from automl.trainers.circuits.simulator.program import Program

MEMORY = 20
"""Pairs of steps and gradients it remembers: about as many as there are angles, where SciPy has 10."""


def lbfgs(simulator: Simulator, program: Program, angles: Array, *, iterations: int, tolerance: float) -> Minimum:
    """Minimise from angles (P,) until no component of the gradient is larger than `tolerance`."""
    if not angles.size:
        return Minimum(angles.copy(), float(simulator.energy(program, angles)[0]), 1, 0)
    from scipy.optimize import minimize

    def measured(at: Array) -> tuple[float, Array]:
        energies, gradients = simulator.gradient(program, at)
        return float(energies[0]), gradients[0]

    options = {"maxiter": iterations, "gtol": tolerance, "ftol": 0.0, "maxcor": MEMORY, "maxfun": 20 * iterations}
    found = minimize(measured, angles, jac=True, method="L-BFGS-B", options=options)
    return Minimum(np.array(found.x, dtype=np.float64), float(found.fun), 0, int(found.nfev))
