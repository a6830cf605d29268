"""The noisy simulator in NumPy: slower than the compiled one, and its reference.

As there, a qubit joins the vector when a gate first needs it, and rotations before its first CNOT wait for that. The
letter of the first to join is the fastest digit of an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Array, Minimum, Precision
from automl.trainers.circuits.simulator.pauli_angles import sets_of_angles
from automl.trainers.circuits.simulator.pauli_tables import observed
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, KIND, TARGET, Program
from automl.trainers.circuits.simulator.reference import extensions, minimise

Vectors: TypeAlias = npt.NDArray[np.floating]
IMAGES = {
    "II": "II", "IX": "IX", "IY": "ZY", "IZ": "ZZ", "XI": "XX", "XX": "XI", "XY": "YZ", "XZ": "-YY",
    "YI": "YX", "YX": "YI", "YY": "-XZ", "YZ": "XY", "ZI": "ZI", "ZX": "ZX", "ZY": "IY", "ZZ": "IZ",
}  # fmt: skip
"""What a CNOT makes of a Pauli string of its control and target."""
NUMBERS = 2**22
"""States of at most so many numbers are kept for a gradient; larger batches are taken apart."""


LONG = 256
"""Blocks from which it pays to walk along them rather than within."""
ZERO = np.array([1.0, 0.0, 0.0, 1.0])
"""A qubit in the state |0>."""


class Step(NamedTuple):
    """A gate, and where its qubits are: the digit of the target and of the control (-1), and how many are to join."""

    code: list[int]
    near: int
    far: int
    joins: int


Order: TypeAlias = tuple[list[Step], npt.NDArray[np.int64]]
"""The steps, and the digit of each qubit (n,), -1 if it is idle."""


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
        places, self._weights = observed(hamiltonian, noise.readout)
        self._letters = places[:, None] >> 2 * np.arange(self.qubits)[::-1] & 3
        self._rotations = noise.rotations
        self._scales, self._matrices = _split(noise.rotations)
        self._recent: tuple[Program, Order] | None = None
        self._cnots = {pair: _factored(noise.cnots[pair], self._dtype) for pair in np.ndindex(self.qubits, self.qubits)}

    def energy(self, program: Program, angles: Array) -> Array:
        """Return the energies (B,); see `Simulator.energy`."""
        steps, digits = self._ordered(program)
        sets = sets_of_angles(program, angles)
        r, turns = self._start(len(sets)), self._turns(program, sets)
        for step in steps:
            r = self._forward(_joined(r, step.joins), step, turns[0])
        return self._read(r, digits)

    def gradient(self, program: Program, angles: Array) -> tuple[Array, Array]:
        """Return the energies (B,) and their derivatives (B, P); see `Simulator.gradient`."""
        sets = sets_of_angles(program, angles)
        values, slopes = np.empty(len(sets)), np.empty(sets.shape)
        chunk = max(1, NUMBERS // ((len(program.codes) + 2) * 4**self.qubits))
        for first in range(0, len(sets), chunk):
            part = slice(first, first + chunk)
            values[part], slopes[part] = self._adjoint(program, sets[part])
        return values, slopes

    def vector(self, program: Program, angles: Array) -> Array:
        """Return the final state r_P = tr(P rho) (4^n,) at angles (P,); the letter of qubit 0 is the slowest digit."""
        (steps, digits), turns = self._ordered(program), self._turns(program, sets_of_angles(program, angles))
        r = self._start(1)
        for step in steps:
            r = self._forward(_joined(r, step.joins), step, turns[0])
        r = _joined(r, int((digits < 0).sum()))
        digits = np.where(digits < 0, np.cumsum(digits < 0) + digits.max(initial=-1), digits)
        return r.reshape((4,) * self.qubits).transpose(self.qubits - 1 - digits).reshape(-1).astype(np.float64)

    def minimise(self, program: Program, angles: Array, *, tolerance: float, iterations: int) -> Minimum:
        """Minimise over all angles (P,) by SciPy's L-BFGS-B; see `Simulator.minimise`."""
        return minimise(self, program, angles, tolerance, iterations)

    def extensions(self, program: Program, angles: Array, paths: Sequence[Program]) -> tuple[Array, int]:
        """Return the energies of the circuit followed by each path (K,); see `Simulator.extensions`."""
        return extensions(self, program, angles, paths)

    def _ordered(self, program: Program) -> Order:
        """Return the steps of a circuit; the last ones are remembered, as optimisers ask for them again and again."""
        if self._recent is None or self._recent[0] is not program:
            self._recent = program, ordered(program)
        return self._recent[1]

    def _start(self, count: int) -> Vectors:
        """Return vectors of no qubit."""
        return np.ones((1, count), self._dtype)

    def _terms(self, digits: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Array]:
        """Return the places of the observable's terms and their weights: 0 for X or Y on a qubit that is |0>."""
        idle = digits < 0
        weights = self._weights * (ZERO[self._letters[:, idle]].prod(axis=1) if idle.any() else 1.0)
        return self._letters[:, ~idle] @ 4 ** digits[~idle], weights

    def _read(self, r: Vectors, digits: npt.NDArray[np.int64]) -> Array:
        places, weights = self._terms(digits)
        energies: Array = weights @ r[places].astype(np.float64)
        return energies

    def _planes(self, program: Program, sets: Array) -> Vectors:
        """Return uu, uv, vu, vv of all rotations, diagonal noise included: (2, P, 4, B), forward and pulled back."""
        codes = program.codes[program.codes[:, ANGLE] >= 0]
        kinds, c, s = codes[:, KIND], np.cos(sets.T), np.sin(sets.T)
        u, v = (self._scales[kinds, codes[:, TARGET], _next(kinds + k), None] for k in range(2))
        forward, pulled = (u * c, -u * s, v * s, v * c), (u * c, v * s, -u * s, v * c)
        return np.stack([np.stack(forward, axis=1), np.stack(pulled, axis=1)]).astype(self._dtype)

    def _alone(self, program: Program, angles: Array) -> Vectors:
        """Return all rotations at angles (P,), noise included, as matrices: (2, P, 4, 4), forward and pulled back."""
        codes = program.codes[program.codes[:, ANGLE] >= 0]
        kinds, places = codes[:, KIND], np.arange(len(codes))
        turns = np.tile(np.eye(4), (len(codes), 1, 1))
        u, v = _next(kinds), _next(kinds + 1)
        turns[places, u, u] = turns[places, v, v] = np.cos(angles)
        turns[places, v, u] = np.sin(angles)
        turns[places, u, v] = -turns[places, v, u]
        forward = self._rotations[kinds, codes[:, TARGET]] @ turns
        return np.stack([forward, forward.transpose(0, 2, 1)]).astype(self._dtype)

    def _turns(self, program: Program, sets: Array) -> Vectors:
        """Return what one set (matrices) or several (planes) are rotated with."""
        return self._alone(program, sets[0]) if len(sets) == 1 else self._planes(program, sets)

    def _forward(self, r: Vectors, step: Step, turns: Vectors) -> Vectors:
        """Return the vectors after a gate; those given may be overwritten."""
        kind, target, control, place = step.code
        if place < 0:
            factor, matrix = self._cnots[control, target]
            r = _cnot(r, step, factor)
            return r if matrix is None else _on_pair(r, matrix, step)
        if r.shape[1] == 1:
            return _on_qubit(r, turns[place], step.near)
        self._turn(r, step, turns[place])
        noise = self._matrices.get((kind, target))
        return r if noise is None else _on_qubit(r, noise, step.near)

    def _back(self, back: Vectors, step: Step, turns: Vectors) -> Vectors:
        """Return the observables before a gate; those given may be overwritten."""
        kind, target, control, place = step.code
        if place < 0:
            factor, matrix = self._cnots[control, target]
            return _cnot(back if matrix is None else _on_pair(back, matrix.T, step), step, factor)
        if back.shape[1] == 1:
            return _on_qubit(back, turns[place], step.near)
        noise = self._matrices.get((kind, target))
        back = back if noise is None else _on_qubit(back, noise.T, step.near)
        self._turn(back, step, turns[place])
        return back

    def _adjoint(self, program: Program, sets: Array) -> tuple[Array, Array]:
        """Return energies and derivatives; all states are kept, because noise cannot always be undone."""
        (steps, digits), states, turns = self._ordered(program), [], self._turns(program, sets)
        r = self._start(len(sets))
        for step in steps:
            r = _joined(r, step.joins)
            states.append(r.copy())
            r = self._forward(r, step, turns[0])
        (places, weights), back, slopes = self._terms(digits), np.zeros_like(r), np.empty((r.shape[1], program.angles))
        np.add.at(back, places, weights[:, None].astype(self._dtype))
        for step, state in zip(steps[::-1], states[::-1], strict=True):
            back = self._back(back, step, turns[1])
            if step.code[ANGLE] >= 0:
                pulled, before = _letters(back, step.near), _letters(state, step.near)
                u, v = _next(step.code[KIND]), _next(step.code[KIND] + 1)
                difference = pulled[:, v] * before[:, u] - pulled[:, u] * before[:, v]
                slopes[:, step.code[ANGLE]] = difference.sum(axis=(0, 1))
            for _ in range(step.joins):
                blocks = back.reshape(4, -1, back.shape[1])
                back = blocks[0] + blocks[3]
        return self._read(r, digits), slopes

    def _turn(self, r: Vectors, step: Step, plane: Vectors) -> None:
        """Rotate a qubit of each vector, in place, by uu, uv, vu, vv (4, B); scale the axis as diagonal noise does."""
        kind = step.code[KIND]
        scale = self._scales.item(kind, step.code[TARGET], kind + 1)
        for letters, (uu, uv, vu, vv) in _runs(_letters(r, step.near), plane):
            u, v = letters[:, _next(kind)], letters[:, _next(kind + 1)]
            crossed = u * vu
            u *= uu
            u += v * uv
            v *= vv
            v += crossed
            if scale != 1:
                letters[:, kind + 1] *= scale


def ordered(program: Program) -> Order:
    """Return the gates in the order in which they are simulated, and the digit of each qubit (n,), -1 if it is idle."""
    steps: list[Step] = []
    digits, waiting = [-1] * program.qubits, {qubit: list[list[int]]() for qubit in range(program.qubits)}
    joined = done = 0

    def emit(code: list[int]) -> None:
        nonlocal done
        control = digits[code[CONTROL]] if code[ANGLE] < 0 else -1
        steps.append(Step(code, digits[code[TARGET]], control, joined - done))
        done = joined

    def join(qubit: int) -> None:
        nonlocal joined
        if digits[qubit] < 0:
            digits[qubit], joined = joined, joined + 1
            for code in waiting.pop(qubit):
                emit(code)

    for code in program.codes.tolist():
        if code[ANGLE] < 0:
            join(code[TARGET])
            join(code[CONTROL])
            emit(code)
        elif digits[code[TARGET]] >= 0:
            emit(code)
        else:
            waiting[code[TARGET]].append(code)
    for qubit in [qubit for qubit, codes in waiting.items() if codes]:
        join(qubit)
    return steps, np.array(digits)


def _joined(r: Vectors, count: int) -> Vectors:
    """Return vectors to which qubits in state |0> have joined."""
    for _ in range(count):
        grown = np.zeros((4, *r.shape), r.dtype)
        grown[0] = grown[3] = r
        r = grown.reshape(-1, r.shape[1])
    return r


def _letters(r: Vectors, digit: int) -> Vectors:
    """Return a view (slower, 4, faster, B) with the letter of a qubit by itself."""
    return r.reshape(-1, 4, 4**digit, r.shape[1])


def _runs(letters: Vectors, plane: Vectors) -> list[tuple[Vectors, Vectors]]:
    """Return views of both that NumPy is fast with: it walks along the last axes, which must be one long, or many."""
    slower, _, faster, count = letters.shape
    if slower < LONG or not 1 < faster * count < 8:
        return [(letters, plane)]
    return [(letters[:, :, j, k], plane[:, k]) for j in range(faster) for k in range(count)]


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


def _factored(matrix: Array, dtype: npt.DTypeLike) -> tuple[float, Vectors | None]:
    """Return the noise after a CNOT as a factor of all strings but II, or, where it is more than that, as a matrix."""
    factor = float(matrix[1, 1])
    if np.array_equal(matrix, np.diag([1.0] + [factor] * 15)):
        return factor, None
    return 1.0, matrix.astype(dtype)


def _on_qubit(r: Vectors, matrix: Array, digit: int) -> Vectors:
    """Return the vectors multiplied on a qubit by a matrix (4, 4)."""
    faster = 4**digit * r.shape[1]
    if faster > 4:
        product: Vectors = np.matmul(matrix.astype(r.dtype), r.reshape(-1, 4, faster))
    else:  # one large product is faster than many small ones
        wide = (matrix[:, None, :, None] * np.eye(faster)[None, :, None, :]).reshape(4 * faster, -1)
        product = r.reshape(-1, 4 * faster) @ wide.T.astype(r.dtype)
    return product.reshape(r.shape)


def _on_pair(r: Vectors, matrix: Vectors, step: Step) -> Vectors:
    """Return the vectors multiplied on control and target by a matrix (16, 16)."""
    low, high = sorted((step.near, step.far))
    split = r.reshape(-1, 4, 4 ** (high - low - 1), 4, 4**low * r.shape[1])
    axes = (1, 3) if step.far == high else (3, 1)
    moved = np.moveaxis(split, axes, (0, 1))
    after = (matrix @ moved.reshape(16, -1)).reshape(moved.shape)
    return np.moveaxis(after, (0, 1), axes).reshape(r.shape)


def _cnot(r: Vectors, step: Step, factor: float) -> Vectors:
    """Return the vectors after a CNOT, and after noise that is one factor for all strings but II."""
    places, factors = _images(len(r), step.far, step.near, factor, r.dtype)
    r = r.take(places, axis=0, mode="clip")  # which is faster than to look whether one is out of bounds
    r *= factors
    return r


@lru_cache(maxsize=64)
def _images(
    size: int, control: int, target: int, factor: float, dtype: np.dtype[Any]
) -> tuple[npt.NDArray[np.intp], Vectors]:
    """Return what a CNOT of two digits makes of all Pauli strings: where each comes from, and with what factor."""
    index, strides = np.arange(size), (4**control, 4**target)
    first, second = (index // stride % 4 for stride in strides)
    found = np.array([["IXYZ".index(letter) for letter in image[-2:]] for image in IMAGES.values()])
    signs = np.array([-1.0 if image[0] == "-" else 1.0 for image in IMAGES.values()]) * factor
    signs[0] = 1.0
    pair = 4 * first + second
    places = index + (found[pair, 0] - first) * strides[0] + (found[pair, 1] - second) * strides[1]
    return places, signs[pair, None].astype(dtype)
