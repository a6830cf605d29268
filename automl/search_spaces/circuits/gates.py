"""The gates of a circuit: rotations about X, Y, Z and the CNOT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from automl.core.errors import InvalidCandidate

Kind: TypeAlias = Literal["rx", "ry", "rz", "cx"]
KINDS: tuple[Kind, ...] = ("rx", "ry", "rz", "cx")

_TURNS: Mapping[str | None, Kind] = {kind: kind for kind in KINDS if kind != "cx"}
_TEXT = re.compile(r"(rx|ry|rz)(\d+)|(cx)(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate; the angle of a rotation is not part of it but a weight.

    Attributes:
        kind: `rx`, `ry`, `rz`: exp(-i angle P / 2) with P = X, Y, Z; `cx`: X on `qubit` where `control` is 1.
        qubit: the rotated qubit, or the target of a CNOT.
        control: the control of a CNOT; None for a rotation.
    """

    kind: Kind
    qubit: int
    control: int | None = None

    @property
    def wires(self) -> tuple[int, ...]:
        """The qubits the gate acts on; the control of a CNOT comes first."""
        return (self.qubit,) if self.control is None else (self.control, self.qubit)

    @property
    def turns(self) -> bool:
        """Whether it is a rotation and so has an angle."""
        return self.control is None

    def __str__(self) -> str:
        """Return the gate as `ry3`, or `cx0-2` with the control first."""
        return f"{self.kind}{self.qubit}" if self.control is None else f"cx{self.control}-{self.qubit}"


def gate(text: str) -> Gate:
    """Read a gate as `str` writes it.

    Raises:
        InvalidCandidate: if the text is no gate.
    """
    if not isinstance(text, str):
        raise _no_gate(text)
    return _gate(text)


@lru_cache(maxsize=4096)
def _gate(text: str) -> Gate:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise _no_gate(text)
    kind, qubit, _, control, target = match.groups()
    turn = _TURNS.get(kind)
    return Gate(turn, int(qubit)) if turn else Gate("cx", int(target), int(control))


def _no_gate(given: object) -> InvalidCandidate:
    return InvalidCandidate(f"{given!r} is no gate.", "Gates are written rx0, ry0, rz0 and cx0-1 (control, target).")
