"""A Gaussian process over whatever a space asks, and a local search for what promises most."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from automl.controllers._defaults import defaults_of
from automl.controllers._draws import draws
from automl.controllers._merit import merit
from automl.controllers._proposals import dump_trace, load_trace
from automl.controllers._surrogate.beliefs import Beliefs, View
from automl.controllers._surrogate.hopes import LEADERS, beside, hopeful
from automl.core.choices import Answer, Choice, Trace, at_random, given, run
from automl.core.controller import Controller
from automl.core.domains import Domain, Value
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace

_Built: TypeAlias = tuple[Any, dict[str, Choice]]
_MOST_DRAWS = 20
"""A candidate that was proposed before is drawn again, or the next most hopeful taken, at most so often."""
_PATIENCE = 10
"""After so many results without a better one the model is doubted."""


class Surrogate(Controller):
    """Believes in a smooth landscape, and measures where improvement is expected.

    Two candidates are alike if they answer alike: numbers lie on a line (on the scale of their domain; options that are
    numbers in order lie on one, too), names are equal or not, and a question that only one was asked tells them apart.
    How much each question matters is learned. A Gaussian process with these distances predicts every candidate, with an
    error; the one with the largest expected improvement (Jones et al. 1998) is measured next. It is found by a local
    search among answers, beginning at the best so far; the program runs for what is found: once where it always asks
    the same, else up to twenty times, since which answer leads to which question is seen only then.

    The unit of the objective does not matter, nor the height of its cliffs: what the process is told is warped
    (`_surrogate.targets`). Beyond a limit is worse than within; a failed evaluation counts as the worst so far. Several
    objectives are ranked together (Deb et al. 2002), and the process is told the ranks. A candidate that was proposed
    before (`SearchSpace.key`) is not proposed again while others are found. What is in flight is believed to come out
    as expected. While ten results or more brought nothing better the model may be wrong: every other proposal is a
    neighbour of one of the best then, whatever is believed of it. A space that knows defaults has them as its first
    trials.

    The time a proposal takes grows with results up to 400 of them, and then no more.

    Settings:
        startup: random candidates before the process is asked.
    """

    def __init__(self, space: SearchSpace[Any], objectives: Objectives, seed: int, *, startup: int = 10) -> None:
        super().__init__(space, objectives, seed)
        if startup < 1:
            raise UsageError(f"startup must be one or more, got {startup}.", "Type --set startup=10.")
        self.startup = startup
        self._defaults = defaults_of(space)
        self._beliefs = Beliefs()
        self._trials = 0
        self._pending: dict[int, Trace] = {}
        self._keys: set[str] = set()
        """Of everything proposed."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            trace = self._pending.pop(result.proposal.trial)
            rated = merit(self.objectives, result.outcome.metrics) if result.outcome else None
            self._beliefs.hear(trace, rated if rated and all(map(math.isfinite, rated.score)) else None)
        return [result.proposal.trial for result in results]

    def diagnostics(self) -> Mapping[str, float]:
        return self._beliefs.diagnostics()

    def state_dict(self) -> dict[str, Any]:
        return {
            "trials": self._trials,
            "pending": {str(trial): dump_trace(trace) for trial, trace in self._pending.items()},
            "keys": sorted(self._keys),
            "beliefs": self._beliefs.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._trials, self._keys = state["trials"], set(state["keys"])
        self._pending = {int(trial): load_trace(dumped) for trial, dumped in state["pending"].items()}
        self._beliefs.load_state_dict(state["beliefs"])

    def _propose(self) -> Proposal:
        trial, self._trials = self._trials, self._trials + 1
        rng = draws(self.seed, trial)
        candidate, trace = self._drawn(trial, rng)
        self._keys.add(self.space.key(candidate))
        self._pending[trial] = trace
        return Proposal(trial, 0, candidate, choices=trace)

    def _drawn(self, trial: int, rng: np.random.Generator) -> _Built:
        chance = at_random(rng)
        if trial < len(self._defaults):
            return run(self.space.build, given(self._defaults[trial], chance))
        if self._beliefs.successes < self.startup or not self._beliefs.columns.known:
            return self._chanced(chance)
        view = self._beliefs.view(list(self._pending.values()), LEADERS)
        doubted = view.stalled >= _PATIENCE
        built = self._neighbour(view, rng) if doubted and trial % 2 else self._hoped(view, rng)
        return built or self._chanced(chance)

    def _hoped(self, view: View, rng: np.random.Generator) -> _Built | None:
        """Return what most is hoped of; None if nothing new was found.

        A wish that the program answers with other questions is judged by what has become of it.
        """
        columns = self._beliefs.columns
        best, most = None, -math.inf
        wishes = zip(*hopeful(columns, view.rows, view.leaders, view.hope, rng), strict=True)
        for row, hope in islice(wishes, _MOST_DRAWS):
            if most >= hope:
                break
            built = run(self.space.build, _wished(columns.answers(row), at_random(rng)))
            real = columns.row({name: choice.value for name, choice in built[1].items()})
            found = hope if np.array_equal(real, row, equal_nan=True) else float(view.hope(real[None])[0])
            if found > most and self.space.key(built[0]) not in self._keys:
                best, most = built, found
        return best

    def _neighbour(self, view: View, rng: np.random.Generator) -> _Built | None:
        """Return a neighbour of one of the best, whatever is believed of it; None if none is new."""
        columns = self._beliefs.columns
        for row in islice(beside(columns, view.rows, view.leaders, rng), _MOST_DRAWS):
            built = run(self.space.build, _wished(columns.answers(row), at_random(rng)))
            if self.space.key(built[0]) not in self._keys:
                return built
        return None

    def _chanced(self, chance: Answer) -> _Built:
        """Return a candidate at random, a new one if it is found."""
        for _ in range(_MOST_DRAWS):
            candidate, trace = run(self.space.build, chance)
            if self.space.key(candidate) not in self._keys:
                break
        return candidate, trace


def _wished(answers: Mapping[str, Value], otherwise: Answer) -> Answer:
    """Answer with values by name, where the program asks as it did before."""

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        value = answers.get(name)
        return value if name in answers and value in domain else otherwise(name, domain, allowed)

    return answer
