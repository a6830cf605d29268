"""Compiled products of a Hamiltonian and a state vector."""

from __future__ import annotations

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Observable, Real


@compiled
def expectation(re: Real, im: Real, matrix: Observable) -> float:
    """Return <psi|H|psi>."""
    total = 0.0
    for k in range(len(re)):
        a, b = re[k], im[k]
        x, y = a * 0, a * 0
        for e in range(matrix.starts[k], matrix.starts[k + 1]):
            j, u = matrix.columns[e], matrix.real[e]
            x += u * re[j]
            y += u * im[j]
        if len(matrix.imag):
            for e in range(matrix.starts[k], matrix.starts[k + 1]):
                j, v = matrix.columns[e], matrix.imag[e]
                x -= v * im[j]
                y += v * re[j]
        total += matrix.diagonal[k] * (a * a + b * b) + 2 * (a * x + b * y)
    return float(total)


@compiled
def apply(re: Real, im: Real, matrix: Observable) -> float:
    """Write H|psi> into the second half of the vectors, whose first half is psi; return <psi|H|psi>."""
    size = len(re) // 2
    out_re, out_im = re[size:], im[size:]
    for k in range(size):
        out_re[k], out_im[k] = matrix.diagonal[k] * re[k], matrix.diagonal[k] * im[k]
    total = 0.0
    for k in range(size):
        a, b = re[k], im[k]
        x, y = out_re[k], out_im[k]
        for e in range(matrix.starts[k], matrix.starts[k + 1]):
            j, u = matrix.columns[e], matrix.real[e]
            x += u * re[j]
            y += u * im[j]
            out_re[j] += u * a
            out_im[j] += u * b
        if len(matrix.imag):
            for e in range(matrix.starts[k], matrix.starts[k + 1]):
                j, v = matrix.columns[e], matrix.imag[e]
                x -= v * im[j]
                y += v * re[j]
                out_re[j] += v * b
                out_im[j] -= v * a
        out_re[k], out_im[k] = x, y
        total += a * x + b * y
    return float(total)
