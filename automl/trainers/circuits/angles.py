"""Where the angles of a circuit start, and where minimising the energy takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.simulator.contract import Array, Minimum
from automl.trainers.circuits.simulator.program import Program

if TYPE_CHECKING:
    from automl.trainers.circuits.bench import Bench

Places: TypeAlias = npt.NDArray[np.bool_]

SPREAD = 0.1
"""Standard deviation in radians of angles that start from scratch: near the identity, where no gradient vanishes."""
STUCK = 1e-9
"""An angle no larger than this after a minimisation from 0 has not moved, in radians."""
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

    Angles that start at 0, as those of new gates do, can be stuck there: by symmetry the gradient vanishes. The energy
    is a sinusoid of each angle, so that such an angle is at its lowest or its highest, and pi is the other end: the
    best of these half turns is followed if it pays (X on |0> is one). What no half turn helps may still be a saddle
    of several angles; that is what `kick` is for.
    """
    if bench.recipe.blind:
        return _blind(bench, program, start, steps=steps, seed=seed)
    found = bench.descend(program, start, steps)
    if not (stuck := _stuck(start, found)).any():
        return found
    found = _turned(bench, program, found, stuck, steps)
    if bench.recipe.kick and (stuck := _stuck(start, found)).any():
        return _kicked(bench, program, found, stuck, steps=steps, seed=seed)
    return found


def _stuck(start: Array, found: Minimum) -> Places:
    """Return which angles (P,) started at 0 and have not moved."""
    stuck: Places = (start == 0.0) & (np.abs(found.angles) < STUCK)
    return stuck


def _turned(bench: Bench, program: Program, found: Minimum, stuck: Places, steps: int) -> Minimum:
    """Try half a turn of each stuck angle, and go on from the best one if it is lower."""
    places = np.flatnonzero(stuck)
    sets = np.tile(found.angles, (places.size, 1))
    sets[np.arange(places.size), places] = np.pi
    energies = bench.seen.energy(program, sets)
    tried = replace(found, energies=found.energies + places.size)
    best = int(energies.argmin())
    return tried if energies[best] >= found.energy - EVEN else _further(bench, program, tried, sets[best], steps)


def _kicked(bench: Bench, program: Program, found: Minimum, stuck: Places, *, steps: int, seed: int) -> Minimum:
    """Try again with stuck angles moved at random."""
    kicks = np.random.default_rng(seed).normal(0.0, bench.recipe.kick, stuck.size)
    return _further(bench, program, found, np.where(stuck, kicks, found.angles), steps)


def _further(bench: Bench, program: Program, found: Minimum, start: Array, steps: int) -> Minimum:
    """Minimise from another start; return the lower of the two, with the counts of both."""
    again = bench.descend(program, start, steps)
    best = again if again.energy < found.energy - EVEN else found
    return replace(best, energies=found.energies + again.energies, gradients=found.gradients + again.gradients)


def _blind(bench: Bench, program: Program, start: Array, *, steps: int, seed: int) -> Minimum:
    from automl.trainers.circuits.optimise.by_name import blindly

    rng = np.random.default_rng(seed)
    energy = bench.measured(program, rng)
    found = blindly(bench.recipe.method, energy, start, steps=steps, tolerance=bench.recipe.tolerance, rng=rng)
    before = energy(start)
    if before < found.energy:
        return Minimum(start, before, found.energies + 1, 0)
    return replace(found, energies=found.energies + 1)
