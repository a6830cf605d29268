"""The circuit as a Qiskit object. Qubit k stays qubit k; Qiskit writes Pauli strings and indices from the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl.core.errors import MissingExtra
from automl.search_spaces.circuits.candidate import Circuit


def to_qiskit(circuit: Circuit, angles: Sequence[float]) -> Any:
    """Return a `qiskit.QuantumCircuit` with the angles bound.

    A Pauli string of a Hamiltonian here must be reversed for `SparsePauliOp`: its first character acts on qubit 0.

    Raises:
        MissingExtra: if Qiskit is not installed.
    """
    try:
        from qiskit import QuantumCircuit
    except ImportError as error:
        raise MissingExtra(error.name or "qiskit", "quantum") from error
    result, rest = QuantumCircuit(circuit.qubits), iter(angles)
    for gate in circuit.gates:
        if gate.turns:
            getattr(result, gate.kind)(next(rest), gate.qubit)
        else:
            result.cx(*gate.wires)
    return result
