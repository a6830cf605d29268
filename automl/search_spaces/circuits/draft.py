"""The circuit that a change starts from, and what changes ask about it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

from automl.core.choices import Choose
from automl.core.domains import Integers, Options
from automl.search_spaces.circuits.gates import Gate
from automl.search_spaces.circuits.redundancy import has_site, reduced
from automl.search_spaces.circuits.rules import Rules


@lru_cache(maxsize=256)
def draft_of(rules: Rules, gates: tuple[Gate, ...]) -> Draft:
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

    def choose_turn(self, choose: Choose, name: str, among: Iterable[int]) -> int:
        """Ask, by that name, for a rotation of the alphabet."""
        return self._choose(choose, name, self.rules.gate_names, among)

    def _choose(self, choose: Choose, name: str, domain: Options, among: Iterable[int]) -> int:
        texts = self.order.texts
        return self.rules.named[choose(name, domain, allowed=[texts[number] for number in among])]
