"""The search space of an objective that nobody has declared: the names it has suggested so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from automl.core.choices import Choose, Trace
from automl.core.domains import Domain, Reals, Value
from automl.core.space import SearchSpace
from automl.integrations.prescription import Prescription, forced

_ENOUGH = 5
"""In so many trials an answer must have been given before a name that never came with it is thought not to."""
_Answer: TypeAlias = tuple[str, Value]


class SeenSpace(SearchSpace[dict[str, Value]]):
    """All names that were suggested so far, each asked with the range it was last suggested with.

    Which names depend on which answers is learned from the trials: a name that never came with an answer that was
    given often is not asked after it. Where that is wrong the objective suggests the name all the same, and what is
    thought of it changes.

        space.saw(trace)                     # of every trial that ended
        with space.prescribed(trace): ...    # whoever proposes now proposes this trial, as a default of the space
    """

    def __init__(self) -> None:
        self.seen: dict[str, Domain] = {}
        self._given = Prescription()
        self._force = False
        self._trials: Counter[_Answer] = Counter()
        """In how many trials an answer was given."""
        self._together: dict[str, set[_Answer]] = {}
        """The answers that each name came with, at least once."""

    def saw(self, trace: Trace) -> None:
        """Take note of the names of a trial, and of what they came with."""
        answers = [(name, choice.value) for name, choice in trace.items() if not isinstance(choice.domain, Reals)]
        self._trials.update(answers)
        for name, choice in trace.items():
            self.seen[name] = choice.domain
            self._together.setdefault(name, set()).update(answers)

    @contextmanager
    def prescribed(self, trace: Trace, *, force: bool = False) -> Iterator[None]:
        """Make a trial the only default while a controller is asked; with `force`, the only candidate.

        A controller that proposes defaults knows the answers as if they were its own, so that is the better way.
        """
        self._given.trace, self._force = trace, force
        try:
            yield
        finally:
            self._given.trace, self._force = None, False

    def defaults(self) -> Sequence[Mapping[str, Value]]:
        """Return what is prescribed at the time of asking, for whichever trial."""
        return self._given

    def build(self, choose: Choose) -> dict[str, Value]:
        if self._given.trace is not None:
            return self._rebuild(choose, self._given.trace)
        answers: dict[str, Value] = {}
        for name, domain in self.seen.items():
            if all(self._goes_with(name, given) for given in answers.items()):
                answers[name] = choose(name, domain)
        return answers

    def _rebuild(self, choose: Choose, trace: Trace) -> dict[str, Value]:
        ask = forced(choose, trace) if self._force else choose
        return {name: ask(name, choice.domain) for name, choice in trace.items()}

    def _goes_with(self, name: str, given: _Answer) -> bool:
        return self._trials[given] < _ENOUGH or given in self._together[name]

    def load(self, json: Any) -> dict[str, Value]:
        return dict(json)

    def dump(self, candidate: dict[str, Value]) -> Any:
        return dict(candidate)
