"""Circuits drawn as SVG, with colours that can be read on light and on dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.formats.layers import Drawn, columns

WIDTH = 960
"""Pixels of the picture; a longer circuit goes on below."""

_STEP, _LINE, _MARGIN = 58, 52, 16
_LABEL, _BOX, _HEIGHT, _BETWEEN, _END = 34, 50, 36, 26, 8
_WIRE, _CNOT, _INK = "#8a94a3", "#7c5cbf", "#ffffff"
_FILLS = {"rx": "#c2443f", "ry": "#2f6fb3", "rz": "#2e8540"}
"""Fills with white text on them: at least 4.5 to 1, as WCAG 2 asks."""


def draw_svg(circuit: Circuit, angles: Sequence[float], width: int = WIDTH, title: str = "") -> str:
    """Return the circuit as a picture.

    Args:
        circuit: the circuit.
        angles: its angles in radians.
        width: pixels at most, unless not even one gate fits.
        title: what a screen reader says; empty for the counts of gates.
    """
    gates = columns(circuit, angles)
    per_row = max(1, (width - 2 * _MARGIN - _LABEL - _END) // _STEP)
    rows = [gates[start : start + per_row] for start in range(0, len(gates), per_row)] or [[]]
    row_height = circuit.qubits * _LINE + _BETWEEN
    across = 2 * _MARGIN + _LABEL + _STEP * max(1, *map(len, rows)) + _END
    down = 2 * _MARGIN + len(rows) * row_height - _BETWEEN
    name = escape(title or f"Circuit of {circuit.qubits} qubits, {circuit.rotations} rotations, {circuit.cnots} CNOTs")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}"'
        f' role="img" aria-label="{name}" font-family="system-ui, sans-serif" text-anchor="middle">',
        f"<title>{name}</title>",
    ]
    for place, row in enumerate(rows):
        top = _MARGIN + place * row_height
        parts.append(f'<g transform="translate({_MARGIN} {top})">')
        parts.extend(_wires(circuit.qubits, len(row), (place > 0, place + 1 < len(rows))))
        for column, drawn in enumerate(row):
            parts.extend(_gate(one, _LABEL + column * _STEP + _STEP // 2) for one in drawn)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _wires(qubits: int, steps: int, goes_on: tuple[bool, bool]) -> Iterator[str]:
    """Yield the wires of one row with their labels; dots at an end mean that the circuit goes on."""
    start, end = _LABEL, _LABEL + max(1, steps) * _STEP + 4
    for wire in range(qubits):
        y = _height(wire)
        yield f'<text x="12" y="{y + 5}" font-size="14" fill="{_WIRE}">q{wire}</text>'
        yield f'<path d="M{start} {y}H{end}" stroke="{_WIRE}" stroke-width="1.5"/>'
        for dotted, at in zip(goes_on, (start - 8, end + 2), strict=True):
            if dotted:
                yield f'<path d="M{at} {y}h8" stroke="{_WIRE}" stroke-width="1.5" stroke-dasharray="2 2"/>'


def _gate(drawn: Drawn, x: int) -> str:
    return _rotation(drawn, x) if drawn.gate.turns else _joined(drawn, x)


def _rotation(drawn: Drawn, x: int) -> str:
    gate = drawn.gate
    y = _height(gate.qubit)
    return (
        f'<g fill="{_INK}"><title>{gate.kind.upper()}({drawn.angle}) on qubit {gate.qubit}</title>'
        f'<rect x="{x - _BOX // 2}" y="{y - _HEIGHT // 2}" width="{_BOX}" height="{_HEIGHT}" rx="5"'
        f' fill="{_FILLS[gate.kind]}"/>'
        f'<text x="{x}" y="{y - 2}" font-size="13" font-weight="600">{gate.kind.upper()}</text>'
        f'<text x="{x}" y="{y + 12}" font-size="11">{drawn.angle}</text></g>'
    )


def _joined(drawn: Drawn, x: int) -> str:
    gate = drawn.gate
    control, target = (_height(wire) for wire in gate.wires)
    end = target + (11 if target > control else -11)
    return (
        f'<g stroke="{_CNOT}" stroke-width="2" fill="none">'
        f"<title>CNOT from qubit {gate.control} to {gate.qubit}</title>"
        f'<path d="M{x} {control}V{end}M{x - 11} {target}h22"/>'
        f'<circle cx="{x}" cy="{target}" r="11"/>'
        f'<circle cx="{x}" cy="{control}" r="4.5" fill="{_CNOT}"/></g>'
    )


def _height(wire: int) -> int:
    return wire * _LINE + _LINE // 2
