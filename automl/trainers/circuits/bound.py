"""A finished circuit as users get it: with its angles, and ready for other tools."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidCandidate, UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.formats.as_json import read_json, write_json
from automl.trainers.circuits.formats.qasm import write_qasm2, write_qasm3
from automl.trainers.circuits.formats.read_qasm import read_qasm
from automl.trainers.circuits.formats.svg import draw_svg
from automl.trainers.circuits.formats.text import draw_text
from automl.trainers.circuits.formats.to_pennylane import to_pennylane
from automl.trainers.circuits.formats.to_qiskit import to_qiskit
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

_PAULIS = {
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}
_AXES = {"rx": "X", "ry": "Y", "rz": "Z"}


@dataclass(frozen=True)
class BoundCircuit:
    """A circuit with values for its angles. It prints as a drawing, and notebooks show it as a picture.

    Attributes:
        circuit: the gates, from the state |0...0>.
        angles: radians, one per rotation in the order of the gates.
        hamiltonian: whose energy it is for, if known.
    """

    circuit: Circuit
    angles: tuple[float, ...]
    hamiltonian: Hamiltonian | None = None

    def __post_init__(self) -> None:
        if len(self.angles) != self.circuit.rotations:
            raise UsageError(f"The circuit has {self.circuit.rotations} rotations, but {len(self.angles)} angles came.")
        if not all(map(math.isfinite, self.angles)):
            raise UsageError("An angle is not finite.")
        for gate in self.circuit.gates:
            if max(gate.wires) >= self.circuit.qubits or len(set(gate.wires)) < len(gate.wires):
                raise InvalidCandidate(f"{gate} is no gate of a circuit with {self.circuit.qubits} qubits.")
        if self.hamiltonian is not None:
            self._fitting(self.hamiltonian)

    @classmethod
    def of(
        cls, circuit: Circuit, angles: Sequence[float] | npt.NDArray[Any], hamiltonian: Hamiltonian | None = None
    ) -> BoundCircuit:
        """Bind angles from any sequence or array (P,).

        Raises:
            UsageError: if they are not as many as rotations, or not finite.
            InvalidCandidate: if a gate acts on a qubit that does not exist.
        """
        return cls(circuit, tuple(float(angle) for angle in angles), hamiltonian)

    def state(self) -> npt.NDArray[np.complex128]:
        """Return the state vector (2^n,) without noise; qubit 0 is the most significant bit of the index."""
        n, rest = self.circuit.qubits, iter(self.angles)
        state = np.zeros((2,) * n, dtype=np.complex128)
        state[(0,) * n] = 1.0
        for gate in self.circuit.gates:
            if gate.control is None:
                half = next(rest) / 2
                turned = _applied(_PAULIS[_AXES[gate.kind]], state, gate.qubit)
                state = math.cos(half) * state - 1j * math.sin(half) * turned
            else:
                where: list[Any] = [slice(None)] * n
                where[gate.control] = 1
                inner = gate.qubit - (gate.qubit > gate.control)
                state[tuple(where)] = np.flip(state[tuple(where)], inner).copy()
        return state.reshape(-1)

    def energy(self, hamiltonian: Hamiltonian | Mapping[str, float] | None = None) -> float:
        """Return the expectation of a Hamiltonian, its own one by default, without noise.

        Raises:
            UsageError: if there is none, or it is of another number of qubits.
        """
        if isinstance(hamiltonian, Mapping):
            hamiltonian = Hamiltonian(self.circuit.qubits, hamiltonian)
        chosen = self.hamiltonian if hamiltonian is None else hamiltonian
        if chosen is None:
            raise UsageError("This circuit came without a Hamiltonian.", 'Give one: energy({"ZZ": 1.0}).')
        self._fitting(chosen)
        state = self.state().reshape((2,) * self.circuit.qubits)
        return float(sum(weight * _expectation(string, state) for string, weight in chosen.terms.items()))

    def _fitting(self, hamiltonian: Hamiltonian) -> None:
        n = self.circuit.qubits
        wrong = next((string for string in hamiltonian.terms if len(string) != n or set(string) - set("IXYZ")), None)
        if wrong is not None:
            raise UsageError(f"{wrong!r} is no Pauli string of this circuit: it must be {n} letters of I, X, Y, Z.")

    def qasm2(self) -> str:
        """Return the circuit as OpenQASM 2.0."""
        return write_qasm2(self.circuit, self.angles)

    def qasm3(self) -> str:
        """Return the circuit as OpenQASM 3.0."""
        return write_qasm3(self.circuit, self.angles)

    def to_qiskit(self) -> Any:
        """Return the circuit as a `qiskit.QuantumCircuit`; see `formats.to_qiskit`."""
        return to_qiskit(self.circuit, self.angles)

    def to_pennylane(self) -> Callable[..., None]:
        """Return the circuit as a function of PennyLane gates; see `formats.to_pennylane`."""
        return to_pennylane(self.circuit, self.angles)

    def to_json(self) -> str:
        """Return circuit, angles and the terms of the Hamiltonian as JSON."""
        return write_json(self.circuit, self.angles, None if self.hamiltonian is None else self.hamiltonian.terms)

    @classmethod
    def from_json(cls, text: str) -> BoundCircuit:
        """Read what `to_json` has written.

        Raises:
            UsageError: if it is something else.
        """
        circuit, angles, terms = read_json(text)
        return cls.of(circuit, angles, None if terms is None else Hamiltonian(circuit.qubits, terms))

    @classmethod
    def from_qasm(cls, text: str, hamiltonian: Hamiltonian | None = None) -> BoundCircuit:
        """Read a program of OpenQASM 2 or 3; see `formats.read_qasm`."""
        circuit, angles = read_qasm(text)
        return cls.of(circuit, angles, hamiltonian)

    def draw(self, width: int = 100) -> str:
        """Return the circuit drawn with characters, at most so many per line."""
        return draw_text(self.circuit, self.angles, width)

    def svg(self, width: int = 960) -> str:
        """Return the circuit drawn as SVG, at most so many pixels wide."""
        return draw_svg(self.circuit, self.angles, width)

    def __str__(self) -> str:
        return self.draw()

    def _repr_svg_(self) -> str:
        return self.svg()


def _applied(matrix: npt.NDArray[np.complex128], state: npt.NDArray[Any], qubit: int) -> npt.NDArray[Any]:
    return np.moveaxis(np.tensordot(matrix, state, (1, qubit)), 0, qubit)


def _expectation(string: str, state: npt.NDArray[Any]) -> float:
    image = state
    for qubit, letter in enumerate(string):
        if letter != "I":
            image = _applied(_PAULIS[letter], image, qubit)
    return float(np.vdot(state, image).real)
