"""Which weights are kept: what a controller may still inherit, what is in flight, and what is worth exporting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from automl.core.objectives import Objectives, Score
from automl.core.pareto import dominates
from automl.core.records import Result, Weights
from automl.history import History
from automl.weights import WeightStore


class Elite:
    """The evaluations that the best few trials and those of the Pareto front are judged by, at O(kept) per result.

    Nothing about a closed trial changes any more, so the best of those are known for good. An open one is judged by its
    results so far; that one is kept wherever it would be among the best if its trial were closed now. Hence the
    evaluation that a trial among the best ends up with is always kept, however the trials of the others end.
    """

    def __init__(self, objectives: Objectives, size: int) -> None:
        self._objectives = objectives
        self._size = size
        self._open: dict[int, tuple[tuple[float, ...], Result]] = {}
        self._best: list[tuple[float, int, int]] = []  # first objective, negative trial (the earlier of two equals), id
        self._front: dict[int, Score] = {}

    def add(self, result: Result) -> None:
        """Consider a finished evaluation."""
        trial, merit = result.proposal.trial, self._objectives.merit(result)
        if result.outcome and (trial not in self._open or merit > self._open[trial][0]):
            self._open[trial] = merit, result

    def close(self, trial: int) -> None:
        """Consider a trial closed."""
        result = self._open.pop(trial, (None, None))[1]
        if result is None or not self._enters(result):
            return
        score = self._objectives.score(result.metrics)
        self._best = sorted([*self._best, (score[0], -trial, result.id)], reverse=True)[: self._size]
        if len(score) == 1 or self._covered(score):
            return
        self._front = {i: s for i, s in self._front.items() if not dominates(score, s)}
        self._front[result.id] = score

    @property
    def ids(self) -> set[int]:
        """Ids of the evaluations to keep."""
        hopes = {result.id for _, result in self._open.values() if self._enters(result)}
        return {number for _, _, number in self._best} | set(self._front) | hopes

    def _enters(self, result: Result) -> bool:
        """Say whether a trial judged by this would be among the best closed ones, or on their front."""
        if not self._objectives.feasible(result.metrics):
            return False
        score = self._objectives.score(result.metrics)
        if len(self._best) < self._size or (score[0], -result.proposal.trial) > self._best[-1][:2]:
            return True
        return len(score) > 1 and not self._covered(score)

    def _covered(self, score: Score) -> bool:
        return any(dominates(other, score) for other in self._front.values())  # equals stand on the front together


class Retention:
    """Writes the weights that something may still need and deletes the others."""

    def __init__(self, store: WeightStore, history: History, elite: Elite) -> None:
        self._store = store
        self._history = history
        self._elite = elite
        self._wanted: set[int] | None = None

    def keep(self, results: Sequence[Result], weights: Mapping[int, Weights], parents: Collection[int]) -> None:
        """Write what is needed of `weights`. Called before the ledger says that these results exist.

        Args:
            results: evaluations just finished.
            weights: their weights, by id.
            parents: evaluations that the controller may still inherit from.
        """
        for result in results:
            self._elite.add(result)
        if not weights:
            return
        copied = {result.id: result.copied for result in results if result.copied is not None}
        in_flight = {p.parent for p in self._history.in_flight.values() if p.parent is not None}
        needed = {*parents, *self._elite.ids, *in_flight}
        self._wanted = {copied.get(number, self._history.source(number)) for number in needed}
        for number in self._wanted & weights.keys():
            self._store.save(number, weights[number])

    def release(self, closed: Collection[int]) -> None:
        """Take note of closed trials, and delete what `keep` did not need. Called when the ledger says it all."""
        for trial in closed:
            self._elite.close(trial)
        if self._wanted is not None:
            self._store.prune(self._wanted)
            self._wanted = None

    def recall(self, results: Sequence[Result], closed: Collection[int]) -> None:
        """Take note of what was told in an earlier session."""
        for result in results:
            self._elite.add(result)
        for trial in closed:
            self._elite.close(trial)
