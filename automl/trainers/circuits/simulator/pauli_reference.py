"""The noisy simulator in NumPy: slower than the compiled one, and its reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array, Minimum, Precision
from automl.trainers.circuits.simulator.pauli_angles import sets_of_angles
from automl.trainers.circuits.simulator.pauli_tables import observed
from automl.trainers.circuits.simulator.program import ANGLE, KIND, TARGET, Program
from automl.trainers.circuits.simulator.reference import extensions, minimise

Vectors: TypeAlias = npt.NDArray[np.floating]
Cnot: TypeAlias = tuple[npt.NDArray[np.intp], Vectors, Vectors | None]
"""Places, factors (4^n, 1) and, where it is more than a factor, the noise (16, 16)."""

IMAGES = {
    "II": "II", "IX": "IX", "IY": "ZY", "IZ": "ZZ", "XI": "XX", "XX": "XI", "XY": "YZ", "XZ": "-YY",
    "YI": "YX", "YX": "YI", "YY": "-XZ", "YZ": "XY", "ZI": "ZI", "ZX": "ZX", "ZY": "IY", "ZZ": "IZ",
}  # fmt: skip
"""What a CNOT makes of a Pauli string of its control and target."""
NUMBERS = 2**22
"""States of at most so many numbers are kept for a gradient; larger batches are taken apart."""


class PauliReference:
    """Energies of circuits under noise from r_P = tr(P rho), a vector (4^n, B). Implements `contract.Simulator`.

    Args:
        hamiltonian: whose energy it is.
        noise: of the gates and the readout.
        precision: of the vector; angles and energies are always float64.

    Raises:
        UsageError: if the noise is that of another number of qubits.
    """

    def __init__(self, hamiltonian: Hamiltonian, noise: GateNoise, precision: Precision = "float64") -> None:
        if noise.qubits != hamiltonian.qubits:
            raise UsageError(
                f"The noise is that of {noise.qubits} qubits, the Hamiltonian has {hamiltonian.qubits}.",
                "Describe the noise of exactly the qubits in use.",
            )
        self.qubits = hamiltonian.qubits
        self._dtype = np.dtype(precision)
        self._noise = noise
        self._places, self._weights = observed(hamiltonian, noise.readout)
        self._zero = reduce(np.kron, [np.array([1.0, 0.0, 0.0, 1.0])] * self.qubits).astype(self._dtype)
        self._scales, self._matrices = _split(noise.rotations)
        self._cnots: dict[tuple[int, int], Cnot] = {}

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,); see `Simulator.energy`."""
        planes = self._planes(program, sets_of_angles(program, angles))
        r = self._start(planes.shape[3])
        for code in program.codes.tolist():
            r = self._forward(r, code, planes[0])
        return self._read(r)

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives (B, P); see `Simulator.gradient`."""
        sets = sets_of_angles(program, angles)
        values, slopes = np.empty(len(sets)), np.empty(sets.shape)
        chunk = max(1, NUMBERS // ((len(program.codes) + 2) * 4**self.qubits))
        for first in range(0, len(sets), chunk):
            part = slice(first, first + chunk)
            values[part], slopes[part] = self._adjoint(program, self._planes(program, sets[part]))
        return values, slopes

    def vector(self, program: Program, angles: Array) -> Array:
        """Return the final state r_P = tr(P rho) (4^n,) at angles (P,); the letter of qubit 0 is the slowest digit."""
        r, planes = self._start(1), self._planes(program, sets_of_angles(program, angles))
        for code in program.codes.tolist():
            r = self._forward(r, code, planes[0])
        return r[:, 0].astype(np.float64)

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise over all angles (P,) by SciPy's L-BFGS-B; see `Simulator.minimise`."""
        return minimise(self, program, angles, tolerance, iterations)

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energies of the circuit followed by each path (K,); see `Simulator.extensions`."""
        return extensions(self, program, angles, paths)

    def _start(self, count: int) -> Vectors:
        """Return |0...0>: 1 for every string of I and Z."""
        return np.repeat(self._zero[:, None], count, axis=1)

    def _read(self, r: Vectors) -> Array:
        energies: Array = self._weights @ r[self._places].astype(np.float64)
        return energies

    def _planes(self, program: Program, sets: Array) -> Vectors:
        """Return uu, uv, vu, vv of all rotations, diagonal noise included: (2, P, 4, B), forward and pulled back."""
        codes = program.codes[program.codes[:, ANGLE] >= 0]
        kinds, c, s = codes[:, KIND], np.cos(sets.T), np.sin(sets.T)
        u, v = (self._scales[kinds, codes[:, TARGET], _next(kinds + k), None] for k in range(2))
        forward, pulled = (u * c, -u * s, v * s, v * c), (u * c, v * s, -u * s, v * c)
        return np.stack([np.stack(forward, axis=1), np.stack(pulled, axis=1)]).astype(self._dtype)

    def _forward(self, r: Vectors, code: list[int], planes: Vectors) -> Vectors:
        """Return the vectors after a gate; those given may be overwritten."""
        kind, target, control, place = code
        if place < 0:
            return self._noisy_cnot(self._cnot(r, control, target), control, target)
        self._turn(r, kind, target, planes[place])
        matrix = self._matrices.get((kind, target))
        return r if matrix is None else _on_qubit(r, matrix, target)

    def _back(self, back: Vectors, code: list[int], planes: Vectors) -> Vectors:
        """Return the observables before a gate; those given may be overwritten."""
        kind, target, control, place = code
        if place < 0:
            return self._cnot(self._noisy_cnot(back, control, target, pull=True), control, target)
        matrix = self._matrices.get((kind, target))
        back = back if matrix is None else _on_qubit(back, matrix.T, target)
        self._turn(back, kind, target, planes[place])
        return back

    def _adjoint(self, program: Program, planes: Vectors) -> tuple[Array, Array]:
        """Return energies and derivatives; all states are kept, because noise cannot always be undone."""
        codes, states, r = program.codes.tolist(), [], self._start(planes.shape[3])
        for code in codes:
            states.append(r.copy())
            r = self._forward(r, code, planes[0])
        back, slopes = np.zeros_like(r), np.empty((planes.shape[3], program.angles))
        back[self._places] = self._weights[:, None]
        for code, state in zip(codes[::-1], states[::-1], strict=True):
            back = self._back(back, code, planes[1])
            kind, target, _, place = code
            if place >= 0:
                pulled, before = (x.reshape(4**target, 4, -1, len(slopes)) for x in (back, state))
                u, v = _next(kind), _next(kind + 1)
                slopes[:, place] = (pulled[:, v] * before[:, u] - pulled[:, u] * before[:, v]).sum(axis=(0, 1))
        return self._read(r), slopes

    def _turn(self, r: Vectors, kind: int, target: int, plane: Vectors) -> None:
        """Rotate a qubit of each vector, in place, by uu, uv, vu, vv (4, B); scale the axis as diagonal noise does."""
        split = r.reshape(4**target, 4, -1, plane.shape[1])
        u, v = split[:, _next(kind)], split[:, _next(kind + 1)]
        crossed = u * plane[2]
        u *= plane[0]
        u += v * plane[1]
        v *= plane[3]
        v += crossed
        if (scale := self._scales.item(kind, target, kind + 1)) != 1:
            split[:, kind + 1] *= scale

    def _cnot(self, r: Vectors, control: int, target: int) -> Vectors:
        """Return the vectors after a CNOT, and after its noise where that is one factor for all strings but II."""
        places, factors, _ = self._prepared(control, target)
        r = r.take(places, axis=0)
        r *= factors
        return r

    def _noisy_cnot(self, r: Vectors, control: int, target: int, *, pull: bool = False) -> Vectors:
        """Return the vectors after the noise of a CNOT, unless `_cnot` has it; or the observables before it."""
        matrix = self._prepared(control, target)[2]
        if matrix is None:
            return r
        split = np.moveaxis(r.reshape((4,) * self.qubits + (-1,)), (control, target), (0, 1))
        after = (matrix.T if pull else matrix) @ split.reshape(16, -1)
        return np.moveaxis(after.reshape(split.shape), (0, 1), (control, target)).reshape(r.shape)

    def _prepared(self, control: int, target: int) -> Cnot:
        if (control, target) not in self._cnots:
            matrix = self._noise.cnots[control, target]
            factor = float(matrix[1, 1])
            uniform = np.array_equal(matrix, np.diag([1.0] + [factor] * 15))
            places, signs, plain = images(self.qubits, control, target)
            factors = (signs * np.where(plain, 1.0, factor if uniform else 1.0))[:, None].astype(self._dtype)
            self._cnots[control, target] = places, factors, None if uniform else matrix.astype(self._dtype)
        return self._cnots[control, target]


def _next(kinds: Any) -> Any:
    """Return the letter behind that of an axis (0, 1, 2 for X, Y, Z), in the order X, Y, Z, X."""
    return (kinds + 1) % 3 + 1


def _split(rotations: Array) -> tuple[Array, dict[tuple[int, int], Array]]:
    """Return the diagonals (3, n, 4) of diagonal noise, ones elsewhere; and the noise of the other axes and qubits."""
    scales, matrices = np.ones(rotations.shape[:3]), {}
    for kind, qubit in np.ndindex(rotations.shape[:2]):
        matrix = rotations[kind, qubit]
        if np.array_equal(matrix, np.diag(matrix.diagonal())):
            scales[kind, qubit] = matrix.diagonal()
        else:
            matrices[kind, qubit] = matrix
    return scales, matrices


def _on_qubit(r: Vectors, matrix: Array, target: int) -> Vectors:
    """Return the vectors multiplied on a qubit by a matrix (4, 4)."""
    product: Vectors = np.matmul(matrix.astype(r.dtype), r.reshape(4**target, 4, -1))
    return product.reshape(r.shape)


def images(qubits: int, control: int, target: int) -> tuple[npt.NDArray[np.intp], Array, npt.NDArray[np.bool_]]:
    """Return what a CNOT makes of all Pauli strings: where each comes from, its sign, whether it is II."""
    index, strides = np.arange(4**qubits), [4 ** (qubits - 1 - qubit) for qubit in (control, target)]
    first, second = (index // stride % 4 for stride in strides)
    found = np.array([["IXYZ".index(letter) for letter in image[-2:]] for image in IMAGES.values()])
    signs = np.array([-1.0 if image[0] == "-" else 1.0 for image in IMAGES.values()])
    pair = 4 * first + second
    places = index + (found[pair, 0] - first) * strides[0] + (found[pair, 1] - second) * strides[1]
    return places, signs[pair], pair == 0
