"""Problems written as a mapping: {"terms": {"ZZ": -1.0, ...}, "name": ...}, or the terms alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.circuits.problems import geometry
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import gathered, with_known_ground

KEYS = ("terms", "name", "summary", "qubits", "coupling", "ground_energy", "source")
EXAMPLE = '{"terms": {"ZZ": -1.0, "XI": 0.5}}'


def from_document(document: Mapping[Any, Any], what: str) -> Hamiltonian:
    """Read a mapping: a molecule (with "atoms"), a problem (with "terms"), or bare terms.

    Raises:
        InvalidData: if it is none of them, or something in it is wrong.
    """
    if "atoms" in document:
        from automl.trainers.circuits.problems.molecule import from_molecule

        return from_molecule(document, what)
    if "terms" in document:
        return from_terms(document, what)
    if "unit" in document or "basis" in document:
        raise InvalidData(f"{what} looks like a molecule without atoms.", geometry.HINT)
    return gathered(document.items(), what)


def from_terms(document: Mapping[Any, Any], what: str) -> Hamiltonian:
    """Read a problem: its terms, and what else is known.

    Raises:
        UnknownName: if it has a key that means nothing.
        InvalidData: if a value is wrong.
    """
    for key in document:
        if key not in KEYS:
            raise UnknownName(
                "key of a problem", str(key), KEYS, f"Put what is only to be kept under 'source' ({what})."
            )
    terms = document["terms"]
    if not isinstance(terms, Mapping):
        raise InvalidData(f"{what}: 'terms' is no mapping of Pauli strings to numbers.", f"Write it like {EXAMPLE}.")
    bare = gathered(terms.items(), what)
    if document.get("qubits", bare.qubits) != bare.qubits:
        raise InvalidData(
            f"{what} says that it has {document['qubits']} qubits, but its strings have {bare.qubits} letters.",
            "Leave 'qubits' out or correct it.",
        )
    source = document.get("source", {})
    named = replace(
        bare,
        name=str(document.get("name", bare.name)),
        coupling=_coupling(document.get("coupling"), bare.qubits, what),
        source=dict(source) if isinstance(source, Mapping) else {"source": source},
    )
    return with_known_ground(named, document.get("ground_energy"), what)


def _coupling(pairs: object, qubits: int, what: str) -> tuple[tuple[int, int], ...] | None:
    """Read ["0-1", [1, 2]]."""
    if pairs is None:
        return None
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise _bad_coupling(pairs, qubits, what)
    return tuple(_pair(pair, qubits, what) for pair in pairs)


def _pair(pair: object, qubits: int, what: str) -> tuple[int, int]:
    ends = pair.split("-") if isinstance(pair, str) else pair
    if not isinstance(ends, Sequence) or len(ends) != 2 or not all(str(end).strip().isdecimal() for end in ends):
        raise _bad_coupling(pair, qubits, what)
    a, b = (int(end) for end in ends)
    if a == b or max(a, b) >= qubits:
        raise _bad_coupling(pair, qubits, what)
    return a, b


def _bad_coupling(value: object, qubits: int, what: str) -> InvalidData:
    return InvalidData(
        f"{what}: coupling has {value!r:.40}, which is no pair of two of the qubits 0 to {qubits - 1}.",
        'Write it like ["0-1", "1-2"].',
    )
