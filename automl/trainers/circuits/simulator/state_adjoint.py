"""Energies and exact gradients of the state vector, compiled.

The adjoint method: with psi the state after a rotation exp(-i a P / 2), and lam what H and the gates behind it make of
the final state, pulled back to the same place, dE/da = Im <lam|P|psi>. Both vectors are walked back together, so a
gradient takes about three energies whatever the number of angles.
"""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Observable, Real
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, RX, RY, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes, flip, forward, write_turns
from automl.trainers.circuits.simulator.state_product import apply, expectation


@compiled
def energies(qubits: int, codes: Codes, angles: Real, matrix: Observable, out: Real) -> None:
    """Write the energy of every row of angles (B, P) into (B,)."""
    size = 1 << qubits
    re, im = np.empty(size, matrix.real.dtype), np.empty(size, matrix.real.dtype)
    turns = np.empty((angles.shape[1], 2), matrix.real.dtype)
    for b in range(len(angles)):
        write_turns(angles[b], turns)
        re[:] = 0
        im[:] = 0
        re[0] = 1
        forward(re, im, qubits, codes, turns)
        out[b] = expectation(re, im, matrix)


@compiled
def turn_back(re: Real, im: Real, kind: int, stride: int, c: float, s: float) -> float:
    """Undo a rotation on psi and lam, the halves of the vectors, and return Im <lam|P|psi>, which this does not change.

    Both at once: reading the vectors takes as long as the arithmetic. `c`, `s` are those of the rotation.
    """
    low, step, half = np.uint64(stride - 1), np.uint64(stride), np.uint64(len(re) >> 1)
    total = re[0] * 0
    for i in range(len(re) >> 2):
        k = np.uint64(i)
        k += k & ~low
        j = k + step
        m, n = k + half, j + half
        a, b, x, y = re[k], im[k], re[j], im[j]
        p, q, u, v = re[m], im[m], re[n], im[n]
        if kind == RX:
            total += p * y - q * x + u * b - v * a
            re[k], im[k], re[j], im[j] = c * a - s * y, c * b + s * x, c * x - s * b, c * y + s * a
            re[m], im[m], re[n], im[n] = c * p - s * v, c * q + s * u, c * u - s * q, c * v + s * p
        elif kind == RY:
            total += u * a + v * b - p * x - q * y
            re[k], im[k], re[j], im[j] = c * a + s * x, c * b + s * y, c * x - s * a, c * y - s * b
            re[m], im[m], re[n], im[n] = c * p + s * u, c * q + s * v, c * u - s * p, c * v - s * q
        else:
            total += p * b - q * a - u * y + v * x
            re[k], im[k], re[j], im[j] = c * a - s * b, c * b + s * a, c * x + s * y, c * y - s * x
            re[m], im[m], re[n], im[n] = c * p - s * q, c * q + s * p, c * u + s * v, c * v - s * u
    return float(total)


@compiled
def backward(re: Real, im: Real, qubits: int, codes: Codes, turns: Real, slope: Real) -> None:
    """Write the derivatives by all angles (P,), undoing the gates on both halves of the vectors from the last on."""
    left = len(slope)
    for back in range(len(codes)):
        if left == 0:
            return
        g = len(codes) - 1 - back
        kind = codes[g, KIND]
        stride = 1 << (qubits - 1 - codes[g, TARGET])
        if kind == CX:
            flip(re, im, 1 << (qubits - 1 - codes[g, CONTROL]), stride)
        else:
            place = codes[g, ANGLE]
            slope[place] = turn_back(re, im, kind, stride, turns[place, 0], turns[place, 1])
            left -= 1


@compiled
def value_and_slope(qubits: int, codes: Codes, turns: Real, matrix: Observable, pair: Real, slope: Real) -> float:
    """Return the energy and write its derivatives (P,); `pair` (2, 2 * 2^n or more) is room to work in."""
    size = 1 << qubits
    re, im = pair[0, : 2 * size], pair[1, : 2 * size]
    re[:size] = 0
    im[:size] = 0
    re[0] = 1
    forward(re[:size], im[:size], qubits, codes, turns)
    value = apply(re, im, matrix)
    backward(re, im, qubits, codes, turns, slope)
    return float(value)


@compiled
def room(qubits: int, matrix: Observable) -> Real:
    """Return room for two states.

    Real and imaginary parts must not lie a multiple of 4 KiB apart: a processor then takes the reading of one for
    dependent on the writing of the other.
    """
    return np.empty((2, (2 << qubits) + 24), matrix.real.dtype)


@compiled
def gradients(qubits: int, codes: Codes, angles: Real, matrix: Observable, out: Real, slopes: Real) -> None:
    """Write the energy (B,) and the derivatives (B, P) of every row of angles (B, P)."""
    pair = room(qubits, matrix)
    turns = np.empty((angles.shape[1], 2), matrix.real.dtype)
    for b in range(len(angles)):
        write_turns(angles[b], turns)
        out[b] = value_and_slope(qubits, codes, turns, matrix, pair, slopes[b])
