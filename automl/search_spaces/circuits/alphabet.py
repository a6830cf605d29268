"""The moves of a space in one fixed order: CNOTs, rotations, and the moves that take a gate away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from automl.core.errors import UsageError
from automl.search_spaces.circuits.gates import Gate

Pair: TypeAlias = tuple[int, int]

_PAIR = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")


@dataclass(frozen=True, slots=True)
class Prune:
    """The move that removes the last gate on a wire."""

    wire: int

    def __str__(self) -> str:
        """Return the move as `prune2`."""
        return f"prune{self.wire}"


Move: TypeAlias = Gate | Prune


def all_gates(qubits: int) -> tuple[Gate, ...]:
    """Return every gate on so many qubits, N(N-1) CNOTs before 3N rotations.

    CNOTs come control by control, each with its targets ascending; rotations qubit by qubit as rx, ry, rz.
    """
    wires = range(qubits)
    cnots = [Gate("cx", target, control) for control in wires for target in wires if target != control]
    return (*cnots, *(turn for wire in wires for turn in (Gate("rx", wire), Gate("ry", wire), Gate("rz", wire))))


def alphabet(qubits: int, coupling: frozenset[Pair] | None) -> tuple[Gate, ...]:
    """Return the gates of `all_gates` whose CNOTs join coupled qubits; None couples all."""
    gates = all_gates(qubits)
    if coupling is None:
        return gates
    return tuple(g for g in gates if g.control is None or _pair(g.control, g.qubit) in coupling)


def read_coupling(texts: Sequence[str], qubits: int) -> frozenset[Pair]:
    """Read a coupling map such as `("0-1", "1-2")`; a CNOT may act in both directions of a pair.

    Raises:
        UsageError: if a pair is not written so, names a qubit that is not there, or leaves qubits unconnected.
    """
    pairs = frozenset(_read_pair(text, qubits) for text in texts)
    reached = {0}
    for _ in range(qubits):
        reached |= {wire for pair in pairs if reached & set(pair) for wire in pair}
    alone = [str(wire) for wire in range(qubits) if wire not in reached]
    if alone:
        raise UsageError(
            f"The coupling map {', '.join(texts) or '()'} does not connect qubit {', '.join(alone)} with qubit 0, "
            "so that no circuit could entangle them.",
            "Add the missing pairs, or leave coupling out to let a CNOT join any two qubits.",
        )
    return pairs


def _read_pair(text: str, qubits: int) -> Pair:
    match = _PAIR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(f"{text!r} is no pair of qubits.", 'A coupling map is written "0-1", "1-2".')
    one, other = int(match[1]), int(match[2])
    if one == other:
        raise UsageError(f'The coupling map joins qubit {one} with itself ("{text}").', "Name two different qubits.")
    if max(one, other) >= qubits:
        raise UsageError(
            f'The coupling map names qubit {max(one, other)} ("{text}"), but the qubits are 0 to {qubits - 1}.',
            "Correct the pair, or set qubits higher.",
        )
    return _pair(one, other)


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
