"""One small change of a circuit: the neighbours among which an annealing walk chooses.

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
from functools import cached_property, lru_cache
from typing import TypeAlias

from automl.core.choices import Choose
from automl.core.domains import Integers, Options
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate
from automl.search_spaces.circuits.redundancy import fitting, has_site, reduced, sites
from automl.search_spaces.circuits.rules import Rules

Change: TypeAlias = "Callable[[Draft, Choose], list[int]]"


def perturb(rules: Rules, parent: Circuit, choose: Choose) -> Circuit:
    """Return a neighbour of a circuit.

    Asks `change`, and then some of `place` (of a gate), `site` (before which gate to insert), `gate` and `cnot`.
    """
    draft = _draft(rules, parent.gates)
    offered = [name for name, (possible, _) in CHANGES.items() if possible(draft)]
    change = choose("change", _NAMES, allowed=offered)
    return rules.circuit(reduced(rules.redundancy, CHANGES[change][1](draft, choose)))


@lru_cache(maxsize=256)
def _draft(rules: Rules, gates: tuple[Gate, ...]) -> Draft:
    """Return the draft of a circuit; a walk that keeps declining asks for the same one again and again."""
    return Draft(rules, reduced(rules.redundancy, rules.order.numbers(gates)))


class Draft:
    """The circuit that a change starts from, as numbers, and what changes ask about it."""

    def __init__(self, rules: Rules, numbers: list[int]) -> None:
        self.rules = rules
        self.numbers = numbers
        self.order = rules.redundancy
        self.room = rules.max_gates - len(numbers)
        self.present = 0
        """The circuit's gates as bits."""
        for number in numbers:
            self.present |= 1 << number

    @cached_property
    def turns(self) -> list[int]:
        """Places of rotations."""
        turns = self.order.turns
        return [place for place, number in enumerate(self.numbers) if turns[number]]

    @cached_property
    def movable(self) -> list[int]:
        """Places of gates that depend on another one of the circuit."""
        return [place for place, n in enumerate(self.numbers) if self.order.dependents[n] & self.present & ~(1 << n)]

    @cached_property
    def wraps(self) -> dict[int, list[int]]:
        """For each place of a rotation the CNOTs that can be put around it."""
        wakers, before, found = self.order.wakers, 0, dict[int, list[int]]()
        for place, number in enumerate(self.numbers):
            before |= 1 << number
            if self.order.turns[number]:
                here = [cnot for cnot in self.rules.across[number] if not wakers[cnot] or wakers[cnot] & before]
                found.update({place: here} if here else {})
        return found

    @cached_property
    def pairs(self) -> list[int]:
        """Places of CNOTs that have an equal one after them."""
        later, found = 0, list[int]()
        for place in reversed(range(len(self.numbers))):
            number = self.numbers[place]
            if later >> number & 1 and not self.order.turns[number]:
                found.append(place)
            later |= 1 << number
        return found[::-1]

    @cached_property
    def bridgeable(self) -> list[int]:
        """CNOTs that are not redundant somewhere."""
        return self._placeable(self.rules.cnots)

    @cached_property
    def addable(self) -> list[int]:
        """Gates that are not redundant somewhere."""
        return self._placeable(self.rules.numbers)

    def _placeable(self, among: Iterable[int]) -> list[int]:
        return [number for number in among if has_site(self.order, self.numbers, self.present, number)]

    def choose_place(self, choose: Choose, places: Iterable[int]) -> int:
        """Ask for the place of a gate."""
        place: int = choose("place", Integers(0, self.rules.max_gates - 1), allowed=list(places))
        return place

    def choose_site(self, choose: Choose, places: Iterable[int]) -> int:
        """Ask for the gate before which to insert; one more than the last place is the end."""
        place: int = choose("site", Integers(0, self.rules.max_gates), allowed=list(places))
        return place

    def choose_gate(self, choose: Choose, among: Iterable[int]) -> int:
        """Ask for a gate of the alphabet."""
        return self._choose(choose, "gate", self.rules.gate_names, among)

    def choose_cnot(self, choose: Choose, among: Iterable[int]) -> int:
        """Ask for a CNOT of the alphabet."""
        return self._choose(choose, "cnot", self.rules.cnot_names, among)

    def _choose(self, choose: Choose, name: str, domain: Options, among: Iterable[int]) -> int:
        texts = self.order.texts
        return self.rules.named[choose(name, domain, allowed=[texts[number] for number in among])]


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
