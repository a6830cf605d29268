"""What is remembered of an episode: the sentences it met and the questions it answered.

The log-likelihood of a child is recomputed from these records when its result arrives, so nothing but
numbers and words has to survive between proposing and learning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from automl.core.domains import Domain, Integers, Options, Value
from automl.core.errors import Incompatible

Sentence: TypeAlias = tuple[str, ...]
WHOLE = -1
"""The place of a question about the whole net."""


@dataclass(frozen=True, slots=True)
class Question:
    """One answered question.

    Attributes:
        name: name of the head that answers; `widen` for the question `widen/3`.
        place: the word it speaks of, or `WHOLE`.
        size: number of options in its domain.
        allowed: positions of the options that were open, at least two.
        answer: position of the option that was chosen.
    """

    name: str
    place: int
    size: int
    allowed: tuple[int, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class Step:
    """One edit: the sentence it was made on and the questions in the order they were asked."""

    words: Sentence
    questions: tuple[Question, ...]


Episode: TypeAlias = tuple[Step, ...]
"""The edits that lead from the start net to one child."""


def split_name(name: str) -> tuple[str, int]:
    """Return head and place of a question: ("widen", 3) of `widen/3`; `deepen/block` is about the whole."""
    match = re.fullmatch(r"(.+)/(\d+)", name)
    return (match[1], int(match[2])) if match else (name, WHOLE)


def options_of(name: str, domain: Domain) -> tuple[Value, ...]:
    """Return the options of a domain in order.

    Raises:
        Incompatible: if they cannot be counted; the actors of EAS answer from finite sets.
    """
    if isinstance(domain, Options):
        return domain.values
    if isinstance(domain, Integers):
        return tuple(range(domain.low, domain.high + 1, domain.step))
    raise Incompatible(
        f"The transformation controller cannot answer '{name}': it is asked from a range of reals.",
        "Use the controller hill_climb or evolution.",
    )


def dump_episode(episode: Episode) -> list[Any]:
    """Write an episode as nested lists."""
    return [
        [list(step.words), [[q.name, q.place, q.size, list(q.allowed), q.answer] for q in step.questions]]
        for step in episode
    ]


def load_episode(dumped: Sequence[Any]) -> Episode:
    """Read what `dump_episode` wrote."""
    return tuple(
        Step(
            tuple(words),
            tuple(Question(n, int(p), int(s), tuple(map(int, a)), int(y)) for n, p, s, a, y in asked),
        )
        for words, asked in dumped
    )
