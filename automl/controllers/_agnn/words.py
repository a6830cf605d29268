"""A trace as a sentence: one word per choice, in the order in which the choices were asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from automl.controllers._agnn.alternatives import alternatives
from automl.core.choices import group_of
from automl.core.domains import Domain, Value


@dataclass(frozen=True, slots=True)
class Word:
    """One answered question, as a policy reads it.

    Attributes:
        name: of the choice.
        size: how many alternatives its domain has.
        answer: the alternative that was taken.
        open: the alternatives that were allowed.
        decided: True where the policy took the decision and can learn from it.
    """

    name: str
    size: int
    answer: int
    open: tuple[int, ...]
    decided: bool = False

    @property
    def group(self) -> str:
        """The class of actions that the choice belongs to."""
        return group_of(self.name)

    @property
    def kind(self) -> str:
        """What the choice shares weights with: its class, among domains of the same size."""
        return _kind(self.name, self.size)


@lru_cache(maxsize=65536)
def _kind(name: str, size: int) -> str:
    return f"{group_of(name)}:{size}"


Sentence: TypeAlias = tuple[Word, ...]


def word(name: str, domain: Domain, value: Value, opened: tuple[int, ...]) -> Word:
    """Return an answered question as a word."""
    known = alternatives(domain)
    return Word(name, known.size, known.index(value), opened)


def dump_sentence(sentence: Iterable[Word]) -> list[Any]:
    """Write a sentence as JSON; of what was open, all is written as an empty list."""
    return [[w.name, w.size, w.answer, [] if len(w.open) == w.size else list(w.open), w.decided] for w in sentence]


def load_sentence(json: Iterable[Any]) -> Sentence:
    """Read a sentence back."""
    return tuple(
        Word(name, size, answer, tuple(opened or range(size)), decided) for name, size, answer, opened, decided in json
    )
