"""Gates of other programs as rotations and CNOTs, each up to a global phase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi
from typing import TypeAlias

Step: TypeAlias = tuple[str, tuple[int, ...], float]
"""Kind of gate, places among the operands, angle (0 where it has none)."""


@dataclass(frozen=True)
class Known:
    """A gate: how many angles it takes, on how many qubits it acts, and what it becomes."""

    parameters: int
    wires: int
    expand: Callable[[Sequence[float]], Sequence[Step]]


def _fixed(*steps: Step, wires: int = 1) -> Known:
    return Known(0, wires, lambda _: steps)


def _turn(kind: str) -> Known:
    return Known(1, 1, lambda angles: [(kind, (0,), angles[0])])


def _euler(theta: float, phi: float, lam: float) -> list[Step]:
    """U(theta, phi, lambda) = Rz(phi) Ry(theta) Rz(lambda) (OpenQASM 2, section 2)."""
    return [("rz", (0,), lam), ("ry", (0,), theta), ("rz", (0,), phi)]


def _hadamard(wire: int) -> tuple[Step, Step]:
    """H = X Ry(pi / 2)."""
    return ("ry", (wire,), pi / 2), ("rx", (wire,), pi)


_CX = _fixed(("cx", (0, 1), 0.0), wires=2)
_U3 = Known(3, 1, lambda angles: _euler(*angles))

KNOWN = {
    **{name: _turn(name) for name in ("rx", "ry", "rz")},
    **{name: _turn("rz") for name in ("p", "u1", "phase")},
    **dict.fromkeys(("cx", "CX", "cnot"), _CX),
    **dict.fromkeys(("u3", "u", "U"), _U3),
    "u2": Known(2, 1, lambda angles: _euler(pi / 2, *angles)),
    "id": _fixed(),
    "x": _fixed(("rx", (0,), pi)),
    "y": _fixed(("ry", (0,), pi)),
    "z": _fixed(("rz", (0,), pi)),
    "s": _fixed(("rz", (0,), pi / 2)),
    "sdg": _fixed(("rz", (0,), -pi / 2)),
    "t": _fixed(("rz", (0,), pi / 4)),
    "tdg": _fixed(("rz", (0,), -pi / 4)),
    "sx": _fixed(("rx", (0,), pi / 2)),
    "sxdg": _fixed(("rx", (0,), -pi / 2)),
    "h": _fixed(*_hadamard(0)),
    "cz": _fixed(*_hadamard(1), ("cx", (0, 1), 0.0), *_hadamard(1), wires=2),
    "swap": _fixed(("cx", (0, 1), 0.0), ("cx", (1, 0), 0.0), ("cx", (0, 1), 0.0), wires=2),
}
"""By their names in OpenQASM."""
