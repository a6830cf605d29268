"""Circuits with their angles as JSON.

{"format": "automl-circuit", "version": 1, "qubits": 2, "gates": ["ry0", "cx0-1"], "angles": [0.5],
 "hamiltonian": {"ZZ": 1.0}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from automl.core.errors import UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate

FORMAT, VERSION = "automl-circuit", 1
_CONVENTIONS = (
    "Rotations are exp(-i angle P / 2), angles in radians in the order of the gates; cx0-1: control 0, target 1; "
    "the circuit starts from |0...0>; character k of a Pauli string acts on qubit k."
)


def write_json(circuit: Circuit, angles: Sequence[float], terms: Mapping[str, float] | None = None) -> str:
    """Return a circuit, its angles and, if given, the terms of its Hamiltonian as JSON text."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "conventions": _CONVENTIONS,
        "qubits": circuit.qubits,
        "gates": [str(gate) for gate in circuit.gates],
        "angles": list(map(float, angles)),
    }
    if terms is not None:
        content["hamiltonian"] = dict(terms)
    return json.dumps(content, indent=1, ensure_ascii=False)


def read_json(text: str) -> tuple[Circuit, tuple[float, ...], dict[str, float] | None]:
    """Read what `write_json` writes.

    Returns:
        The circuit, its angles, and the terms of the Hamiltonian or None.

    Raises:
        UsageError: if it is something else.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise UsageError(f"This is no JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f'This JSON is no circuit: it has no "format": "{FORMAT}".')
    if content.get("version") != VERSION:
        raise UsageError(f"This circuit has version {content.get('version')!r} of its format; known is {VERSION}.")
    try:
        circuit = Circuit(int(content["qubits"]), tuple(map(gate, content["gates"])))
        angles = tuple(map(float, content["angles"]))
        terms = content.get("hamiltonian")
        return circuit, angles, None if terms is None else {str(key): float(terms[key]) for key in terms}
    except KeyError as error:
        raise UsageError(f"This circuit lacks {error}.") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"This circuit is damaged: {error}.") from error
