"""The search space `circuits`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from automl.core.choices import Choose
from automl.core.errors import UsageError
from automl.core.records import Json, Weights
from automl.core.space import SearchSpace
from automl.search_spaces.circuits import codec, paths, program
from automl.search_spaces.circuits.alphabet import Move, read_coupling
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate
from automl.search_spaces.circuits.inherit import inherit
from automl.search_spaces.circuits.observe import flat, moments
from automl.search_spaces.circuits.perturb import perturb
from automl.search_spaces.circuits.rules import Rules

MOST_QUBITS = 12
"""A state under noise has 4^N numbers: 128 MiB for 12 qubits, and a gradient needs several of them."""


class CircuitSpace(SearchSpace[Circuit]):
    """Parametrised quantum circuits of rotations and CNOTs, acting on |0...0>.

    Circuits that differ only in the order of gates that may change places are one circuit, kept in one order (see
    `order`); their angles, in the order of the rotations, are weights: `{"angles": (P,)}`.

    Settings:
        qubits: number of qubits, 1 to 12; the trainer's Hamiltonian says it.
        coupling: pairs of qubits that a CNOT may join in either direction, as in `0-1`; None for all. The trainer's
            problem or device may say it.
        max_gates: most gates of a circuit, the paper's D.
        masking: which gates are illegal as the next one. `paper`: one that would repeat the last gate on its wires.
            `commuting`: also one that would once gates that commute are moved aside, and one that leaves |0> as it is.
            `none`: no gate.
        pruning: add one move per wire that removes its last gate.
        encoding: what a policy sees: `moments`, the binary tensor of CRLQAS, or `flat`, the gate list of Ostaszewski
            et al. 2021.
        symmetry: which gates may change places: those on disjoint `wires`, or all that are `commuting` as operators.
            Noise after every gate leaves only the first; the trainer says it.
        lower_bound: a value below all energies, which the trainer knows from the Hamiltonian; None for none.
        survey_depth: how many gates a survey looks ahead; each costs a factor of N(N+2).

    Profile `paper`: masking, order and 40 gates of CRLQAS (Patel et al.: Curriculum reinforcement learning for quantum
    architecture search under hardware errors. 2024).
    """

    default_controller: ClassVar[str] = "anneal"
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"masking": "paper", "symmetry": "wires", "max_gates": 40}
    }

    def __init__(
        self,
        *,
        qubits: int = 4,
        coupling: tuple[str, ...] | None = None,
        max_gates: int = 40,
        masking: Literal["commuting", "paper", "none"] = "commuting",
        pruning: bool = False,
        encoding: Literal["moments", "flat"] = "moments",
        symmetry: Literal["commuting", "wires"] = "commuting",
        lower_bound: float | None = None,
        survey_depth: int = 1,
    ) -> None:
        _refuse_bad_size(qubits, max_gates, survey_depth)
        _refuse_unknown("masking", masking, ("commuting", "paper", "none"))
        _refuse_unknown("encoding", encoding, ("moments", "flat"))
        _refuse_unknown("symmetry", symmetry, ("commuting", "wires"))
        if lower_bound is not None and not math.isfinite(lower_bound):
            raise UsageError(
                f"lower_bound must be a finite number, got {lower_bound}.", "Leave it out if none is known."
            )
        pairs = None if coupling is None else read_coupling(coupling, qubits)
        self.rules = Rules(qubits, pairs, max_gates, masking, symmetry, pruning)
        self._encode = moments if encoding == "moments" else flat
        self._lower_bound = lower_bound
        self._survey_depth = survey_depth

    def build(self, choose: Choose) -> Circuit:
        return program.build(self.rules, choose)

    def check(self, candidate: Circuit) -> None:
        self.rules.check(candidate)

    def dump(self, candidate: Circuit) -> Json:
        return codec.dump(candidate)

    def load(self, json: Any) -> Circuit:
        """Read a circuit back and bring its gates into normal order; angles belong to that order.

        Raises:
            InvalidCandidate: if the JSON describes no circuit on the qubits it names.
        """
        circuit = codec.load(json)
        if circuit.qubits != self.rules.qubits:
            return circuit  # `check` says why it is refused
        ordered = self.rules.circuit(self.rules.order.numbers(circuit.gates))
        return replace(ordered, survey=circuit.survey)

    def describe(self, candidate: Circuit) -> str:
        """Return the circuit as in `4 qubits, 1 cx, 2 rotations, depth 3: rx0 cx0-1 ry1`."""
        return codec.describe(candidate)

    def key(self, candidate: Circuit) -> str:
        """Return the gates as text; circuits of the same meaning have the same order, so the same text."""
        return codec.key(candidate)

    def root(self) -> Circuit:
        return Circuit(self.rules.qubits)

    def alphabet(self) -> Sequence[Move]:
        """Return CNOTs control by control, rotations qubit by qubit, and with `pruning` one `Prune` per wire."""
        return self.rules.moves

    def moves(self, candidate: Circuit) -> Sequence[Move]:
        return self.rules.legal_moves(candidate)

    def apply(self, candidate: Circuit, move: Move) -> Circuit:
        return self.rules.applied(candidate, move)

    def observe(self, candidate: Circuit) -> npt.NDArray[np.float64]:
        """Return (max_gates, N + 3, N) for `moments`, (4, max_gates) for `flat`."""
        return self._encode(candidate, self.rules.max_gates)

    def bound(self) -> float | None:
        return self._lower_bound

    def perturb(self, parent: Circuit, choose: Choose) -> Circuit:
        return perturb(self.rules, parent, choose)

    def survey(self, candidate: Circuit) -> Circuit:
        return replace(candidate, survey=self._survey_depth)

    def outlook(self, candidate: Circuit, extras: Mapping[str, Json]) -> Sequence[tuple[tuple[Gate, ...], float]]:
        """Return the legal paths of `extras["outlook"]`, such as {"cx0-1 ry1": -1.1}; none if there is no report."""
        return paths.outlook(self.rules, candidate, extras)

    def inherit(self, child: Circuit, parent: Circuit, weights: Weights) -> Weights | None:
        """Return {"angles": (P,)} by aligning both circuits, new angles 0; None if the parent's are not (P_parent,)."""
        angles = weights.get("angles")
        if angles is None or angles.shape != (parent.rotations,):
            return None
        return {"angles": inherit(self.rules.order, child, parent, np.asarray(angles, dtype=np.float64))}


def _refuse_bad_size(qubits: int, max_gates: int, survey_depth: int) -> None:
    if not 1 <= qubits <= MOST_QUBITS:
        size = f"; under noise one state of {qubits} takes {2.0 ** (2 * qubits - 27):g} GiB" if 1 < qubits < 50 else ""
        raise UsageError(f"qubits must be 1 to {MOST_QUBITS}, got {qubits}{size}.", "Choose a smaller active space.")
    for name, value in (("max_gates", max_gates), ("survey_depth", survey_depth)):
        if value < 1:
            raise UsageError(f"{name} must be one or more, got {value}.")


def _refuse_unknown(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"{name} must be one of {', '.join(known)}, got '{value}'.")
