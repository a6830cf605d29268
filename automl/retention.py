"""Which weights are kept: what a controller may still inherit, what is in flight, and what is worth exporting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from automl.core.objectives import Objectives, Score
from automl.core.pareto import dominates
from automl.core.records import Result, Weights
from automl.history import History
from automl.weights import WeightStore


class Elite:
    """The ids of the best few evaluations and of the Pareto front, at O(kept) per result."""

    def __init__(self, objectives: Objectives, size: int) -> None:
        self._objectives = objectives
        self._size = size
        self._best: list[tuple[float, int]] = []  # first objective and negative id: the earlier of two equals wins
        self._front: dict[int, Score] = {}

    def add(self, result: Result) -> None:
        """Consider a finished evaluation."""
        if result.outcome is None or not self._objectives.feasible(result.metrics):
            return
        score = self._objectives.score(result.metrics)
        if len(score) == 1 and len(self._best) == self._size and score[0] <= self._best[-1][0]:
            return
        self._best = sorted([*self._best, (score[0], -result.id)], reverse=True)[: self._size]
        if len(score) == 1 or any(dominates(s, score) or s == score for s in self._front.values()):
            return
        self._front = {i: s for i, s in self._front.items() if not dominates(score, s)}
        self._front[result.id] = score

    @property
    def ids(self) -> set[int]:
        """Ids of the evaluations to keep."""
        return {-negative for _, negative in self._best} | set(self._front)


class Retention:
    """Writes the weights that something may still need and deletes the others."""

    def __init__(self, store: WeightStore, history: History, elite: Elite) -> None:
        self._store = store
        self._history = history
        self._elite = elite

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
        wanted = {copied.get(number, self._history.source(number)) for number in needed}
        for number in wanted & weights.keys():
            self._store.save(number, weights[number])
        self._store.prune(wanted)

    def recall(self, result: Result) -> None:
        """Take note of a result that was kept in an earlier session."""
        self._elite.add(result)
