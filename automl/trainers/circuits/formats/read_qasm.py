"""A reader of OpenQASM 2 and 3: programs of plain gates, which become rotations and CNOTs up to a global phase.

Not a full parser: definitions of gates, classical control, measurements, parameters and modifiers are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from automl.core.errors import UnknownName, UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate
from automl.trainers.circuits.formats.expression import value
from automl.trainers.circuits.formats.known_gates import KNOWN

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_QREG = re.compile(r"qreg\s+(\w+)\s*\[\s*(\d+)\s*\]|qubit\s*(?:\[\s*(\d+)\s*\])?\s*(\w+)")
_SILENT = re.compile(r"(OPENQASM\s+[23](\.\d+)?|include\s+\"[\w./]+\"|(creg|bit)\b[^=]*|barrier\b.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\s*(?:\((.*)\))?\s*((?<=[\s)])[a-zA-Z_]\w*\s*(?:\[.*)?(?:,.*)?)", re.DOTALL)
_WIRE = re.compile(r"([a-zA-Z_]\w*)\s*(?:\[\s*(\d+)\s*\])?")
_HINT = "Decompose the program into rx, ry, rz and cx first."
_REFUSED = {
    "measure": "measurements",
    "reset": "resets",
    "if": "classical control",
    "for": "loops",
    "while": "loops",
    "gate": "definitions of gates",
    "def": "definitions",
    "opaque": "opaque gates",
    "input": "parameters without a value",
    "ctrl": "modifiers of gates",
    "inv": "modifiers of gates",
    "pow": "modifiers of gates",
    "negctrl": "modifiers of gates",
    "gphase": "global phases",
}


def read_qasm(text: str) -> tuple[Circuit, tuple[float, ...]]:
    """Read a program of OpenQASM 2 or 3.

    Returns:
        The circuit, with the qubits of all registers in the order of their declaration, and its angles.

    Raises:
        UsageError: naming the first statement that cannot be represented.
    """
    program = _COMMENT.sub(" ", text)
    if not re.match(r"\s*OPENQASM\s+[23]", program):
        raise UsageError("This is no OpenQASM program: it does not begin with OPENQASM 2.0; or 3.0;")
    reader = _Reader()
    for statement in _statements(program):
        reader.read(statement)
    if not reader.qubits:
        raise UsageError("The program declares no qubits.", "Declare them: qreg q[4]; or qubit[4] q;")
    return Circuit(reader.qubits, tuple(reader.gates)), tuple(reader.angles)


def _statements(program: str) -> Iterator[str]:
    *whole, rest = program.split(";")
    if rest.strip() and "}" not in program:
        raise UsageError(f"The statement '{_short(rest)}' does not end with a semicolon.")
    yield from (statement.strip() for statement in whole if statement.strip())


def _short(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 60 else line[:57] + "..."


class _Reader:
    """Gates and angles as statements come in."""

    def __init__(self) -> None:
        self.registers: dict[str, range] = {}
        self.qubits = 0
        self.gates: list[Gate] = []
        self.angles: list[float] = []

    def read(self, statement: str) -> None:
        if _SILENT.fullmatch(statement):
            return
        if match := _QREG.fullmatch(statement):
            name, count = match[1] or match[4], int(match[2] or match[3] or 1)
            if name in self.registers:
                raise UsageError(f"The register '{name}' is declared twice.")
            self.registers[name] = range(self.qubits, self.qubits + count)
            self.qubits += count
            return
        self._refuse(statement)
        match = _CALL.fullmatch(statement)
        if match is None:
            raise UsageError(f"Cannot read the statement '{_short(statement)}'.")
        self._call(match[1], match[2], match[3])

    def _refuse(self, statement: str) -> None:
        """Refuse by name what an energy of a circuit of rotations and CNOTs has no place for."""
        words = re.findall(r"[a-z]+", statement)
        for word in words[:1] + ["measure"] * ("measure" in words):
            if word in _REFUSED:
                hint = "Remove them: energies are computed, not sampled." if word == "measure" else _HINT
                raise UsageError(f"Circuits here have no {_REFUSED[word]}: '{_short(statement)}'.", hint)

    def _call(self, name: str, given: str | None, operands: str) -> None:
        if name not in KNOWN:
            raise UnknownName("gate", name, KNOWN, _HINT)
        known = KNOWN[name]
        values = [value(part) for part in given.split(",")] if given and given.strip() else []
        if len(values) != known.parameters:
            raise UsageError(f"The gate '{name}' takes {known.parameters} angle(s), here it has {len(values)}.")
        for wires in self._targets(name, operands, known.wires):
            for kind, places, angle in known.expand(values):
                self._append(kind, [wires[place] for place in places], angle)

    def _append(self, kind: str, wires: list[int], angle: float) -> None:
        if kind == "cx":
            self.gates.append(Gate("cx", wires[1], wires[0]))
            return
        self.gates.append(Gate(kind, wires[0]))  # type: ignore[arg-type]
        self.angles.append(angle)

    def _targets(self, name: str, operands: str, count: int) -> list[list[int]]:
        """Return the wires of each call: a whole register stands for one call per qubit."""
        named = [self._wires(operand.strip()) for operand in operands.split(",")]
        if len(named) != count:
            raise UsageError(f"The gate '{name}' acts on {count} qubits, here on {len(named)}: '{_short(operands)}'.")
        calls = max(map(len, named))
        if {len(wires) for wires in named} - {1, calls}:
            raise UsageError(f"The registers of '{name} {_short(operands)}' have different sizes.")
        targets = [[wires[call % len(wires)] for wires in named] for call in range(calls)]
        if any(len(set(wires)) < count for wires in targets):
            raise UsageError(f"The gate '{name}' acts on one qubit twice: '{_short(operands)}'.")
        return targets

    def _wires(self, operand: str) -> range:
        match = _WIRE.fullmatch(operand)
        if match is None or match[1] not in self.registers:
            known = ", ".join(f"{name}[{len(wires)}]" for name, wires in self.registers.items()) or "none"
            raise UsageError(f"'{_short(operand)}' is no qubit.", f"Declared are: {known}.")
        register = self.registers[match[1]]
        if match[2] is None:
            return register
        if int(match[2]) >= len(register):
            raise UsageError(f"'{operand}' does not exist: '{match[1]}' has {len(register)} qubits, from 0.")
        return register[int(match[2]) : int(match[2]) + 1]
