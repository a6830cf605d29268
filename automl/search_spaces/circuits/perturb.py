"""One change of a circuit: the neighbours among which an annealing walk chooses, and where it leaps to (`leap`).

Every change is a function `(draft, choose) -> gates` in a table beside the condition under which it is offered. The
result is reduced, which may take more gates away (a rotation removed from between two CNOTs takes these along), and
brought into normal order. No change gives the circuit back that it started from.

    add       a gate anywhere                     bridge    CNOT, rotation, CNOT: nothing while its angle is 0
    remove    a gate                              wrap      a CNOT before and after a rotation
    replace   a gate by any other                 unwrap    the reverse: two equal CNOTs less
    turn      a rotation by one about another axis
    rewire    a gate by one of its kind on other wires
    move      a gate past others that it does not commute with
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from automl.core.choices import Choose
from automl.core.domains import Options
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.draft import Draft, draft_of
from automl.search_spaces.circuits.leap import can_leap, leap
from automl.search_spaces.circuits.redundancy import fitting, reduced, sites
from automl.search_spaces.circuits.rules import Rules

Change: TypeAlias = Callable[[Draft, Choose], list[int]]

REACHES = Options(("near", "far"))
"""How far a change goes: to a neighbour, or further."""


def perturb(rules: Rules, parent: Circuit, choose: Choose) -> Circuit:
    """Return a neighbour of a circuit, or a circuit further away.

    Asks `reach` first. If it is near: `change`, and then some of `place` (of a gate), `site` (before which gate to
    insert), `gate` and `cnot`. If it is far: what `leap` asks.
    """
    draft = draft_of(rules, parent.gates)
    if choose("reach", REACHES, allowed=REACHES.values if can_leap(draft) else ("near",)) == "far":
        return rules.circuit(leap(draft, choose))
    offered = [name for name, (possible, _) in CHANGES.items() if possible(draft)]
    change = choose("change", _NAMES, allowed=offered)
    return rules.circuit(reduced(rules.redundancy, CHANGES[change][1](draft, choose)))


def _add(draft: Draft, choose: Choose) -> list[int]:
    number = draft.choose_gate(choose, draft.addable)
    site = draft.choose_site(choose, sites(draft.order, draft.numbers, number))
    return [*draft.numbers[:site], number, *draft.numbers[site:]]


def _remove(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, range(len(draft.numbers)))
    return draft.numbers[:place] + draft.numbers[place + 1 :]


def _replace(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, range(len(draft.numbers)))
    return _exchange(draft, choose, place, draft.rules.numbers)


def _turn(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, draft.turns)
    wire, gates = draft.order.gates[draft.numbers[place]].qubit, draft.order.gates
    return _exchange(draft, choose, place, (n for n in draft.rules.numbers if gates[n].wires == (wire,)))


def _rewire(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, range(len(draft.numbers)))
    kind, gates = draft.order.gates[draft.numbers[place]].kind, draft.order.gates
    return _exchange(draft, choose, place, (n for n in draft.rules.numbers if gates[n].kind == kind))


def _exchange(draft: Draft, choose: Choose, place: int, among: Iterable[int]) -> list[int]:
    """Put another gate in the place of one; one that would merge with its neighbours only if there is no better."""
    before, after = draft.numbers[:place], draft.numbers[place + 1 :]
    others = [number for number in among if number != draft.numbers[place]]
    fit = fitting(draft.order, before + after, place, others)
    return [*before, draft.choose_gate(choose, fit or others), *after]


def _move(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, draft.movable)
    number, rest = draft.numbers[place], draft.numbers[:place] + draft.numbers[place + 1 :]
    borders = [at for at, n in enumerate(rest) if draft.order.dependents[number] >> n & 1]
    here = next((at for at in borders if at >= place), len(rest))
    fit = [at for at in sites(draft.order, rest, number) if at != here]
    site = draft.choose_site(choose, fit or [at for at in (*borders, len(rest)) if at != here])
    return [*rest[:site], number, *rest[site:]]


def _wrap(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, draft.wraps)
    cnot = draft.choose_cnot(choose, draft.wraps[place])
    return [*draft.numbers[:place], cnot, draft.numbers[place], cnot, *draft.numbers[place + 1 :]]


def _unwrap(draft: Draft, choose: Choose) -> list[int]:
    place = draft.choose_place(choose, draft.pairs)
    other = draft.numbers.index(draft.numbers[place], place + 1)
    return [number for at, number in enumerate(draft.numbers) if at not in (place, other)]


def _bridge(draft: Draft, choose: Choose) -> list[int]:
    cnot = draft.choose_cnot(choose, draft.bridgeable)
    turn = draft.choose_gate(choose, draft.rules.across[cnot])
    site = draft.choose_site(choose, sites(draft.order, draft.numbers, cnot))
    return [*draft.numbers[:site], cnot, turn, cnot, *draft.numbers[site:]]


CHANGES: Mapping[str, tuple[Callable[[Draft], bool], Change]] = {
    "add": (lambda draft: draft.room >= 1, _add),
    "remove": (lambda draft: bool(draft.numbers), _remove),
    "replace": (lambda draft: bool(draft.numbers), _replace),
    "turn": (lambda draft: bool(draft.turns), _turn),
    "rewire": (lambda draft: bool(draft.numbers) and draft.rules.qubits > 1, _rewire),
    "move": (lambda draft: bool(draft.movable), _move),
    "wrap": (lambda draft: draft.room >= 2 and bool(draft.wraps), _wrap),
    "unwrap": (lambda draft: bool(draft.pairs), _unwrap),
    "bridge": (lambda draft: draft.room >= 3 and bool(draft.bridgeable), _bridge),
}
"""Each change by name: when it is offered, and what it does."""
_NAMES = Options(tuple(CHANGES))
