"""Angles as the noisy simulators take them."""

from __future__ import annotations

import numpy as np

from automl.core.errors import UsageError
from automl.trainers.circuits.simulator.contract import Array
from automl.trainers.circuits.simulator.program import Program


def sets_of_angles(program: Program, angles: Array) -> Array:
    """Return angles (P,) or (B, P) as (B, P), contiguous.

    Raises:
        UsageError: if there are not P of them.
    """
    sets = np.array(angles, dtype=np.float64, order="C", ndmin=2)
    if sets.ndim != 2 or sets.shape[1] != program.angles:
        raise UsageError(f"The circuit has {program.angles} angles, the array of angles is {np.shape(angles)}.")
    return sets
