"""Programs of hyperparameters: what an algorithm asks, and its answers without a search.

A program asks for the hyperparameters of one algorithm by their own names and skips those that are not in force:

    def build(ask):
        if ask("schedule", ("constant", "linear")) == "linear":
            ask("decay", Reals(0.05, 1.0))

The space puts the name of the algorithm before each of them. What was asked, with the answers, is the candidate: so the
same program draws a candidate, checks one, and makes the default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from automl.core.domains import Domain, Options, Reals, Value, as_domain
from automl.core.errors import InvalidCandidate

Asked: TypeAlias = dict[str, Value]

LIBRARY = "morl_baselines"
"""The package of all algorithms that are not this project's own."""


class Ask(Protocol):
    """Ask for one hyperparameter: `ask("learning_rate", Reals(0.01, 1.0, log=True))`."""

    def __call__(self, name: str, domain: Domain | range | Sequence[Value], /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm as the space knows it.

    Attributes:
        name: its name.
        build: the program of its hyperparameters.
        default: the values that one would take without a search, of all hyperparameters that the default needs.
        actions: kinds of actions that it can choose from: "discrete", "continuous".
        observations: kinds of observations that it can read.
        package: what must be installed besides, by the name under which it is imported; "" for nothing.
    """

    name: str
    build: Callable[[Ask], object]
    default: Mapping[str, Value]
    actions: tuple[str, ...] = ("discrete",)
    observations: tuple[str, ...] = ("discrete", "continuous")
    package: str = ""


def asked(algorithm: Algorithm, answer: Callable[[str, Domain], Value]) -> Asked:
    """Run a program; return its questions with the answers, in order."""
    answers: Asked = {}

    def ask(name: str, domain: Domain | range | Sequence[Value], /) -> Value:
        answers[name] = answer(name, as_domain(domain))
        return answers[name]

    algorithm.build(ask)
    return answers


def unsearched(algorithm: Algorithm, held: Mapping[str, Value]) -> Asked:
    """Run a program as one would without a search, but for what is held.

    Where that leads down a branch for which the default has no answer, the middle of the range stands in.
    """
    answers = {**algorithm.default, **held}
    return asked(algorithm, lambda name, domain: answers[name] if name in answers else _middle(domain))


def given(algorithm: Algorithm, values: Mapping[str, Value]) -> Asked:
    """Run a program with known answers.

    Raises:
        InvalidCandidate: if a value is missing, outside its domain, or not asked for.
    """

    def answer(name: str, domain: Domain) -> Value:
        if name not in values:
            raise InvalidCandidate(
                f"{algorithm.name} needs the hyperparameter '{name}'.", f"Give a value from {in_words(domain)}."
            )
        value = read_as(values[name], domain)
        if value not in domain:
            raise InvalidCandidate(
                f"{name}={values[name]!r} is no value of {algorithm.name}.", f"Give a value from {in_words(domain)}."
            )
        return value

    answers = asked(algorithm, answer)
    unknown = sorted(set(values) - set(answers))
    if unknown:
        raise InvalidCandidate(
            f"{algorithm.name} has no use for {', '.join(unknown)} here.",
            f"In force are: {', '.join(answers)}.",
        )
    return answers


def read_as(value: Value, domain: Domain) -> Value:
    """Read a whole number where a real one is asked for, as people write `1` for `1.0`."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and isinstance(domain, Reals) else value  # type: ignore[arg-type]


def in_words(domain: Domain) -> str:
    """Return what a domain holds, for a message."""
    if isinstance(domain, Options):
        return ", ".join(map(str, domain.values))
    return f"{domain.low:g} to {domain.high:g}"


def _middle(domain: Domain) -> Value:
    """Return the middle of a range on its own scale; of alternatives the first."""
    if isinstance(domain, Options):
        return domain.values[0]
    low, high = float(domain.low), float(domain.high)
    middle = math.sqrt(low * high) if domain.log else (low + high) / 2
    if isinstance(domain, Reals):
        return middle
    return domain.low + domain.step * round((middle - domain.low) / domain.step)


def horizon(gamma: float) -> float:
    """Return the time scale 1 / (1 - gamma) of a discount, in steps: what is searched, on a logarithmic scale."""
    return math.inf if gamma >= 1 else 1 / (1 - gamma)
