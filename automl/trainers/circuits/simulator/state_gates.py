"""Compiled kernels of the state vector: gates in place, and the Hamiltonian.

A state is two real vectors, its real and its imaginary parts. Several states may stand one after the other in them: a
gate then acts on all of them, because it only sees the stride of its qubit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Observable, Real
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, RX, RY, TARGET

Codes = npt.NDArray[np.int64]


@compiled
def turn(re: Real, im: Real, kind: int, stride: int, c: float, s: float) -> None:
    """Rotate the qubit of a stride, exp(-i a P / 2), given the cosine and sine of a / 2."""
    for base in range(0, len(re), 2 * stride):
        r0, r1 = re[base : base + stride], re[base + stride : base + 2 * stride]
        i0, i1 = im[base : base + stride], im[base + stride : base + 2 * stride]
        if kind == RX:
            for k in range(stride):
                a, b, x, y = r0[k], i0[k], r1[k], i1[k]
                r0[k], i0[k] = c * a + s * y, c * b - s * x
                r1[k], i1[k] = c * x + s * b, c * y - s * a
        elif kind == RY:
            for k in range(stride):
                a, b, x, y = r0[k], i0[k], r1[k], i1[k]
                r0[k], i0[k] = c * a - s * x, c * b - s * y
                r1[k], i1[k] = c * x + s * a, c * y + s * b
        else:
            for k in range(stride):
                a, b, x, y = r0[k], i0[k], r1[k], i1[k]
                r0[k], i0[k] = c * a + s * b, c * b - s * a
                r1[k], i1[k] = c * x - s * y, c * y + s * x


@compiled
def flip(re: Real, im: Real, control: int, target: int) -> None:
    """Apply the CNOT of two strides: swap the amplitudes of the target where the control is 1."""
    low, high = min(control, target), max(control, target)
    for outer in range(0, len(re), 2 * high):
        for inner in range(outer, outer + high, 2 * low):
            for k in range(inner + control, inner + control + low):
                j = k + target
                re[k], re[j] = re[j], re[k]
                im[k], im[j] = im[j], im[k]


@compiled
def forward(re: Real, im: Real, qubits: int, codes: Codes, turns: Real) -> None:
    """Apply all gates; `turns` (P, 2) are the cosines and sines of the half angles."""
    for g in range(len(codes)):
        stride = 1 << (qubits - 1 - codes[g, TARGET])
        if codes[g, KIND] == CX:
            flip(re, im, 1 << (qubits - 1 - codes[g, CONTROL]), stride)
        else:
            place = codes[g, ANGLE]
            turn(re, im, codes[g, KIND], stride, turns[place, 0], turns[place, 1])


@compiled
def expectation(re: Real, im: Real, matrix: Observable) -> float:
    """Return <psi|H|psi>, from the diagonal and the entries right of it."""
    total = 0.0
    for k in range(len(re)):
        a, b = re[k], im[k]
        x, y = a * 0, a * 0
        if len(matrix.imag):
            for e in range(matrix.rights[k], matrix.starts[k + 1]):
                j, u, v = matrix.columns[e], matrix.real[e], matrix.imag[e]
                x += u * re[j] - v * im[j]
                y += u * im[j] + v * re[j]
        else:
            for e in range(matrix.rights[k], matrix.starts[k + 1]):
                j, u = matrix.columns[e], matrix.real[e]
                x += u * re[j]
                y += u * im[j]
        total += matrix.diagonal[k] * (a * a + b * b) + 2 * (a * x + b * y)
    return total


@compiled
def apply(re: Real, im: Real, matrix: Observable, to_re: Real, to_im: Real) -> float:
    """Write H|psi> and return <psi|H|psi>."""
    total = 0.0
    for k in range(len(re)):
        x, y = re[k] * 0, re[k] * 0
        if len(matrix.imag):
            for e in range(matrix.starts[k], matrix.starts[k + 1]):
                j, u, v = matrix.columns[e], matrix.real[e], matrix.imag[e]
                x += u * re[j] - v * im[j]
                y += u * im[j] + v * re[j]
        else:
            for e in range(matrix.starts[k], matrix.starts[k + 1]):
                j, u = matrix.columns[e], matrix.real[e]
                x += u * re[j]
                y += u * im[j]
        to_re[k], to_im[k] = x, y
        total += re[k] * x + im[k] * y
    return total
