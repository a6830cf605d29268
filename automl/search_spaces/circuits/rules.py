"""What a circuit of a space may be, which moves are legal, and how a circuit is brought into its normal order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from automl.core.domains import Options
from automl.core.errors import InvalidCandidate
from automl.search_spaces.circuits.alphabet import Move, Pair, Prune, alphabet
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate
from automl.search_spaces.circuits.order import Front, Order, Symmetry, order
from automl.search_spaces.circuits.redundancy import read, reduced

Masking: TypeAlias = Literal["commuting", "paper", "none"]


@dataclass(frozen=True)
class Rules:
    """The frame of a space, shared by its moves, its program, its changes and its check.

    Attributes:
        qubits: number of qubits.
        coupling: pairs that a CNOT may join; None for all.
        max_gates: most gates.
        masking: which gates are illegal because they would be redundant.
        symmetry: which gates may change places.
        pruning: whether there are moves that take a gate away.
    """

    qubits: int
    coupling: frozenset[Pair] | None = None
    max_gates: int = 40
    masking: Masking = "commuting"
    symmetry: Symmetry = "commuting"
    pruning: bool = False

    @cached_property
    def order(self) -> Order:
        """The dependences that the normal order minds."""
        return order(self.qubits, self.symmetry)

    @cached_property
    def redundancy(self) -> Order:
        """The dependences that decide which gates are redundant."""
        if self.masking == "commuting":
            return order(self.qubits, "commuting", from_zero=True)
        return order(self.qubits, self.symmetry)

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """The gates in the order of the alphabet."""
        return alphabet(self.qubits, self.coupling)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The same gates as numbers."""
        return tuple(self.order.numbers(self.gates))

    @cached_property
    def cnots(self) -> tuple[int, ...]:
        """The CNOTs among them."""
        return tuple(number for number in self.numbers if not self.order.turns[number])

    @cached_property
    def across(self) -> dict[int, tuple[int, ...]]:
        """For each CNOT the rotations it does not commute with, for each rotation the CNOTs, as numbers."""
        dependents, turns = order(self.qubits, "commuting").dependents, self.order.turns
        return {
            one: tuple(n for n in self.numbers if turns[n] != turns[one] and dependents[one] >> n & 1)
            for one in self.numbers
        }

    @cached_property
    def gate_names(self) -> Options:
        """The domain of questions for a gate: the alphabet as text."""
        return Options(tuple(self.order.texts[number] for number in self.numbers))

    @cached_property
    def cnot_names(self) -> Options:
        """The domain of questions for a CNOT."""
        return Options(tuple(self.order.texts[number] for number in self.cnots))

    @cached_property
    def named(self) -> dict[str, int]:
        """The number of each gate by its text."""
        return dict(zip(self.order.texts, range(len(self.order.texts)), strict=True))

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """The alphabet: the gates, then the moves that prune."""
        return (*self.gates, *(Prune(wire) for wire in range(self.qubits) if self.pruning))

    def circuit(self, numbers: Iterable[int]) -> Circuit:
        """Return gates given as numbers as a circuit in normal order."""
        gates = self.order.gates
        return Circuit(self.qubits, tuple([gates[number] for number in self.order.normal(numbers)]))

    def legal_numbers(self, numbers: Sequence[int]) -> list[int]:
        """Return the gates that may come next, as numbers; none if the circuit is full.

        `paper`: a gate stays illegal until another touches one of its wires (CRLQAS, on illegal actions; the published
        code keeps them in a list, which never has more than N entries: the gates that are the last on all their wires).
        Where the symmetry is `commuting`, another that could be pulled through it does not count.
        `commuting`: the same with this symmetry whatever the order of circuits is; and a gate is illegal that leaves
        |0> as it is: an rz, or a CNOT by its control, before the first rx, ry or CNOT onto that wire.
        """
        return self.legal_at(read(self.redundancy, numbers)) if len(numbers) < self.max_gates else []

    def legal_at(self, front: Front) -> list[int]:
        """Return the gates that may come next where a circuit with room was read to, minding `redundancy`."""
        return list(self.numbers) if self.masking == "none" else front.legal(self.numbers)

    def legal_moves(self, circuit: Circuit) -> list[Move]:
        """Return the legal moves in the order of the alphabet."""
        gates = self.order.gates
        found: list[Move] = [gates[number] for number in self.legal_numbers(self.order.numbers(circuit.gates))]
        if self.pruning:
            touched = {wire for gate in circuit.gates for wire in gate.wires}
            found += [Prune(wire) for wire in sorted(touched)]
        return found

    def applied(self, circuit: Circuit, move: Move) -> Circuit:
        """Return the circuit after one move.

        Raises:
            InvalidCandidate: if the move is none of the alphabet, or the circuit is full, or there is nothing to prune.
        """
        if isinstance(move, Prune):
            return self._pruned(circuit, move.wire)
        self._refuse_gate(move)
        if len(circuit.gates) >= self.max_gates:
            raise InvalidCandidate(f"The circuit is full: it has max_gates={self.max_gates} gates.", "Raise max_gates.")
        return self.circuit(self.order.numbers((*circuit.gates, move)))

    def _pruned(self, circuit: Circuit, wire: int) -> Circuit:
        """Remove the last gate on a wire; a CNOT may leave gates behind that are redundant without it."""
        numbers = self.order.numbers(circuit.gates)
        touching = [place for place, gate in enumerate(circuit.gates) if wire in gate.wires]
        if not touching:
            raise InvalidCandidate(f"There is no gate on wire {wire} to prune.", "Ask `moves` for what is legal.")
        del numbers[touching[-1]]
        return self.circuit(numbers if self.masking == "none" else reduced(self.redundancy, numbers))

    def check(self, circuit: Circuit) -> None:
        """Refuse a circuit outside the frame.

        Raises:
            InvalidCandidate: saying what is wrong and what would be right.
        """
        if circuit.qubits != self.qubits:
            raise InvalidCandidate(
                f"The circuit has {circuit.qubits} qubits, the space has {self.qubits}.",
                "The trainer's Hamiltonian says how many; search and load with the same one.",
            )
        if len(circuit.gates) > self.max_gates:
            raise InvalidCandidate(
                f"The circuit has {len(circuit.gates)} gates, more than max_gates={self.max_gates}.",
                f"Type: --set space.max_gates={len(circuit.gates)}",
            )
        if not isinstance(circuit.survey, int) or circuit.survey < 0:
            raise InvalidCandidate(f"survey is the number of moves to look ahead, 0 for none; got {circuit.survey!r}.")
        numbers = self.order.numbers(circuit.gates)
        if self.coupling is not None:
            for gate in circuit.gates:
                self._refuse_gate(gate)
        ordered = self.order.normal(numbers)
        if ordered != numbers:
            text = " ".join(self.order.texts[number] for number in ordered)
            raise InvalidCandidate(
                f"The gates are not in the normal order of symmetry '{self.symmetry}', which is {text}.",
                "Make circuits with the space's load or apply, which order them; angles follow the order of the gates.",
            )

    def _refuse_gate(self, gate: Gate) -> None:
        self.order.numbers((gate,))
        if gate.control is None or self.coupling is None:
            return
        if (min(gate.control, gate.qubit), max(gate.control, gate.qubit)) not in self.coupling:
            pairs = ", ".join(f"{one}-{other}" for one, other in sorted(self.coupling))
            raise InvalidCandidate(
                f"{gate} joins qubits {gate.control} and {gate.qubit}, which are not coupled.",
                f"The coupling map is {pairs}; route the CNOT through it, or change coupling.",
            )
