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
    """Write a matrix (4, 4) four times, as (64,): row, column, vector."""
    for i in range(4):
        for j in range(4):
            for lane in range(4):
                out[16 * i + 4 * j + lane] = noise[i, j]


@inner
def write_turn(noise: Real, kind: int, way: np.int64, turn: Real, out: Real) -> None:
    """Write a rotation and the noise (4, 4) after it as one matrix (64,): row, column, vector; a lone one four times.

    Args:
        noise: that of the way.
        kind: RX, RY or RZ.
        way: FORWARD, UNDO or PULL.
        turn: (8,) cosines and sines of each vector's angle.
        out: where to write.
    """
    u, v = (kind + 1) % 3 + 1, (kind + 2) % 3 + 1
    write_noise(noise, out)
    rows, columns = (16, 4) if way == FORWARD else (4, 16)
    for lane in range(4):
        c, s = turn[lane], turn[4 + lane]
        for i in range(4):
            left, right = rows * i + columns * u + lane, rows * i + columns * v + lane
            first, second = out[left], out[right]
            out[left], out[right] = c * first + s * second, c * second - s * first


@inner
def turn_scaled(r: Real, stride: int, noise: Real, turn: Real, which: int) -> None:
    """Rotate and multiply by diagonal noise (4, 4) on the qubit of a stride of at least 4.

    Args:
        r: the vectors.
        stride: of the qubit.
        noise: that of the way.
        turn: (8,) cosines and sines of each vector's angle.
        which: RX, RY or RZ; 3 more to go back: first the noise, then the rotation the other way round.
    """
    kind = which % 3
    w, u, v = kind + 1, (kind + 1) % 3 + 1, (kind + 2) % 3 + 1
    c, s, axis = load(turn, 0), load(turn, 4), spread(noise[w, w])
    uu, vv = spread(noise[u, u]) * c, spread(noise[v, v]) * c
    minus, plus = spread(-noise[u, u]) * s, spread(noise[v, v]) * s
    uv, vu = (minus, plus) if which < 3 else (plus, minus)
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            a, x, y = load(r, k + w * stride), load(r, k + u * stride), load(r, k + v * stride)
            store(r, k + w * stride, axis * a)
            store(r, k + u * stride, uu * x + uv * y)
            store(r, k + v * stride, vu * x + vv * y)


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
def slope(r: Real, back: Real, stride: int, kind: int, out: Real) -> None:
    """Write the derivatives (width,) of <back|r> by the angle: state and observable as they are before the rotation."""
    u, v = (kind + 1) % 3 + 1, (kind + 2) % 3 + 1
    if stride == 1:
        lone = r[0] * 0
        for k in range(0, len(r), 4):
            lone += back[k + v] * r[k + u] - back[k + u] * r[k + v]
        out[0] = lone
        return
    found = spread(r[0] * 0)
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            i, j = k + u * stride, k + v * stride
            found = found + (load(back, j) * load(r, i) - load(back, i) * load(r, j))
    if len(out) == 1:
        out[0] = total(found)
    else:
        store(out, 0, found)
