"""Where the angles of a circuit start, and where minimising the energy takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.simulator.contract import Array, Minimum
from automl.trainers.circuits.simulator.program import Program

if TYPE_CHECKING:
    from automl.trainers.circuits.bench import Bench

SPREAD = 0.1
"""Standard deviation in radians of angles that start from scratch: near the identity, where no gradient vanishes."""
EVEN = 1e-12
"""Two energies no further apart than this are equal: rounding."""


def first(circuit: Circuit, weights: Weights | None, seed: int) -> Array:
    """Return the angles (P,) to start from: a copy of the inherited ones, or small random ones.

    Raises:
        WeightsError: if the inherited ones are those of another circuit.
    """
    if weights is None or "angles" not in weights:
        return np.random.default_rng(seed).normal(0.0, SPREAD, circuit.rotations)
    angles = np.array(weights["angles"], dtype=np.float64)
    if angles.shape != (circuit.rotations,):
        raise WeightsError(f"The circuit has {circuit.rotations} angles, the weights bring {angles.size}.")
    return angles


def lowest(bench: Bench, program: Program, start: Array, *, steps: int, seed: int) -> Minimum:
    """Minimise the energy that the search sees from `start` (P,), in so many iterations; never end above it.

    Angles that start at 0, as those of new gates do, are moved at random first: at 0 the gradient often vanishes, by
    symmetry (X on |0>) or because a gate only pays together with another one.
    """
    if bench.recipe.blind:
        return _blind(bench, program, start, steps=steps, seed=seed)
    new = start == 0.0
    if not bench.recipe.kick or not new.any():
        return bench.descend(program, start, steps)
    kicks = np.random.default_rng(seed).normal(0.0, bench.recipe.kick, start.size)
    found = bench.descend(program, np.where(new, kicks, start), steps)
    if found.energy <= bench.energy(program, start) + EVEN:
        return replace(found, energies=found.energies + 1)
    safe = bench.descend(program, start, steps)
    return replace(safe, energies=safe.energies + found.energies + 1, gradients=safe.gradients + found.gradients)


def _blind(bench: Bench, program: Program, start: Array, *, steps: int, seed: int) -> Minimum:
    from automl.trainers.circuits.optimise.by_name import blindly

    rng = np.random.default_rng(seed)
    energy = bench.measured(program, rng)
    found = blindly(bench.recipe.method, energy, start, steps=steps, tolerance=bench.recipe.tolerance, rng=rng)
    before = energy(start)
    if before < found.energy:
        return Minimum(start, before, found.energies + 1, 0)
    return replace(found, energies=found.energies + 1)
