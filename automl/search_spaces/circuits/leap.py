"""A far change of a circuit: up to four blocks more at once, each a CNOT and a rotation on either of its wires.

A CNOT alone mostly gains nothing, and under noise or with a price it costs: what pays is several of them, each with
rotations after it. No path of single gates leads there without a detour over circuits that are worse by more than a
walk would accept. A leap takes all the gates at once; what it took too many is removed one by one afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl.core.choices import Choose
from automl.core.domains import Domain, Integers, Value
from automl.search_spaces.circuits.draft import Draft
from automl.search_spaces.circuits.redundancy import reduced, sites

_MOST_BLOCKS = 4
_BLOCK = 3
"""Gates of a block."""


def can_leap(draft: Draft) -> bool:
    """Tell whether there is room for a block, and a CNOT that is not redundant."""
    return draft.room >= _BLOCK and bool(draft.bridgeable)


def leap(draft: Draft, choose: Choose) -> list[int]:
    """Return the gates with some blocks more, without redundant ones.

    Asks `blocks`, how many, and for block i `cnot/i`, `control/i` and `target/i` (the rotations on its wires, of those
    that do not commute with it) and `site/i` (before which gate to insert).
    """
    rules, most = draft.rules, min(_MOST_BLOCKS, draft.room // _BLOCK)
    blocks: int = choose("blocks", Integers(1, _MOST_BLOCKS), allowed=range(1, most + 1))
    for number in range(blocks):
        draft = Draft(rules, reduced(rules.redundancy, _with_block(draft, _numbered(choose, number))))
    return draft.numbers


def _with_block(draft: Draft, choose: Choose) -> list[int]:
    cnot = draft.choose_cnot(choose, draft.bridgeable)
    gate, gates = draft.order.gates[cnot], draft.order.gates
    turns = [
        draft.choose_turn(choose, name, [turn for turn in draft.rules.across[cnot] if gates[turn].qubit == wire])
        for name, wire in (("control", gate.control), ("target", gate.qubit))
    ]
    site = draft.choose_site(choose, sites(draft.order, draft.numbers, cnot))
    return [*draft.numbers[:site], cnot, *turns, *draft.numbers[site:]]


def _numbered(choose: Choose, number: int) -> Choose:
    """Ask the same questions under names of their own."""

    def ask(name: str, domain: Domain | range | Sequence[Value], *, allowed: Sequence[Value] | None = None) -> Any:
        return choose(f"{name}/{number}", domain, allowed=allowed)

    return ask
