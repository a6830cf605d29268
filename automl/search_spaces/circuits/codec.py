"""Candidates as JSON and back, and as text.

{"qubits": 4, "gates": ["rx0", "cx0-1"]}          with "survey": 1 where extensions are to be measured, too
"""

from __future__ import annotations

from typing import Any

from automl.core.errors import InvalidCandidate
from automl.core.records import Json
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate

_SHOWN = 24
"""Gates in the one-line description of a circuit; the rest is counted."""


def dump(circuit: Circuit) -> dict[str, Json]:
    """Write a circuit as JSON."""
    written: dict[str, Json] = {"qubits": circuit.qubits, "gates": [str(gate) for gate in circuit.gates]}
    return {**written, "survey": circuit.survey} if circuit.survey else written


def load(json: Any) -> Circuit:
    """Read a circuit back, its gates in the order in which they are written.

    Raises:
        InvalidCandidate: if the JSON describes none.
    """
    try:
        qubits, gates, survey = json["qubits"], json["gates"], json.get("survey", 0)
    except (KeyError, TypeError, AttributeError) as error:
        raise _no_circuit(f"{type(error).__name__} {error}") from error
    if not isinstance(gates, list | tuple):
        raise _no_circuit(f'"gates" is {gates!r}')
    for name, value in (("qubits", qubits), ("survey", survey)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _no_circuit(f'"{name}" is {value!r}')
    return Circuit(qubits, tuple(gate(text) for text in gates), survey)


def key(circuit: Circuit) -> str:
    """Return the gates as text, `-` for none; a circuit that asks for a survey is measured on its own."""
    text = " ".join(map(str, circuit.gates)) or "-"
    return f"{text} survey{circuit.survey}" if circuit.survey else text


def describe(circuit: Circuit) -> str:
    """Return a circuit as in `4 qubits, 1 cx, 2 rotations, depth 3: rx0 cx0-1 ry1`."""
    shown = " ".join(map(str, circuit.gates[:_SHOWN])) or "no gates"
    more = f" and {len(circuit.gates) - _SHOWN} more" if len(circuit.gates) > _SHOWN else ""
    counts = f"{circuit.cnots} cx, {circuit.rotations} rotations, depth {circuit.depth}"
    return f"{circuit.qubits} qubits, {counts}: {shown}{more}"


def _no_circuit(why: str) -> InvalidCandidate:
    return InvalidCandidate(
        f"This JSON describes no circuit: {why}.",
        'It looks like {"qubits": 4, "gates": ["rx0", "cx0-1"]}; gates act from the left to the right.',
    )
