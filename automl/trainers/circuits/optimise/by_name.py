"""The optimisers that see energies only, by name, as the trainer calls them."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.optimise.adam_spsa import WARM, adam_spsa
from automl.trainers.circuits.optimise.cobyla import cobyla
from automl.trainers.circuits.optimise.contract import Energy
from automl.trainers.circuits.optimise.spsa import PATIENCE, Gains, calibrated, spsa
from automl.trainers.circuits.simulator.contract import Array, Minimum

FIRST, WIDTH = 0.059, 0.073
"""Of plain SPSA, in radians: the first step of an angle, and the first perturbation (benchmarks/adam_spsa.py)."""


class Meter:
    """Counts the energies asked of a measurement."""

    def __init__(self, energy: Energy) -> None:
        self._energy = energy
        self.energies = 0

    def __call__(self, angles: Array, share: float = 1.0) -> float:
        """Measure, and count it."""
        self.energies += 1
        return self._energy(angles, share)


def blindly(
    method: str, energy: Energy, start: Array, *, steps: int, tolerance: float, rng: np.random.Generator
) -> Minimum:
    """Minimise from angles (P,) by energies alone.

    Args:
        method: "cobyla", "spsa" or "adam_spsa".
        energy: the measurement.
        start: where to start.
        steps: evaluations of COBYLA, steps of two evaluations of the others.
        tolerance: smallest simplex of COBYLA.
        rng: of the random directions.
    """
    meter = Meter(energy)
    if method == "cobyla":
        found = cobyla(meter, start, iterations=steps, tolerance=tolerance)
    elif method == "spsa":
        gains = Gains(1.0, WIDTH, stability=PATIENCE * steps)
        gains = calibrated(meter, start, gains, rng, first=FIRST) if start.size else gains
        found = spsa(meter, start, gains, iterations=steps, rng=rng)
    else:
        found = adam_spsa(meter, start, WARM.lasting(steps), rng=rng)
    return Minimum(found.angles, found.energy, meter.energies, 0)
