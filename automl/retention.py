"""Which weights are kept: what a controller may still inherit, what is in flight, and what is worth exporting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from automl.core.judging import Judging
from automl.core.objectives import Objectives, Score
from automl.core.pareto import dominates
from automl.core.records import Result, Weights
from automl.history import History
from automl.weights import WeightStore

_Rank: TypeAlias = tuple[bool, float, int]
"""Not stopped early, the first objective, the negative trial (the earlier of two equals)."""


def _rank(stands: Judging, score: Score, trial: int) -> _Rank:
    return not stands.tentative, score[0], -trial


class Elite:
    """The evaluations that the best few trials and those of the Pareto front are judged by, at O(kept) per result.

    Nothing about a closed trial changes any more, so the best of those are known for good. An open one is judged by its
    results so far; that one is kept wherever it would be among the best if its trial were closed now. Hence the
    evaluation that a trial among the best ends up with is always kept, however the trials of the others end. There is
    one exception: where a repetition spoils what a trial was judged by, an earlier evaluation of it takes its place,
    and its weights may be gone.
    """

    def __init__(self, objectives: Objectives, size: int) -> None:
        self._objectives = objectives
        self._size = size
        self._open: dict[int, Judging] = {}
        self._best: list[tuple[_Rank, int]] = []
        self._front: dict[int, Score] = {}
        self._tentative = True
        """Whether every trial of the front was stopped early; the first that was not takes the place of them all."""

    def add(self, result: Result) -> None:
        """Consider a finished evaluation."""
        trial = result.proposal.trial
        if trial not in self._open:
            self._open[trial] = Judging(self._objectives)
        self._open[trial].add(result)

    def close(self, trial: int) -> None:
        """Consider a trial closed."""
        stands = self._open.pop(trial, None)
        judged = stands.judged if stands else None
        if stands is None or judged is None or not self._enters(stands, judged):
            return
        score = self._objectives.score(stands.metrics)
        entry = _rank(stands, score, trial), judged.id
        self._best = sorted([*self._best, entry], reverse=True)[: self._size]
        if len(score) == 1 or self._covered(stands, score):
            return
        displaced = self._tentative and not stands.tentative
        self._tentative = stands.tentative
        self._front = {i: s for i, s in self._front.items() if not (displaced or dominates(score, s))}
        self._front[judged.id] = score

    @property
    def ids(self) -> set[int]:
        """Ids of the evaluations to keep."""
        open_ = [(stands, judged) for stands in self._open.values() if (judged := stands.judged)]
        hopes = {judged.id for stands, judged in open_ if self._enters(stands, judged)}
        return {number for _, number in self._best} | set(self._front) | hopes

    def _enters(self, stands: Judging, judged: Result) -> bool:
        """Say whether a trial that stands so would be among the best closed ones, or on their front."""
        metrics = stands.metrics
        if not self._objectives.feasible(metrics):
            return False
        score = self._objectives.score(metrics)
        if len(self._best) < self._size or _rank(stands, score, judged.proposal.trial) > self._best[-1][0]:
            return True
        return len(score) > 1 and not self._covered(stands, score)

    def _covered(self, stands: Judging, score: Score) -> bool:
        """Say whether the front has something better; equals stand on it together."""
        if stands.tentative != self._tentative:
            return stands.tentative
        return any(dominates(other, score) for other in self._front.values())


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
