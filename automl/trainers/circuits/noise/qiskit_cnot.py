"""The noise of a CNOT on a machine that Qiskit knows: whatever the CNOT is compiled to, with the error of each gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from automl.trainers.circuits.noise.channels import Array, tensor
from automl.trainers.circuits.noise.coupling import Pair
from automl.trainers.circuits.noise.kraus import from_unitary

Errors: TypeAlias = Mapping[str, Mapping[tuple[int, ...] | None, Array]]
"""Pauli-transfer matrices of errors by instruction and qubits; under None those of all other qubits."""

_CX = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
JOINING = ("cx", "ecr", "cz")


def error_of(errors: Errors, kind: str, qubits: tuple[int, ...]) -> Array | None:
    """Return the error of an instruction on these qubits, if it has one."""
    found = errors.get(kind, {})
    return found.get(qubits, found.get(None))


def exchanged(matrix: Array) -> Array:
    """Return the matrix of a two-qubit channel (16, 16) with its qubits in the other order."""
    return matrix.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)


def cnot(errors: Errors, basis: list[str], pair: Pair) -> Array:
    """Return the noise of a CNOT, (16, 16): its gates as compiled, each with its error, after an undone CNOT."""
    direct = error_of(errors, "cx", pair)
    if direct is not None:
        return direct
    gates = _compiled(errors, basis, pair)
    total = from_unitary(_CX).T if gates else np.eye(16)
    for instruction, places in gates:
        qubits = tuple(pair[place] for place in places)
        error = error_of(errors, instruction.name, qubits)
        total = _on(places, from_unitary(_matrix(instruction))) @ total
        total = total if error is None else _on(places, error) @ total
    return total


def _on(places: Sequence[int], matrix: Array) -> Array:
    """Return a channel of the gate's qubits as one of control and target."""
    match list(places):
        case [0]:
            return tensor(matrix, np.eye(4))
        case [1]:
            return tensor(np.eye(4), matrix)
        case [0, 1]:
            return matrix
    return exchanged(matrix)


def _matrix(instruction: Any) -> Any:
    """Return the unitary of a Qiskit gate with its first qubit as the slow one."""
    matrix = np.asarray(instruction.to_matrix())
    return matrix if len(matrix) == 2 else matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)


def _compiled(errors: Errors, basis: list[str], pair: Pair) -> list[tuple[Any, list[int]]]:
    """Return the gates of a CNOT from qubit 0 to 1 with the two-qubit gate whose error the pair has; none without."""
    from qiskit import QuantumCircuit, transpile

    native = [
        (kind, list(direction))
        for kind in JOINING
        for direction, qubits in (((0, 1), pair), ((1, 0), pair[::-1]))
        if error_of(errors, kind, qubits) is not None
    ]
    if not native:
        return []
    kind, direction = native[0]
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    gates = [name for name in basis if name not in JOINING] + [kind]
    compiled = transpile(
        circuit,
        basis_gates=gates,
        coupling_map=[direction],
        initial_layout=[0, 1],
        optimization_level=1,
        seed_transpiler=0,
    )
    return [(each.operation, [compiled.find_bit(bit).index for bit in each.qubits]) for each in compiled.data]
