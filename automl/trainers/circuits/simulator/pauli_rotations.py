"""A matrix on one qubit of Pauli vectors: a rotation with the noise after it, or noise alone; slopes by an angle.

A Pauli vector holds r_P = tr(P rho), index sum of 4^(n-1-q) * (letter of qubit q); `width` vectors, 1 or 4, are
interleaved. The letters of one qubit then stand `stride` = width * 4^(n-1-q) apart. A rotation by a about letter k
turns the plane of the two other letters (u, v), in the order X -> Y -> Z -> X: u' = u cos a - v sin a,
v' = u sin a + v cos a.
"""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner, load, pick, spread, store, total

FORWARD, UNDO, PULL = (np.int64(way) for way in range(3))
"""Ways through a gate: apply it; take a state back through it; take an observable back through it (the transpose).
Not plain integers, for each of which Numba would compile the kernels once more."""


@inner
def write_noise(noise: Real, out: Real) -> None:
    """Write a matrix (16,) four times, as (64,): row, column, vector."""
    for k in range(16):
        store(out, 4 * k, spread(noise[k]))


@inner
def write_turn(noise: Real, axis: int, way: np.int64, turn: Real, out: Real) -> None:
    """Write a rotation and the noise (16,) after it as one matrix (64,): row, column, vector; a lone one four times.

    Args:
        noise: that of the way.
        axis: 0, 1, 2 for X, Y, Z.
        way: FORWARD, UNDO or PULL.
        turn: (8,) cosines and sines of each vector's angle.
        out: where to write.
    """
    u, v = (axis + 1) % 3 + 1, (axis + 2) % 3 + 1
    write_noise(noise, out)
    rows, columns = (16, 4) if way == FORWARD else (4, 16)
    c, s = load(turn, 0), load(turn, 4)
    for i in range(4):
        left, right = rows * i + columns * u, rows * i + columns * v
        first, second = load(out, left), load(out, right)
        store(out, left, c * first + s * second)
        store(out, right, c * second - s * first)


@inner
def turn_plain(r: Real, stride: int, axis: int, turn: Real, way: np.int64) -> None:
    """Rotate the qubit of a stride of at least 4, without noise, by the angles of `turn` (8,); back if not FORWARD."""
    u, v = ((axis + 1) % 3 + 1) * stride, ((axis + 2) % 3 + 1) * stride
    if way != FORWARD:
        u, v = v, u
    c, s = load(turn, 0), load(turn, 4)
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            x, y = load(r, k + u), load(r, k + v)
            store(r, k + u, c * x - s * y)
            store(r, k + v, s * x + c * y)


@inner
def turn_back(pair: tuple[Real, Real], stride: int, axis: int, turn: Real, out: Real) -> None:
    """Take state and observable back through a rotation without noise, and add the derivatives (width,) by its angle.

    The rotation changes both alike, so the derivative is the same before and after it.
    """
    r, back = pair
    u, v = ((axis + 1) % 3 + 1) * stride, ((axis + 2) % 3 + 1) * stride
    c, s = load(turn, 0), load(turn, 4)
    found = spread(r[0] - r[0])
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            x, y, p, q = load(r, k + u), load(r, k + v), load(back, k + u), load(back, k + v)
            found = found + (q * x - p * y)
            store(r, k + u, c * x + s * y)
            store(r, k + v, c * y - s * x)
            store(back, k + u, c * p + s * q)
            store(back, k + v, c * q - s * p)
    if len(out) == 1:
        out[0] += total(found)
    else:
        store(out, 0, load(out, 0) + found)


@inner
def turn_any(r: Real, stride: int, matrix: Real) -> None:
    """Multiply by any matrix (64,) on the qubit of a stride of at least 4."""
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            a, x, y, z = load(r, k), load(r, k + stride), load(r, k + 2 * stride), load(r, k + 3 * stride)
            for i in range(4):
                front = load(matrix, 16 * i) * a + load(matrix, 16 * i + 4) * x
                store(r, k + i * stride, front + load(matrix, 16 * i + 8) * y + load(matrix, 16 * i + 12) * z)


@inner
def turn_last(r: Real, matrix: Real, room: Real) -> None:
    """Multiply by any matrix (64,) on the last qubit of a lone vector; `room` (16,) is to work in."""
    for i in range(4):
        for j in range(4):
            room[4 * j + i] = matrix[16 * i + 4 * j]
    a, x, y, z = load(room, 0), load(room, 4), load(room, 8), load(room, 12)
    for k in range(0, len(r), 4):
        v = load(r, k)
        front = a * pick(v, v, "0000") + x * pick(v, v, "1111")
        store(r, k, front + y * pick(v, v, "2222") + z * pick(v, v, "3333"))


@inner
def slope(r: Real, back: Real, stride: int, axis: int, out: Real) -> None:
    """Add the derivatives (width,) of <back|r> by the angle: state and observable as they are before the rotation."""
    u, v = (axis + 1) % 3 + 1, (axis + 2) % 3 + 1
    if stride == 1:
        for k in range(0, len(r), 4):
            out[0] += back[k + v] * r[k + u] - back[k + u] * r[k + v]
        return
    found = spread(r[0] - r[0])
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            i, j = k + u * stride, k + v * stride
            found = found + (load(back, j) * load(r, i) - load(back, i) * load(r, j))
    if len(out) == 1:
        out[0] += total(found)
    else:
        store(out, 0, load(out, 0) + found)
