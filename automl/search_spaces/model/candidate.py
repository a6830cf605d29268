"""The candidate: a program, and the answers it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.core.choices import Choose, Program, given, run
from automl.core.domains import Domain, Value
from automl.core.errors import InvalidCandidate
from automl.core.generators import borrowed


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its program would build it.

    Attributes:
        program: what builds it; it is pickled by its name.
        answers: names and values, in the order in which the program asks.
    """

    program: Program
    answers: tuple[tuple[str, Value], ...]

    @property
    def values(self) -> Mapping[str, Value]:
        """Return the answers by name."""
        return dict(self.answers)

    def make(self) -> Any:
        """Run the program with the answers and return what it builds, each time anew.

        What it draws from global generators is for the caller to seed.

        Raises:
            InvalidCandidate: if the program asks what was not answered, or does not ask what was.
        """
        built, trace = run(self.program, given(self.values, _unanswered))
        idle = sorted(self.values.keys() - trace.keys())
        if idle:
            raise InvalidCandidate(
                f"The program does not ask for {', '.join(idle)} after these answers.", "Has it been changed since?"
            )
        return built


def built_by(program: Program, choose: Choose) -> Model:
    """Run a program, note its answers, and leave the global generators as they were."""
    answers: list[tuple[str, Value]] = []

    def noted(name: str, domain: Any, *, allowed: Sequence[Value] | None = None) -> Any:
        value = choose(name, domain, allowed=allowed)
        answers.append((name, value))
        return value

    with borrowed(0):
        program(noted)
    return Model(program, tuple(answers))


def _unanswered(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
    raise InvalidCandidate(f"The program asks for '{name}', which was not answered.", "Has it been changed since?")
