"""Running a program of choices and keeping its trace.

A space is a program that calls `choose(name, domain)`. Whoever answers, the run leaves a *trace*: the named
choices in the order they were asked. The trace is the Optuna parameter set, the genome of evolution and the action
sequence of a policy.

    candidate, trace = run(space.build, at_random(rng))            # sample
    candidate, trace = run(space.build, replay(trace, otherwise))  # the same candidate again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from automl.core.domains import Domain, Value, as_domain
from automl.core.errors import InvalidCandidate

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answered question: the value and the domain it was chosen from."""

    value: Value
    domain: Domain


Trace: TypeAlias = Mapping[str, Choice]


class Choose(Protocol):
    """The function a program asks: `choose("layer3/width", [8, 16, 32])`.

    `name` is unique within one run and always asks from the same domain. `allowed` narrows the answer to a part of
    the domain (an edit that would break a limit is not offered), while the domain itself stays as it is.
    """

    def __call__(
        self,
        name: str,
        domain: Domain | range | Sequence[Value],
        *,
        allowed: Sequence[Value] | None = None,
    ) -> Any: ...


Program: TypeAlias = Callable[[Choose], Any]
"""What asks through `choose` and returns what it has built: a function, or a class whose constructor takes `choose`.

A setting of this type is a program of the user's: "module:name" as text, or from Python the object itself
(`automl.core.programs`)."""


class Answer(Protocol):
    """Whoever answers. `allowed` is None where the whole domain is; otherwise it holds two values or more.

    An answer outside `allowed` is moved to the nearest allowed value, so that an answerer that cannot mask (an
    Optuna sampler) still works; one that can (a policy) should.
    """

    def __call__(self, name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value: ...


def run(program: Callable[[Choose], C], answer: Answer) -> tuple[C, dict[str, Choice]]:
    """Run a program of choices; return what it built and the trace of its choices."""
    trace: dict[str, Choice] = {}

    def choose(
        name: str,
        domain: Domain | range | Sequence[Value],
        *,
        allowed: Sequence[Value] | None = None,
    ) -> Any:
        if name in trace:
            raise InvalidCandidate(f"The program asks '{name}' twice in one run.")
        asked = as_domain(domain)
        value = _settle(name, asked, allowed, answer)
        trace[name] = Choice(value, asked)
        return value

    return program(choose), trace


def _settle(name: str, domain: Domain, allowed: Sequence[Value] | None, answer: Answer) -> Value:
    """Ask only what is open, and hold the answer to the domain and to what is allowed."""
    if allowed is not None and not allowed:
        raise InvalidCandidate(f"The program allows no answer to '{name}'.")
    if allowed is not None and len(allowed) == 1:
        return allowed[0]
    value = answer(name, domain, allowed)
    if value not in domain:
        raise InvalidCandidate(f"'{value!r}' is no answer to '{name}', which is asked from {domain}.")
    if allowed is not None and value not in allowed:
        return domain.nearest(value, allowed)
    return value


def group_of(name: str) -> str:
    """Return the class of actions that a choice belongs to: what follows the last "/" of its name.

    `layer0/activation` and `layer1/activation` are of the class `activation`; a name without "/" is a class of its own.
    A policy may learn one class as a whole, so give choices that mean the same the same last part.
    """
    return name.rpartition("/")[2]


def at_random(rng: np.random.Generator) -> Answer:
    """Answer every question uniformly at random."""

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        if allowed is not None:
            return allowed[int(rng.integers(len(allowed)))]
        return domain.sample(rng)

    return answer


def given(answers: Mapping[str, Value], otherwise: Answer) -> Answer:
    """Answer with plain values by name; questions without one go to `otherwise`."""

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        return answers[name] if name in answers else otherwise(name, domain, allowed)

    return answer


def replay(trace: Mapping[str, Choice], otherwise: Answer) -> Answer:
    """Answer as an earlier run did; questions it never met, or met with another domain, go to `otherwise`."""

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        known = trace.get(name)
        if known is not None and known.value in domain:
            return known.value
        return otherwise(name, domain, allowed)

    return answer
