"""Landscapes that were measured by others: a space to search, and the value of each of its candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from automl.core.choices import Choose
from automl.core.domains import Domain, Value
from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer

OBJECTIVES = Objectives.parse(["max:value"])


@dataclass(frozen=True)
class Point:
    """The answers to a fixed list of questions, by name."""

    answers: tuple[tuple[str, Value], ...]


class QuestionSpace(SearchSpace[Point]):
    """Asks the same questions whatever was answered before.

    Args:
        questions: domains by name.
    """

    def __init__(self, questions: Mapping[str, Domain]) -> None:
        self._questions = dict(questions)

    def build(self, choose: Choose) -> Point:
        return Point(tuple((name, choose(name, domain)) for name, domain in self._questions.items()))

    def load(self, json: Any) -> Point:
        return Point(tuple((name, value) for name, value in json["answers"]))


@dataclass(frozen=True)
class Landscape:
    """One table, or one function.

    Attributes:
        name: what it is called.
        space: what is searched.
        value: how good a candidate is; larger is better, and the same at every call.
    """

    name: str
    space: SearchSpace[Any]
    value: Callable[[Any], float]


class Measure(Trainer):
    """Looks values up."""

    accepts = ()
    metrics = {"value": "max"}

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape

    def fingerprint(self) -> str:
        return self._landscape.name

    def train(self, candidate: Any, *, effort: float, weights: Any, seed: int, report: Any) -> Outcome:
        return Outcome({"value": self._landscape.value(candidate)})
