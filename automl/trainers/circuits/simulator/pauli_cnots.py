"""A CNOT and the noise after it, on a Pauli vector.

A CNOT permutes the Pauli strings of its two qubits up to a sign (letters: control, target):
IY <-> ZY, IZ <-> ZZ, XI <-> XX, XY <-> YZ, XZ <-> -YY, YI <-> YX; II, IX, ZI and ZX stay. It is its own inverse and
transpose. Depolarising noise of two qubits scales all but II, so it needs no pass of its own.
"""

from __future__ import annotations

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner, load, pick, spread, store

LONG = 256
"""Strides from which each pair of strings is walked through alone: 16 at once would fall on one set of the L1 cache."""


@inner
def scale(r: Real, i: int, count: int, factor: object) -> None:
    """Multiply a run of numbers, `count` from place i on."""
    for k in range(i, i + count, 4):
        store(r, k, factor * load(r, k))


@inner
def swap(r: Real, i: int, j: int, count: int, factor: object) -> None:
    """Exchange two runs of numbers and multiply both."""
    for k in range(0, count, 4):
        a, b = load(r, i + k), load(r, j + k)
        store(r, i + k, factor * b)
        store(r, j + k, factor * a)


@inner
def permute(r: Real, k: int, strides: tuple[int, int], count: int, factors: tuple[object, object]) -> None:
    """Apply a CNOT to the 16 runs from place k on."""
    c, t = strides
    f, minus = factors
    scale(r, k + t, count, f)
    scale(r, k + 3 * c, count, f)
    scale(r, k + 3 * c + t, count, f)
    swap(r, k + 2 * t, k + 3 * c + 2 * t, count, f)
    swap(r, k + 3 * t, k + 3 * c + 3 * t, count, f)
    swap(r, k + c, k + c + t, count, f)
    swap(r, k + c + 2 * t, k + 2 * c + 3 * t, count, f)
    swap(r, k + c + 3 * t, k + 2 * c + 2 * t, count, minus)
    swap(r, k + 2 * c, k + 2 * c + t, count, f)


@inner
def cnot_inner(r: Real, control: int, target: int, factor: float) -> None:
    """Apply a CNOT of two strides of at least 4, and multiply all strings but II by a factor."""
    low, high = min(control, target), max(control, target)
    factors = spread(factor), spread(-factor)
    for outer in range(0, len(r), 4 * high):
        for middle in range(outer, outer + high, 4 * low):
            if low >= LONG:
                permute(r, middle, (control, target), low, factors)
            else:
                for k in range(middle, middle + low, 4):
                    permute(r, k, (control, target), 4, factors)


@inner
def cnot_onto_last(r: Real, control: int, factor: float, room: Real) -> None:
    """Apply a CNOT whose target is the last qubit of a lone vector; `room` (16,) is to work in."""
    room[:12] = factor
    room[0], room[7], room[10] = 1, -factor, -factor
    first, minus, plus, f = load(room, 0), load(room, 4), load(room, 8), spread(factor)
    for base in range(0, len(r), 4 * control):
        for k in range(base, base + control, 4):
            i, x, y, z = load(r, k), load(r, k + control), load(r, k + 2 * control), load(r, k + 3 * control)
            store(r, k, first * pick(i, z, "0167"))
            store(r, k + control, minus * pick(x, y, "1076"))
            store(r, k + 2 * control, plus * pick(y, x, "1076"))
            store(r, k + 3 * control, f * pick(z, i, "0167"))


@inner
def cnot_from_last(r: Real, target: int, factor: float, room: Real) -> None:
    """Apply a CNOT whose control is the last qubit of a lone vector; `room` (16,) is to work in."""
    room[:12] = factor
    room[0], room[6], room[9] = 1, -factor, -factor
    first, minus, plus, f = load(room, 0), load(room, 4), load(room, 8), spread(factor)
    for base in range(0, len(r), 4 * target):
        for k in range(base, base + target, 4):
            i, x, y, z = load(r, k), load(r, k + target), load(r, k + 2 * target), load(r, k + 3 * target)
            store(r, k, first * pick(i, x, "0563"))
            store(r, k + target, f * pick(x, i, "0563"))
            store(r, k + 2 * target, minus * pick(y, z, "3650"))
            store(r, k + 3 * target, plus * pick(z, y, "3650"))


@inner
def joint(r: Real, control: int, target: int, matrix: Real, room: Real) -> None:
    """Multiply by any matrix (16, 16) on the two qubits of two strides; `room` (64,) is to work in."""
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
        found = room[0] * 0
        for j in range(16):
            found += matrix[i, j] * room[j]
        r[k + i // 4 * strides[0] + i % 4 * strides[1]] = found


@inner
def _joint_four(r: Real, k: int, strides: tuple[int, int], matrix: Real, room: Real) -> None:
    for i in range(16):
        store(room, 4 * i, load(r, k + i // 4 * strides[0] + i % 4 * strides[1]))
    for i in range(16):
        found = spread(matrix[i, 0]) * load(room, 0)
        for j in range(1, 16):
            found = found + spread(matrix[i, j]) * load(room, 4 * j)
        store(r, k + i // 4 * strides[0] + i % 4 * strides[1], found)
