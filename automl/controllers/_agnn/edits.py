"""The offspring: one run of the program in which the chosen classes are rewritten and everything else is replayed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from automl.controllers._agnn.alternatives import alternatives
from automl.controllers._agnn.explorer import Built
from automl.controllers._agnn.policy import Listener
from automl.controllers._agnn.words import Word, word
from automl.core.choices import Trace, at_random, group_of, run
from automl.core.domains import Domain, Value
from automl.core.space import SearchSpace


class Scribe:
    """Answers the questions of a program and writes down those that left something to decide.

    Args:
        rng: draws all answers.
        kept: answers to repeat where they are still possible.
        rewritten: names whose answers are not repeated.
        listener: returns the policy that answers for a class of actions; what none answers for is left to chance.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        kept: Trace,
        rewritten: Collection[str],
        listener: Callable[[str], Listener | None],
    ) -> None:
        self._rng, self._kept, self._rewritten, self._listener = rng, kept, rewritten, listener
        self._chance = at_random(rng)
        self.sentence: list[Word] = []
        """The words so far."""

    def write(self, space: SearchSpace[Any]) -> tuple[Any, Built]:
        """Run the space's program; return the candidate and what built it."""
        candidate, trace = run(space.build, self)
        return candidate, Built(trace, tuple(self.sentence))

    def __call__(self, name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        value = self._repeated(name, domain, allowed)
        opened = alternatives(domain).open(allowed)
        listener = self._listener(group_of(name)) if len(opened) > 1 else None
        if value is _NOTHING and listener is not None:
            return self._decided(listener, name, domain, allowed)
        if value is _NOTHING:
            value = self._chance(name, domain, allowed)
        if len(opened) > 1:
            said = word(name, domain, value, opened)
            self.sentence.append(listener.answer(said, None) if listener is not None else said)
        return value  # type: ignore[no-any-return]

    def _decided(self, listener: Listener, name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        """Let the policy decide."""
        known = alternatives(domain)
        answered = listener.answer(Word(name, known.size, 0, known.open(allowed)), self._rng)
        self.sentence.append(answered)
        return known.draw(answered.answer, allowed, self._rng)

    def _repeated(self, name: str, domain: Domain, allowed: Sequence[Value] | None) -> Any:
        """Return the answer to repeat, if there is one and it is possible."""
        known = self._kept.get(name)
        if known is None or name in self._rewritten or known.value not in domain:
            return _NOTHING
        return known.value if allowed is None or known.value in allowed else _NOTHING


_NOTHING: Any = object()
"""No answer: None may be one."""
