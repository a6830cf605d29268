"""Energies and exact gradients of the state vector, compiled.

The adjoint method: with psi the state after a rotation exp(-i a P / 2) and lam what the rest of the circuit and H make
of the final state, pulled back to the same place, dE/da = Im <lam|P|psi>. Both vectors are walked back together.
"""

from __future__ import annotations

import math

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Observable, Real
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, RX, RY, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes, apply, expectation, flip, forward, turn


@compiled
def write_turns(angles: Real, turns: Real) -> None:
    """Write the cosines and sines of half the angles (P,) into (P, 2)."""
    for p in range(len(angles)):
        turns[p, 0], turns[p, 1] = math.cos(angles[p] / 2), math.sin(angles[p] / 2)


@compiled
def energies(qubits: int, codes: Codes, angles: Real, matrix: Observable, out: Real) -> None:
    """Write the energy of every row of angles (B, P) into (B,)."""
    size = 1 << qubits
    re, im = np.empty(size, matrix.real.dtype), np.empty(size, matrix.real.dtype)
    turns = np.empty((angles.shape[1], 2), matrix.real.dtype)
    for b in range(len(angles)):
        write_turns(angles[b], turns)
        re[:], im[:] = 0, 0
        re[0] = 1
        forward(re, im, qubits, codes, turns)
        out[b] = expectation(re, im, matrix)


@compiled
def overlap(re: Real, im: Real, kind: int, stride: int) -> float:
    """Return Im <lam|P|psi>: psi is the first half of the vectors, lam the second, P acts on the qubit of a stride."""
    half = len(re) // 2
    total = re[0] * 0
    for base in range(0, half, 2 * stride):
        p0, p1 = re[base : base + stride], re[base + stride : base + 2 * stride]
        q0, q1 = im[base : base + stride], im[base + stride : base + 2 * stride]
        l0, l1 = re[half + base : half + base + stride], re[half + base + stride : half + base + 2 * stride]
        m0, m1 = im[half + base : half + base + stride], im[half + base + stride : half + base + 2 * stride]
        if kind == RX:
            for k in range(stride):
                total += l0[k] * q1[k] - m0[k] * p1[k] + l1[k] * q0[k] - m1[k] * p0[k]
        elif kind == RY:
            for k in range(stride):
                total += l1[k] * p0[k] + m1[k] * q0[k] - l0[k] * p1[k] - m0[k] * q1[k]
        else:
            for k in range(stride):
                total += l0[k] * q0[k] - m0[k] * p0[k] - l1[k] * q1[k] + m1[k] * p1[k]
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
            slope[place] = overlap(re, im, kind, stride)
            left -= 1
            if left:
                turn(re, im, kind, stride, turns[place, 0], -turns[place, 1])


@compiled
def value_and_slope(qubits: int, codes: Codes, turns: Real, matrix: Observable, pair: Real, slope: Real) -> float:
    """Return the energy and write its derivatives (P,); `pair` (2, 2 * 2^n) is room to work in."""
    size = 1 << qubits
    re, im = pair[0], pair[1]
    re[:size], im[:size] = 0, 0
    re[0] = 1
    forward(re[:size], im[:size], qubits, codes, turns)
    value = apply(re[:size], im[:size], matrix, re[size:], im[size:])
    backward(re, im, qubits, codes, turns, slope)
    return value


@compiled
def gradients(qubits: int, codes: Codes, angles: Real, matrix: Observable, out: Real, slopes: Real) -> None:
    """Write the energy (B,) and the derivatives (B, P) of every row of angles (B, P)."""
    pair = np.empty((2, 2 << qubits), matrix.real.dtype)
    turns = np.empty((angles.shape[1], 2), matrix.real.dtype)
    for b in range(len(angles)):
        write_turns(angles[b], turns)
        out[b] = value_and_slope(qubits, codes, turns, matrix, pair, slopes[b])
