"""The candidate of space `circuits`: gates in the order they act, from the state |0...0>."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from automl.search_spaces.circuits.gates import Gate


@dataclass(frozen=True)  # no slots: counts are worked out once
class Circuit:
    """A parametrised circuit. Its angles, one per rotation in the order of the gates, are weights: `{"angles": (P,)}`.

    Attributes:
        qubits: number of qubits; qubit 0 is the leftmost factor of a Kronecker product.
        gates: the gates, first to act first.
        survey: ask the trainer to measure its extensions, too: so many moves deep, 0 for none.
    """

    qubits: int
    gates: tuple[Gate, ...] = ()
    survey: int = 0

    @cached_property
    def rotations(self) -> int:
        """Number of rotations, which is the number of angles."""
        return sum(gate.turns for gate in self.gates)

    @cached_property
    def cnots(self) -> int:
        """Number of CNOTs."""
        return len(self.gates) - self.rotations

    @cached_property
    def depth(self) -> int:
        """Number of layers when every gate starts as early as its wires allow."""
        ready = [0] * self.qubits
        for gate in self.gates:
            layer = 1 + max(ready[wire] for wire in gate.wires)
            for wire in gate.wires:
                ready[wire] = layer
        return max(ready, default=0)
