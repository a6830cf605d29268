"""Evaluations that need no second measurement: the same candidate, effort and parent, measured before."""

from __future__ import annotations

from typing import Any, TypeAlias

from automl.core.records import Outcome, Proposal, Result
from automl.core.space import SearchSpace
from automl.history import History
from automl.weights import WeightStore

Identity: TypeAlias = tuple[str, float, int | None]
"""The candidate's key, the effort, and the evaluation whose weights are inherited."""
_IN_A_ROW = 500  # so many proposals in a row that were all measured before mean that there is nothing left to find


class Copies:
    """Finds the earlier result of an identical evaluation.

    What is inherited is part of the identity, because the value of an architecture depends on the weights it starts
    from. An evaluation whose weights were deleted is measured again: somebody may want to inherit them. A repetition is
    always measured, as that is what it is for, and nothing is ever copied from it.
    """

    def __init__(self, space: SearchSpace[Any], history: History, store: WeightStore) -> None:
        self._space = space
        self._history = history
        self._store = store
        self._known: dict[Identity, int] = {}
        self._open: dict[int, Identity] = {}
        self._streak = 0

    @property
    def exhausted(self) -> bool:
        """Say whether proposals have long been nothing but repetitions."""
        return self._streak >= _IN_A_ROW

    def remember(self, result: Result) -> None:
        """Take note of a finished evaluation."""
        if result.proposal.repeats is not None:
            self._streak = 0
            return
        if result.copied is not None:
            self._open.pop(result.id, None)
            self._streak += 1
            return
        self._streak = 0
        identity = self._open.pop(result.id, None) or self._identity(result.proposal)
        if result.outcome:
            self._known[identity] = result.id

    def find(self, number: int, proposal: Proposal) -> Result | None:
        """Return a result for evaluation `number` copied from an identical one; a copy costs nothing."""
        if proposal.repeats is not None:
            return None
        identity = self._open[number] = self._identity(proposal)
        source = self._known.get(identity)
        if source is None or (source in self._history.weighty and source not in self._store):
            return None
        outcome = self._history.results[source].outcome
        assert outcome is not None  # only successes are remembered
        return Result(number, proposal, Outcome(outcome.metrics, extras=outcome.extras), copied=source)

    def _identity(self, proposal: Proposal) -> Identity:
        parent = None if proposal.parent is None else self._history.source(proposal.parent)
        return self._space.key(proposal.candidate), proposal.effort, parent
