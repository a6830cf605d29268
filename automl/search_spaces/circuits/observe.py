"""A circuit as an array that a policy can read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from automl.search_spaces.circuits.candidate import Circuit

_TURNS = {"rx": 0, "ry": 1, "rz": 2}


def moments(circuit: Circuit, max_gates: int) -> npt.NDArray[np.float64]:
    """Return the binary tensor of CRLQAS (max_gates, N + 3, N), one slice per moment.

    In a slice, rows 0 to N-1 hold CNOTs (row: target, column: control), rows N to N+2 rx, ry, rz (column: qubit). A
    gate goes into the first free moment of its wire, a CNOT into the later one of its two wires; both are then taken up
    to there. The paper's tensor also has rows of angles, hidden from its agent; angles are weights here and left out.
    """
    qubits, free = circuit.qubits, [0] * circuit.qubits
    tensor = np.zeros((max_gates, qubits + 3, qubits))
    for gate in circuit.gates:
        moment = max(free[wire] for wire in gate.wires)
        if gate.control is None:
            tensor[moment, qubits + _TURNS[gate.kind], gate.qubit] = 1.0
        else:
            tensor[moment, gate.qubit, gate.control] = 1.0
        for wire in gate.wires:
            free[wire] = moment + 1
    return tensor


def flat(circuit: Circuit, max_gates: int) -> npt.NDArray[np.float64]:
    """Return the gate list of Ostaszewski, Trenkwalder, Masarczyk, Scerri and Dunjko 2021 as (4, max_gates).

    Rows are control, target, rotated qubit, axis (1, 2, 3 for X, Y, Z), as plain numbers. N as control or rotated qubit
    says that there is none, with 0 as the target or axis; both are N where the circuit has ended. The fifth row of the
    paper, the angle, is a weight here and left out.
    """
    rows = np.zeros((4, max_gates))
    rows[0] = rows[2] = circuit.qubits
    for place, gate in enumerate(circuit.gates):
        if gate.control is None:
            rows[2:, place] = gate.qubit, _TURNS[gate.kind] + 1
        else:
            rows[:2, place] = gate.control, gate.qubit
    return rows
