"""The inner states of an environment, by number: which one it is in, and back to one of them.

Most attributes of an environment never change: maps, sizes, prizes. Those that a walk has seen change make the state;
the others are compared with what they were from time to time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

from automl.trainers.morl.tabular.snapshot import copied, frozen, same

_Kept: TypeAlias = tuple[int, Any]
"""A value of an attribute and its number."""
_UNKNOWN: _Kept = (-1, ...)


class States:
    """Numbers of the states that were met.

    Args:
        environment: whose states.
        names: attributes that make a state.
        still: attributes that are relied on not to change.
    """

    def __init__(self, environment: Any, names: Sequence[str], still: Sequence[str] = ()) -> None:
        self._attributes: dict[str, Any] = vars(environment)
        self._places = tuple(enumerate(names))
        self._still = {name: copied(self._attributes[name]) for name in still}
        self._snapshots: list[tuple[_Kept, ...]] = []
        self._current = [_UNKNOWN] * len(self._places)
        """What the environment's attributes are now, as far as that is known."""
        self._numbers: dict[Hashable, int] = {}
        self._kept: dict[Hashable, _Kept] = {}

    def __len__(self) -> int:
        """Return how many were met."""
        return len(self._snapshots)

    def number(self, seen: bytes) -> int:
        """Return the number of the state that the environment is in now, which shows so much of itself."""
        attributes, current = self._attributes, self._current
        for place, name in self._places:
            value = attributes[name]
            if not same(value, current[place][1]):
                current[place] = self._interned(value)
        key = (seen, *[number for number, _ in current])
        found = self._numbers.setdefault(key, len(self._snapshots))
        if found == len(self._snapshots):
            self._snapshots.append(tuple(current))
        return found

    def go_to(self, state: int) -> None:
        """Set the environment back to a state."""
        current = self._current
        for (place, name), wanted in zip(self._places, self._snapshots[state], strict=True):
            if current[place][0] != wanted[0]:
                self._attributes[name] = copied(wanted[1])
                current[place] = wanted

    @property
    def moving(self) -> list[str]:
        """The attributes that have had more than one value."""
        columns = zip(*self._snapshots, strict=True)
        numbers = [{number for number, _ in column} for column in columns]
        return [name for (_, name), met in zip(self._places, numbers, strict=True) if len(met) > 1]

    def hold_still(self) -> bool:
        """Say whether the attributes that are relied on not to change are what they were."""
        return all(
            same(self._attributes[name], value) or frozen(self._attributes[name]) == frozen(value)
            for name, value in self._still.items()
        )

    def _interned(self, value: Any) -> _Kept:
        """Return a number for a value, and one copy for all snapshots in which it is the same."""
        key = frozen(value)
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = (len(self._kept), copied(value))
        return known
