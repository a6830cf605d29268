"""A rotation and the noise after it, in one pass over a Pauli vector; and the slope of an energy by its angle.

A Pauli vector holds r_P = tr(P rho), index sum of 4^(n-1-q) * (letter of qubit q), several vectors side by side where
`width` > 1. The letters of one qubit then stand `stride` = width * 4^(n-1-q) apart. A rotation by a about letter k turns
the plane of the two other letters (u, v), in the order X -> Y -> Z -> X: u' = u cos a - v sin a, v' = u sin a + v cos a.
"""

from __future__ import annotations

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import load, pick, spread, store, total

FORWARD, UNDO, PULL = 0, 1, 2
"""Ways through a gate: apply it; take a state back through it; take an observable back through it (the transpose)."""


@compiled
def write_matrix(noise: Real, kind: int, way: int, turns: Real, out: Real) -> None:
    """Write rotation and noise as one matrix (4, 4, 4): row, column, vector; a lone vector four times.

    Args:
        noise: (4, 4), that of the way.
        kind: RX, RY or RZ.
        way: FORWARD, UNDO or PULL.
        turns: (2, width) cosine and sine of each vector's angle.
        out: where to write.
    """
    u, v = (kind + 1) % 3 + 1, (kind + 2) % 3 + 1
    width = turns.shape[1]
    for lane in range(4):
        c, s = turns[0, lane % width], turns[1, lane % width]
        for i in range(4):
            for j in range(4):
                out[i, j, lane] = noise[i, j]
        for i in range(4):
            if way == FORWARD:
                out[i, u, lane] = c * noise[i, u] + s * noise[i, v]
                out[i, v, lane] = c * noise[i, v] - s * noise[i, u]
            else:
                out[u, i, lane] = c * noise[u, i] + s * noise[v, i]
                out[v, i, lane] = c * noise[v, i] - s * noise[u, i]


@compiled
def turn_scaled(r: Real, stride: int, kind: int, matrix: Real) -> None:
    """Multiply by a matrix (4, 4, 4) of which only the axis and the plane of a rotation are not those of the identity."""
    w, u, v = kind + 1, (kind + 1) % 3 + 1, (kind + 2) % 3 + 1
    flat = matrix.reshape(64)
    axis, uu, uv = load(flat, 20 * w), load(flat, 20 * u), load(flat, 16 * u + 4 * v)
    vu, vv = load(flat, 16 * v + 4 * u), load(flat, 20 * v)
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            a, x, y = load(r, k + w * stride), load(r, k + u * stride), load(r, k + v * stride)
            store(r, k + w * stride, axis * a)
            store(r, k + u * stride, uu * x + uv * y)
            store(r, k + v * stride, vu * x + vv * y)


@compiled
def turn_any(r: Real, stride: int, matrix: Real) -> None:
    """Multiply by any matrix (4, 4, 4) on the qubit of a stride of at least 4."""
    flat = matrix.reshape(64)
    for base in range(0, len(r), 4 * stride):
        for k in range(base, base + stride, 4):
            a, x, y, z = load(r, k), load(r, k + stride), load(r, k + 2 * stride), load(r, k + 3 * stride)
            for i in range(4):
                row = load(flat, 16 * i) * a + load(flat, 16 * i + 4) * x
                store(r, k + i * stride, row + load(flat, 16 * i + 8) * y + load(flat, 16 * i + 12) * z)


@compiled
def turn_last(r: Real, matrix: Real, columns: Real) -> None:
    """Multiply by any matrix (4, 4, 4) on the last qubit of a lone vector; `columns` (16,) is room to work in."""
    for i in range(4):
        for j in range(4):
            columns[4 * j + i] = matrix[i, j, 0]
    a, x, y, z = load(columns, 0), load(columns, 4), load(columns, 8), load(columns, 12)
    for k in range(0, len(r), 4):
        v = load(r, k)
        front = a * pick(v, v, "0000") + x * pick(v, v, "1111")
        store(r, k, front + y * pick(v, v, "2222") + z * pick(v, v, "3333"))


@compiled
def turn(r: Real, stride: int, kind: int, matrix: Real, room: Real) -> None:
    """Multiply by the matrix (4, 4, 4) of a rotation; kind -1 stands for a matrix without structure."""
    if stride == 1:
        turn_last(r, matrix, room)
    elif kind < 0:
        turn_any(r, stride, matrix)
    else:
        turn_scaled(r, stride, kind, matrix)


@compiled
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
