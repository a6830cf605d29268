"""A CNOT and the noise after it, on a Pauli vector.

A CNOT permutes the Pauli strings of its two qubits up to a sign (letters: control, target):
IY <-> ZY, IZ <-> ZZ, XI <-> XX, XY <-> YZ, XZ <-> -YY, YI <-> YX; II, IX, ZI and ZX stay. It is its own inverse and
transpose. Depolarising noise of one qubit or two scales strings by which of the two qubits they are I on, so it needs
no pass of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner, load, pick, spread, store
from automl.trainers.circuits.simulator.pauli_rotations import FORWARD

LONG = 256
"""Strides from which each pair of strings is walked through alone: 16 at once would fall on one set of the L1 cache."""


class Factors(NamedTuple):
    """What strings are multiplied with, as lanes: those that stay, and those that are exchanged.

    Attributes:
        control: I on the target, before and after.
        target: I on the control, before and after.
        both: I on neither, before and after.
        minus: the same, of the pair that changes its sign.
        to_control: I on the target after, but not before.
        from_control: I on the target before, but not after.
        to_target: I on the control after, but not before.
        from_target: I on the control before, but not after.
    """

    control: object
    target: object
    both: object
    minus: object
    to_control: object
    from_control: object
    to_target: object
    from_target: object


@inner
def scale(r: Real, i: int, count: int, factor: object) -> None:
    """Multiply a run of numbers, `count` from place i on."""
    for k in range(i, i + count, 4):
        store(r, k, factor * load(r, k))


@inner
def swap(r: Real, places: tuple[int, int], count: int, first: object, second: object) -> None:
    """Exchange two runs of numbers; multiply what comes to the first place and what comes to the second."""
    i, j = places
    for k in range(0, count, 4):
        a, b = load(r, i + k), load(r, j + k)
        store(r, i + k, first * b)
        store(r, j + k, second * a)


@inner
def permute(r: Real, k: int, strides: tuple[int, int], count: int, factors: Factors) -> None:
    """Apply a CNOT to the 16 runs from place k on."""
    c, t = strides
    i, j = k + 3 * c, k + 2 * c
    scale(r, k + t, count, factors.target)
    scale(r, i, count, factors.control)
    scale(r, i + t, count, factors.both)
    swap(r, (k + 2 * t, i + 2 * t), count, factors.to_target, factors.from_target)
    swap(r, (k + 3 * t, i + 3 * t), count, factors.to_target, factors.from_target)
    swap(r, (k + c, k + c + t), count, factors.to_control, factors.from_control)
    swap(r, (j, j + t), count, factors.to_control, factors.from_control)
    swap(r, (k + c + 2 * t, j + 3 * t), count, factors.both, factors.both)
    swap(r, (k + c + 3 * t, j + 2 * t), count, factors.minus, factors.minus)


@inner
def cnot_inner(r: Real, control: int, target: int, scales: tuple[float, float, float], way: np.int64) -> None:
    """Apply a CNOT of two strides of at least 4.

    Args:
        r: the vectors.
        control: stride of the control.
        target: stride of the target.
        scales: factors of the strings that are I on the target, I on the control, and on neither: before the CNOT if
            the way is FORWARD, after it otherwise.
        way: FORWARD, UNDO or PULL.
    """
    c, t, b, minus = spread(scales[0]), spread(scales[1]), spread(scales[2]), spread(-scales[2])
    factors = Factors(c, t, b, minus, b, c, b, t) if way == FORWARD else Factors(c, t, b, minus, c, b, t, b)
    low, high = min(control, target), max(control, target)
    for outer in range(0, len(r), 4 * high):
        for middle in range(outer, outer + high, 4 * low):
            if low >= LONG:
                permute(r, middle, (control, target), low, factors)
            else:
                for k in range(middle, middle + low, 4):
                    permute(r, k, (control, target), 4, factors)


@inner
def cnot_onto_last(r: Real, control: int, scales: tuple[float, float, float], way: np.int64, room: Real) -> None:
    """Apply a CNOT whose target is the last qubit of a lone vector; `room` (16,) is to work in."""
    c, t, b = scales
    before = way == FORWARD
    room[0], room[1], room[2], room[3] = 1, t, b if before else t, b if before else t
    room[4], room[5], room[6], room[7] = b if before else c, c if before else b, b, -b
    room[8], room[9], room[10], room[11] = room[4], room[5], -b, b
    room[12], room[13], room[14], room[15] = c, b, t if before else b, t if before else b
    first, second, third, fourth = load(room, 0), load(room, 4), load(room, 8), load(room, 12)
    for base in range(0, len(r), 4 * control):
        for k in range(base, base + control, 4):
            i, x, y, z = load(r, k), load(r, k + control), load(r, k + 2 * control), load(r, k + 3 * control)
            store(r, k, first * pick(i, z, "0167"))
            store(r, k + control, second * pick(x, y, "1076"))
            store(r, k + 2 * control, third * pick(y, x, "1076"))
            store(r, k + 3 * control, fourth * pick(z, i, "0167"))


@inner
def cnot_from_last(r: Real, target: int, scales: tuple[float, float, float], way: np.int64, room: Real) -> None:
    """Apply a CNOT whose control is the last qubit of a lone vector; `room` (16,) is to work in."""
    c, t, b = scales
    before = way == FORWARD
    room[0], room[1], room[2], room[3] = 1, b if before else c, b if before else c, c
    room[4], room[5], room[6], room[7] = t, c if before else b, c if before else b, b
    room[8], room[9], room[10], room[11] = b if before else t, b, -b, t if before else b
    room[12], room[13], room[14], room[15] = room[8], -b, b, room[11]
    first, second, third, fourth = load(room, 0), load(room, 4), load(room, 8), load(room, 12)
    for base in range(0, len(r), 4 * target):
        for k in range(base, base + target, 4):
            i, x, y, z = load(r, k), load(r, k + target), load(r, k + 2 * target), load(r, k + 3 * target)
            store(r, k, first * pick(i, x, "0563"))
            store(r, k + target, second * pick(x, i, "0563"))
            store(r, k + 2 * target, third * pick(y, z, "3650"))
            store(r, k + 3 * target, fourth * pick(z, y, "3650"))


@inner
def joint(r: Real, control: int, target: int, matrix: Real, room: Real) -> None:
    """Multiply by any matrix (256,) on the two qubits of two strides; `room` (64,) is to work in."""
    low, high = min(control, target), max(control, target)
    for outer in range(0, len(r), 4 * high):
        for middle in range(outer, outer + high, 4 * low):
            if low == 1:
                _joint_one(r, middle, (control, target), matrix, room)
            else:
                for k in range(middle, middle + low, 4):
                    _joint_four(r, k, (control, target), matrix, room)


@inner
def _joint_one(r: Real, k: int, strides: tuple[int, int], matrix: Real, room: Real) -> None:
    for i in range(16):
        room[i] = r[k + i // 4 * strides[0] + i % 4 * strides[1]]
    for i in range(16):
        found = room[0] - room[0]
        for j in range(16):
            found += matrix[16 * i + j] * room[j]
        r[k + i // 4 * strides[0] + i % 4 * strides[1]] = found


@inner
def _joint_four(r: Real, k: int, strides: tuple[int, int], matrix: Real, room: Real) -> None:
    for i in range(16):
        store(room, 4 * i, load(r, k + i // 4 * strides[0] + i % 4 * strides[1]))
    for i in range(16):
        found = spread(matrix[16 * i]) * load(room, 0)
        for j in range(1, 16):
            found = found + spread(matrix[16 * i + j]) * load(room, 4 * j)
        store(r, k + i // 4 * strides[0] + i % 4 * strides[1], found)
