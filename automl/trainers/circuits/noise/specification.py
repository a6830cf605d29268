"""Noise specifications: a JSON file, a dictionary, or a machine that Qiskit knows.

    {
      "name": "T-shaped machine",
      "defaults": {"p1": 0.0003, "p2": 0.008, "t1_us": 110, "t2_us": 90, "rotation_ns": 36, "cnot_ns": 400,
                   "readout": 0.02},
      "qubits": {"2": {"p1": 0.0005, "t2_us": 60, "readout": [0.01, 0.05]}},
      "pairs": {"1-3": {"p2": 0.012}, "1>0": {"cnot_ns": 440}},
      "coupling": ["0-1", "1-2", "1-3"]
    }

Every entry is explained in docs/guide/circuits-noise.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from automl.core.errors import UnknownName, UsageError
from automl.trainers.circuits.noise.assemble import assemble
from automl.trainers.circuits.noise.coupling import Coupling, check_coupling, read_pair, renumber, undirected
from automl.trainers.circuits.noise.entries import Defaults, PairEntries, Qubit, Rotations, Specification
from automl.trainers.circuits.noise.machine import Machine

QISKIT = "qiskit"


def read_noise(given: str | Path | Mapping[str, Any], qubits: int) -> Machine:
    """Read the noise of a machine.

    Args:
        given: path of a JSON file, its text, a dictionary of the same, or "qiskit:FakeMumbaiV2", which takes the first
            connected qubits; "qiskit:FakeMumbaiV2@1,4,7" takes these.
        qubits: number of qubits of the problem.

    Raises:
        UsageError: saying which entry is wrong, and where.
        MissingExtra: if it needs Qiskit and that is not installed.
    """
    if isinstance(given, str) and given.partition(":")[0] == QISKIT:
        given = _device(given)
    source = "the noise" if isinstance(given, Mapping) or str(given).lstrip().startswith("{") else str(given)
    content = given if isinstance(given, Mapping) else _content(str(given))
    if QISKIT in content:
        return _from_qiskit(content, qubits)
    specification = _validated(content, source)
    return _machine(specification, content, qubits)


def _device(text: str) -> dict[str, Any]:
    """Read "qiskit:NAME@0,1,4" as a dictionary."""
    name, _, use = text.partition(":")[2].partition("@")
    if not name or not all(part.strip().isdecimal() for part in use.split(",") if use):
        raise UsageError(f"'{text}' is no machine.", "Machines are written qiskit:FakeMumbaiV2 or qiskit:NAME@0,1,4.")
    return {QISKIT: name, **({"use": [int(part) for part in use.split(",")]} if use else {})}


def _from_qiskit(content: Mapping[str, Any], qubits: int) -> Machine:
    known = (QISKIT, "use", "pulses")
    if unknown := next((key for key in content if key not in known), None):
        raise UnknownName("entry", unknown, known, "(in a specification that takes its noise from Qiskit)")
    from automl.trainers.circuits.noise.from_qiskit import from_backend, named_backend

    backend = named_backend(str(content[QISKIT]))
    return from_backend(backend, qubits, use=content.get("use"), pulses=content.get("pulses", 2))


def _content(text: str) -> Mapping[str, Any]:
    """Return the JSON of a text that is either JSON itself or the path of a file."""
    inline = text.lstrip().startswith("{")
    try:
        content = json.loads(text if inline else Path(text).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        hint = "A noise is the path of a JSON file, or a machine such as qiskit:FakeMumbaiV2."
        raise UsageError(f"Cannot read the noise specification {text}: {error.strerror}.", hint) from error
    except ValueError as error:
        raise UsageError(f"The noise specification{'' if inline else ' ' + text} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise UsageError(f"The noise specification must be a JSON object, {text} holds a {type(content).__name__}.")
    return content


def _machine(specification: Specification, content: Mapping[str, Any], qubits: int) -> Machine:
    use = _used(specification, qubits)
    pairs = None if specification.coupling is None else undirected(map(read_pair, specification.coupling))
    _check_names(specification, use, pairs)
    coupling = None if pairs is None else renumber(pairs, use)
    if coupling is not None:
        check_coupling(coupling, use)
    return Machine(assemble(specification, use), coupling, json.loads(json.dumps(content)))


def _used(specification: Specification, qubits: int) -> list[int]:
    use = specification.use
    if use is None:
        return list(range(qubits))
    if len(set(use)) != len(use) or len(use) != qubits:
        raise UsageError(f"'use' must name {qubits} different qubits of the machine, it names {use}.")
    return use


def _check_names(specification: Specification, use: list[int], coupling: Coupling | None) -> None:
    """Refuse entries of qubits and pairs that do not exist; without `use` the machine is as large as the problem."""
    chosen, listed = specification.use is not None, ", ".join(map(str, use))
    for name in specification.qubits:
        if not re.fullmatch("0|[1-9][0-9]*", name) or not (chosen or int(name) in use):
            raise UsageError(f"'qubits' names {name!r}, but the qubits are {listed}.", _USE)
    for name in specification.pairs:
        pair = read_pair(name.replace(">", "-"))
        if "-" in name and f"{pair[1]}-{pair[0]}" in specification.pairs:
            raise UsageError(
                f"'pairs' names {name!r} in both orders.", f'For one direction only write "{pair[0]}>{pair[1]}".'
            )
        if not (chosen or set(pair) <= set(use)):
            raise UsageError(f"'pairs' names {name!r}, but the qubits are {listed}.", _USE)
        if coupling is not None and tuple(sorted(pair)) not in coupling:
            raise UsageError(f"'pairs' names {name!r}, which is not in 'coupling'.", f'Add "{pair[0]}-{pair[1]}".')
    for pair in coupling or ():
        if not chosen and max(pair) >= len(use):
            raise UsageError(f"'coupling' names {pair[0]}-{pair[1]}, but the qubits are {listed}.", _USE)


_USE = 'If the machine has more qubits than the problem, name those to use: "use": [0, 1, ...].'

_SECTIONS: dict[str, type[BaseModel]] = {"defaults": Defaults, "qubits": Qubit, "pairs": PairEntries}


def _validated(content: Mapping[str, Any], source: str) -> Specification:
    try:
        return Specification.model_validate(dict(content))
    except ValidationError as error:
        raise _explained(error, source) from error


def _explained(error: ValidationError, source: str) -> UsageError:
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        model = Rotations if "rotation_ptm" in place[:-1] else _SECTIONS.get(place[0], Specification)
        where = ".".join(place[:-1]) or "the top level"
        unit = " Times carry their unit: t1_us or t1_s." if place[-1].lower().startswith(("t1", "t2")) else ""
        return UnknownName("entry", place[-1], model.model_fields, f"(in {where} of {source}){unit}")
    name, why = ".".join(place), problem["msg"].removeprefix("Value error, ").lower()
    return UsageError(f"The entry '{name}' of {source} is wrong: {why}, got {problem['input']!r}.")
