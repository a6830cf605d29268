"""The metrics of a circuit with its angles."""

from __future__ import annotations

from dataclasses import dataclass

from automl.core.records import Metrics
from automl.search_spaces.circuits.candidate import Circuit


@dataclass(frozen=True, slots=True)
class Energies:
    """What was measured at the final angles.

    Attributes:
        seen: the energy that drives the search: with noise and shots, if there are any.
        noiseless: the exact energy of the same angles on a perfect machine.
    """

    seen: float
    noiseless: float


def metrics_of(circuit: Circuit, energies: Energies, *, price: float, ground: float) -> Metrics:
    """Return all metrics; `price` is added to the energy for the gates, `ground` only shows how far there is to go."""
    return {
        "priced_energy": energies.seen + price,
        "energy": energies.seen,
        "error": energies.seen - ground,
        "noiseless_energy": energies.noiseless,
        "noiseless_error": energies.noiseless - ground,
        "cnots": float(circuit.cnots),
        "gates": float(len(circuit.gates)),
        "rotations": float(circuit.rotations),
        "depth": float(circuit.depth),
    }
