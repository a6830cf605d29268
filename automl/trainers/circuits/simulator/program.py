"""A circuit as numbers that a compiled loop can walk through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import KINDS

KIND, TARGET, CONTROL, ANGLE = 0, 1, 2, 3
"""Columns of `Program.codes`."""
RX, RY, RZ, CX = range(4)
"""Values of the column KIND."""


@dataclass(frozen=True)
class Program:
    """A circuit without its angles.

    Attributes:
        qubits: number of qubits.
        codes: (gates, 4) int64: kind, target, control, place of the angle; -1 where a gate has none.
        angles: number of angles P.
    """

    qubits: int
    codes: npt.NDArray[np.int64]
    angles: int


def program(circuit: Circuit) -> Program:
    """Write a circuit as numbers."""
    rows, angles = [], 0
    for gate in circuit.gates:
        place = angles if gate.turns else -1
        angles += gate.turns
        rows.append((KINDS.index(gate.kind), gate.qubit, -1 if gate.control is None else gate.control, place))
    return Program(circuit.qubits, np.array(rows, dtype=np.int64).reshape(len(rows), 4), angles)


def packed(paths: Sequence[Program]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the gates of all paths, one path after the other, and (K, 2): the end of each, its number of angles."""
    if not paths:
        return np.zeros((0, 4), dtype=np.int64), np.zeros((0, 2), dtype=np.int64)
    ends = np.cumsum([len(path.codes) for path in paths])
    return np.concatenate([path.codes for path in paths]), np.stack([ends, [path.angles for path in paths]], axis=1)
