"""Compiled gates of the state vector, in place.

A state is two real vectors, its real and its imaginary parts. A gate walks over the pairs of amplitudes that differ in
the bit of its qubit, whose weight in the index is the stride. Several states may stand one after the other: a gate acts
on all of them. Indices are unsigned, because for signed ones Numba looks at every access whether it counts from the
end, which takes longer than the arithmetic.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, RX, RY, TARGET

Codes = npt.NDArray[np.int64]


@compiled
def write_turns(angles: Real, turns: Real) -> None:
    """Write the cosines and sines of half the angles (P,) into (P, 2)."""
    for p in range(len(angles)):
        turns[p, 0], turns[p, 1] = math.cos(angles[p] / 2), math.sin(angles[p] / 2)


@compiled
def turn(re: Real, im: Real, kind: int, stride: int, c: float, s: float) -> None:
    """Rotate the qubit of a stride, exp(-i a P / 2), given the cosine and sine of a / 2."""
    low, step = np.uint64(stride - 1), np.uint64(stride)
    for i in range(len(re) >> 1):
        k = np.uint64(i)
        k += k & ~low
        j = k + step
        a, b, x, y = re[k], im[k], re[j], im[j]
        if kind == RX:
            re[k], im[k], re[j], im[j] = c * a + s * y, c * b - s * x, c * x + s * b, c * y - s * a
        elif kind == RY:
            re[k], im[k], re[j], im[j] = c * a - s * x, c * b - s * y, c * x + s * a, c * y + s * b
        else:
            re[k], im[k], re[j], im[j] = c * a + s * b, c * b - s * a, c * x - s * y, c * y + s * x


@compiled
def flip(re: Real, im: Real, control: int, target: int) -> None:
    """Apply the CNOT of two strides: swap the amplitudes of the target where the control is 1."""
    low, high = np.uint64(min(control, target) - 1), np.uint64(max(control, target) - 1)
    for i in range(len(re) >> 2):
        k = np.uint64(i)
        k += k & ~low
        k += k & ~high
        k |= np.uint64(control)
        j = k | np.uint64(target)
        a, b = re[k], im[k]
        re[k], im[k] = re[j], im[j]
        re[j], im[j] = a, b


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
