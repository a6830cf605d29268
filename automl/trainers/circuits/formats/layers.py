"""Where gates stand in a picture: columns in which no gate lies under the line of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi

from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate

DENOMINATORS = (1, 2, 3, 4, 6, 8)
NEAR = 5e-4
"""Angles are shown to three decimals; so near to a fraction of pi they are shown as it."""

LARGE = 1000
"""Radians from which three decimals would not fit into a box."""


@dataclass(frozen=True)
class Drawn:
    """A gate and the text of its angle, empty for a CNOT."""

    gate: Gate
    angle: str


def columns(circuit: Circuit, angles: Sequence[float]) -> list[list[Drawn]]:
    """Return the gates by column, each as far left as its wires and those it crosses allow."""
    ready, rest = [0] * circuit.qubits, iter(angles)
    found: list[list[Drawn]] = []
    for gate in circuit.gates:
        crossed = range(min(gate.wires), max(gate.wires) + 1)
        column = max(ready[wire] for wire in crossed)
        for wire in crossed:
            ready[wire] = column + 1
        if column == len(found):
            found.append([])
        found[column].append(Drawn(gate, short(next(rest)) if gate.turns else ""))
    return found


def short(angle: float) -> str:
    """Write an angle for people: a simple fraction of pi, or radians to three decimals."""
    for denominator in DENOMINATORS:
        numerator = round(angle / pi * denominator)
        if abs(numerator * pi / denominator - angle) < NEAR and abs(numerator) <= 4 * denominator:
            return _of_pi(Fraction(numerator, denominator))
    text = f"{angle:.3f}" if abs(angle) < LARGE else f"{angle:.3g}"
    return ("−" if angle < 0 else "") + text.removeprefix("-")


def _of_pi(turns: Fraction) -> str:
    if turns == 0:
        return "0"
    sign, factor = "−" if turns < 0 else "", abs(turns.numerator)
    below = "" if turns.denominator == 1 else f"/{turns.denominator}"
    return f"{sign}{'' if factor == 1 else factor}π{below}"
