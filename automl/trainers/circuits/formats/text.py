"""Circuits drawn with characters.

q0 ─RY(π/2)─●─────────
            │
q1 ─────────⊕─RZ(0.3)─
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.formats.layers import Drawn, columns

WIDTH = 100


def draw_text(circuit: Circuit, angles: Sequence[float], width: int = WIDTH) -> str:
    """Return the circuit as lines of text.

    Args:
        circuit: the circuit.
        angles: its angles in radians, shown as fractions of pi where they are, to three decimals where not.
        width: characters per line; a longer circuit goes on below, and dots mark where.
    """
    labels = [f"q{wire} " for wire in range(circuit.qubits)]
    indent = max(map(len, labels), default=0)
    blocks = _wrapped([_cells(column, circuit.qubits) for column in columns(circuit, angles)], width - indent - 4)
    parts = []
    for place, block in enumerate(blocks):
        before, after = "┄" if place else "─", "┄" if place + 1 < len(blocks) else "─"
        parts.append(_lines(block, labels, indent, (before, after)))
    return "\n\n".join(parts)


def _cells(column: Sequence[Drawn], qubits: int) -> list[str]:
    """Return what stands on each wire (even places) and between wires (odd places), all of one width."""
    cells = [""] * (2 * qubits - 1)
    for drawn in column:
        gate = drawn.gate
        if gate.control is None:
            cells[2 * gate.qubit] = f"{gate.kind.upper()}({drawn.angle})"
            continue
        for row in range(2 * min(gate.wires) + 1, 2 * max(gate.wires)):
            cells[row] = "│" if row % 2 else "┼"
        cells[2 * gate.control], cells[2 * gate.qubit] = "●", "⊕"
    width = max(map(len, cells))
    return [cell.center(width, " " if row % 2 else "─") for row, cell in enumerate(cells)]


def _wrapped(cells: Sequence[list[str]], width: int) -> list[list[list[str]]]:
    """Return the columns in blocks that fit, at least one column in each."""
    blocks: list[list[list[str]]] = [[]]
    used = 0
    for column in cells:
        needed = len(column[0]) + 1
        if blocks[-1] and used + needed > width:
            blocks.append([])
            used = 0
        blocks[-1].append(column)
        used += needed
    return blocks


def _lines(block: Sequence[list[str]], labels: Sequence[str], indent: int, ends: tuple[str, str]) -> str:
    lines = []
    for row in range(2 * len(labels) - 1):
        if row % 2:
            lines.append((" " * (indent + 2) + " ".join(column[row] for column in block)).rstrip())
        else:
            gates = "─".join(column[row] for column in block)
            lines.append(labels[row // 2].ljust(indent) + ends[0] + "─" + gates + "─" + ends[1])
    return "\n".join(lines)
