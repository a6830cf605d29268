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
    sets = np.asarray(angles, dtype=np.float64)
    if sets.ndim == 1:
        sets = sets[None]
    if sets.ndim != 2 or sets.shape[1] != program.angles:
        raise UsageError(f"The circuit has {program.angles} angles, the array of angles is {np.shape(angles)}.")
    plain = sets.flags.c_contiguous and sets.flags.writeable  # Numba compiles once more for any other array
    return sets if plain else np.array(sets, order="C")
