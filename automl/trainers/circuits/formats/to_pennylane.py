"""The circuit as a function of PennyLane gates. Qubit k becomes wire k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from automl.core.errors import MissingExtra, UsageError
from automl.search_spaces.circuits.candidate import Circuit


def to_pennylane(circuit: Circuit, angles: Sequence[float]) -> Callable[..., None]:
    """Return a function that applies the gates, to be called inside a QNode.

    It takes `angles`, the circuit's own if none are given (others can be trained), and `wires`, 0 to n - 1 if none.

    Raises:
        MissingExtra: if PennyLane is not installed.
    """
    try:
        import pennylane as qml
    except ImportError as error:
        raise MissingExtra(error.name or "pennylane", "quantum") from error
    turns = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}
    own = tuple(angles)

    def ansatz(angles: Any = own, wires: Sequence[Any] = range(circuit.qubits)) -> None:
        """Apply the circuit."""
        if len(angles) != circuit.rotations or len(wires) != circuit.qubits:
            raise UsageError(f"The circuit has {circuit.rotations} angles and {circuit.qubits} wires.")
        place = 0
        for gate in circuit.gates:
            if gate.turns:
                turns[gate.kind](angles[place], wires=wires[gate.qubit])
                place += 1
            else:
                qml.CNOT(wires=[wires[wire] for wire in gate.wires])

    return ansatz
