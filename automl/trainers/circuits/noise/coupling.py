"""Coupling maps: which qubits of a machine a CNOT may join."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from automl.core.errors import UsageError

Pair: TypeAlias = tuple[int, int]
Coupling: TypeAlias = tuple[Pair, ...]

_PAIR = re.compile(r"(0|[1-9][0-9]*)-(0|[1-9][0-9]*)")


def read_pair(text: object) -> Pair:
    """Read a pair as it is written: "0-1" or [0, 1].

    Raises:
        UsageError: if it is no pair of two different qubits.
    """
    numbers: Sequence[object] = ()
    if isinstance(text, str) and (match := _PAIR.fullmatch(text)):
        numbers = [int(number) for number in match.groups()]
    elif isinstance(text, list | tuple):
        numbers = text
    match numbers:
        case [int(first), int(second)] if first != second and min(first, second) >= 0:
            return first, second
    raise UsageError(f"{text!r} is no pair of qubits.", 'Pairs are written "0-1": two different qubits, from 0.')


def undirected(pairs: Iterable[Pair]) -> Coupling:
    """Return each pair once, smaller qubit first, in order: a CNOT may go both ways."""
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs}))


def check_coupling(coupling: Coupling, use: Sequence[int]) -> None:
    """Refuse a coupling that leaves some of the used qubits out of reach.

    Args:
        coupling: pairs of places in `use`.
        use: the qubits by their number on the machine, for the error.

    Raises:
        UsageError: naming the qubits.
    """
    reached = reach(coupling, 0, len(use))
    if len(reached) < len(use):
        lost = [qubit for place, qubit in enumerate(use) if place not in reached]
        names = ", ".join(map(str, lost))
        raise UsageError(
            f"The coupling map is in pieces: no path of CNOTs leads from qubit {use[0]} to {names}.",
            f"Add a pair such as \"{use[0]}-{lost[0]}\" to 'coupling', or choose other qubits to use.",
        )


def reach(coupling: Iterable[Pair], start: int, count: int) -> list[int]:
    """Return up to `count` qubits that hang together with the first one, nearest first, then by number."""
    pairs, found = list(coupling), [start]
    for qubit in found:  # grows while it is walked through
        near = {b if a == qubit else a for a, b in pairs if qubit in (a, b)}
        found.extend(sorted(near - set(found)))
    return found[:count]


def renumber(coupling: Iterable[Pair], use: Sequence[int]) -> Coupling:
    """Return the pairs among the used qubits, by their place in `use`."""
    place = {qubit: index for index, qubit in enumerate(use)}
    return undirected((place[a], place[b]) for a, b in coupling if a in place and b in place)
