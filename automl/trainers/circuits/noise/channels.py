"""Noise as the simulator takes it: real matrices that act on Pauli coefficients after each gate.

Order of the Pauli basis: I, X, Y, Z; of two qubits: 4 * (Pauli of the control) + (Pauli of the target). A channel maps
the coefficients r of rho = 2^-n sum r_P P to R r; trace preservation makes the first row of R (1, 0, ..., 0).

Strengths are probabilities of an error: depolarising noise of strength p applies each of the 3 (15) Paulis besides the
identity with probability p / 3 (p / 15). Qiskit's `depolarizing_error(q, n)` instead mixes in the maximally mixed state
with weight q, which is 4 p / 3 (16 p / 15); `from_qiskit_parameter` converts.

The matrices are those of Nielsen and Chuang, "Quantum Computation and Quantum Information", section 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GateNoise:
    """The noise of every gate of a machine, and of its readout.

    Attributes:
        qubits: number of qubits n.
        rotations: (3, n, 4, 4): after a rotation about X, Y, Z on a qubit.
        cnots: (n, n, 16, 16): after a CNOT, by control and target.
        readout: (n, 2): what is read of a single-qubit Pauli is offset + factor * its expectation: (offset, factor).
    """

    qubits: int
    rotations: npt.NDArray[np.float64]
    cnots: npt.NDArray[np.float64]
    readout: npt.NDArray[np.float64]

    @classmethod
    def depolarising(cls, qubits: int, p1: float = 0.0, p2: float = 0.0) -> GateNoise:
        """Return depolarising noise alone, of strength p1 after each rotation and p2 after each CNOT.

        Raises:
            UsageError: if a strength is no probability.
        """
        return cls(
            qubits,
            np.tile(depolarising(p1, qubits=1), (3, qubits, 1, 1)),
            np.tile(depolarising(p2, qubits=2), (qubits, qubits, 1, 1)),
            np.tile(np.array([0.0, 1.0]), (qubits, 1)),
        )

    @classmethod
    def none(cls, qubits: int) -> GateNoise:
        """Return the noise of a perfect machine."""
        return cls.depolarising(qubits)


def depolarising(p: float, *, qubits: int = 1) -> Array:
    """Return the channel that applies each Pauli besides the identity with probability p / (4^qubits - 1)."""
    _probability("The strength of depolarising noise", p)
    kinds = 4**qubits
    factors = np.full(kinds, 1 - p * kinds / (kinds - 1))
    factors[0] = 1.0
    return np.diag(factors)


def from_qiskit_parameter(parameter: float, *, qubits: Literal[1, 2] = 1) -> float:
    """Return the strength p of Qiskit's `depolarizing_error(parameter, qubits)`: 3/4 of it, 15/16 for two qubits."""
    kinds: int = 4**qubits
    return parameter * (kinds - 1) / kinds


def bit_flip(p: float) -> Array:
    """Return the channel that applies X with probability p."""
    _probability("The probability of a bit flip", p)
    return np.diag([1, 1, 1 - 2 * p, 1 - 2 * p])


def phase_flip(p: float) -> Array:
    """Return the channel that applies Z with probability p."""
    _probability("The probability of a phase flip", p)
    return np.diag([1, 1 - 2 * p, 1 - 2 * p, 1])


def amplitude_damping(p: float) -> Array:
    """Return the channel that takes the excited state to the ground state with probability p."""
    _probability("The probability of amplitude damping", p)
    return _towards_ground(np.sqrt(1 - p), 1 - p, 1.0)


def relaxation(t1: float, t2: float, time: float, *, excited: float = 0.0) -> Array:
    """Return thermal relaxation: <Z> decays to 1 - 2 * excited with T1, <X> and <Y> decay to 0 with T2.

    Args:
        t1: time of energy relaxation, in any unit; infinity for none.
        t2: time of dephasing, in the same unit, at most 2 * t1.
        time: how long it lasts, in the same unit.
        excited: population of the excited state in equilibrium.

    Raises:
        UsageError: if the times are not those of a channel.
    """
    if not (t1 > 0 and t2 > 0 and 0 <= time < float("inf")):
        raise UsageError(f"Relaxation needs T1 > 0, T2 > 0 and a duration >= 0, got {t1}, {t2} and {time}.")
    if t2 > 2 * t1 * (1 + 1e-12):
        raise UsageError(f"T2 is at most 2 T1, got T1 = {t1:g} and T2 = {t2:g}.", "Were the two exchanged?")
    _probability("The population of the excited state", excited)
    return _towards_ground(np.exp(-time / t2), np.exp(-time / t1), 1 - 2 * excited)


def _towards_ground(transverse: float, longitudinal: float, end: float) -> Array:
    matrix = np.diag([1, transverse, transverse, longitudinal]).astype(np.float64)
    matrix[3, 0] = (1 - longitudinal) * end
    return matrix


def confusion(one_for_zero: float, zero_for_one: float) -> tuple[float, float]:
    """Return (offset, factor) of a readout that errs: it reads offset + factor * <Z>.

    Args:
        one_for_zero: p(1|0), the probability to read 1 where the qubit is 0.
        zero_for_one: p(0|1), the probability to read 0 where it is 1.
    """
    _probability("The readout error p(1|0)", one_for_zero)
    _probability("The readout error p(0|1)", zero_for_one)
    return zero_for_one - one_for_zero, 1 - one_for_zero - zero_for_one


def tensor(control: Array, target: Array) -> Array:
    """Return the channel of two qubits that have one each."""
    return np.asarray(np.kron(control, target), dtype=np.float64)


def compose(channels: Sequence[Array], *, qubits: int = 1) -> Array:
    """Return channels one after the other, the first to act first."""
    return reduce(lambda before, after: after @ before, channels, np.eye(4**qubits))


def _probability(what: str, value: float) -> None:
    if not 0 <= value <= 1:  # also refuses NaN
        raise UsageError(f"{what} must be between 0 and 1, got {value}.")
