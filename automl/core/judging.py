"""What a trial is judged by, kept up to date while its results arrive."""

from __future__ import annotations

from automl.core.objectives import Objectives
from automl.core.records import Metrics, Result, mean_metrics


class Judging:
    """The results of one trial, folded one by one into the measurement it is judged by.

    A measurement is an evaluation together with its repetitions: the same candidate with the same effort and other
    seeds (`Proposal.repeats`). It counts by the mean of the metrics over those that succeeded, in `Objectives.merit`.

        judging = Judging(objectives)
        judging.add(result)
        judging.results                         # the evaluations of the best measurement; empty if all failed
        judging.judged, judging.metrics         # the last that arrived of them, and their mean

    Taking up a result costs O(1); where a repetition spoils the measurement that was best, once O(results).
    """

    __slots__ = ("_best", "_measured", "_objectives")

    def __init__(self, objectives: Objectives) -> None:
        self._objectives = objectives
        self._measured: dict[int, tuple[tuple[float, ...], tuple[Result, ...]]] = {}
        self._best: tuple[tuple[float, ...], tuple[Result, ...]] = ((), ())

    def add(self, result: Result) -> None:
        """Take up a finished evaluation; a failed one changes nothing."""
        if result.outcome is None:
            return
        before = self._measured.get(result.measurement)
        results = (result,) if before is None else (*before[1], result)
        now = self._measured[result.measurement] = self._objectives.merit(*results), results
        if now[0] > self._best[0]:
            self._best = now
        elif before is not None and before is self._best:
            self._best = max(self._measured.values(), key=lambda measured: measured[0])

    @property
    def results(self) -> tuple[Result, ...]:
        """The successful evaluations of the best measurement, in the order they arrived."""
        return self._best[1]

    @property
    def judged(self) -> Result | None:
        """The last of `results`: its weights were at hand when the measurement became what it is."""
        return self._best[1][-1] if self._best[1] else None

    @property
    def metrics(self) -> Metrics:
        """The mean of the metrics over `results`; empty if all failed."""
        return mean_metrics(self._best[1])

    @property
    def tentative(self) -> bool:
        """Whether the trial, as it stands, only ever was tried out (`Trial.tentative`)."""
        return bool(self._best[1]) and all(result.proposal.tentative for result in self._best[1])
