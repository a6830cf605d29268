"""What a person watching a search wants to know: how much is done, the best so far, and whether it is alive."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from automl.core.budget import parse_seconds
from automl.core.judging import Judging
from automl.core.records import Metrics, Result, Trial
from automl.core.tracker import StudyInfo
from automl.tracking.numbers import duration, number

EVERY_SECONDS = 10.0
EVERY_SHARE = 0.1


@dataclass
class _Walk:
    """An open trial: how many evaluations it has, and what it would be judged by now."""

    judging: Judging
    evaluations: int = 0


@dataclass
class _Best:
    """The best by the first objective, and how it is said; what was stopped early is best while all else was, too."""

    rank: tuple[bool, float] = (False, float("-inf"))
    value: float | None = None
    text: str = ""


@dataclass
class Progress:
    """What has been measured and closed so far, and the best of it.

    `best` is that of the closed trials and of those still open, each by the evaluation it would be judged by now.
    """

    study: StudyInfo | None = None
    opened: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        settings = self.study.settings if self.study else {}
        self.total = self.study.total if self.study else None
        self.unit = "evaluations" if settings.get("evaluations") and not settings.get("trials") else "trials"
        self.seconds = parse_seconds(str(settings["time"])) if settings.get("time") else None
        self._closed = _Best()
        self._seen: set[int] = set()
        self._evaluations = 0
        self._open: dict[int, _Walk] = {}
        self._said, self._said_at = 0.0, time.monotonic()

    @property
    def bound(self) -> str:
        """What ends the search, as people read it; empty where cost alone does."""
        if self.total:
            return f"{self.total} {self.unit}"
        return duration(self.seconds) if self.seconds else ""

    @property
    def done(self) -> float:
        """How much of the total is done, in its unit; an open trial counts by its length beside those closed before."""
        if self.unit == "evaluations":
            return self._evaluations
        walked = sum(walk.evaluations for walk in self._open.values())
        usual = (self._evaluations - walked) / len(self._seen) if self._seen else 0.0
        return len(self._seen) + (sum(min(0.99, w.evaluations / usual) for w in self._open.values()) if usual else 0.0)

    @property
    def best(self) -> str:
        """The best so far, as people read it; empty while there is none."""
        best = self._closed
        for trial, walk in self._open.items():
            judging = walk.judging
            best = self._better(best, judging.metrics, trial, tentative=judging.tentative) or best
        return best.text

    def visit(self, result: Result) -> None:
        """Take up an evaluation, whose trial may stay open."""
        if self.study is None or result.proposal.trial in self._seen:
            return
        walk = self._open.get(result.proposal.trial)
        if walk is None:
            walk = self._open[result.proposal.trial] = _Walk(Judging(self.study.objectives))
        self._evaluations += 1
        walk.evaluations += 1
        if self.study.objectives.goals[0].metric in result.metrics:
            walk.judging.add(result)

    def count(self, trial: Trial) -> bool:
        """Take up a closed trial; say whether it is the best of them by the first objective."""
        if self.study is None or trial.number in self._seen:
            return False
        self._seen.add(trial.number)
        walk = self._open.pop(trial.number, None)
        self._evaluations += len(trial.results) - (walk.evaluations if walk else 0)
        better = self._better(self._closed, trial.metrics, trial.number, tentative=trial.tentative)
        self._closed = better or self._closed
        return better is not None

    def due(self) -> bool:
        """Say whether a line is due without an improvement."""
        share = self.total is not None and self.done - self._said >= EVERY_SHARE * self.total
        return share or self.silent()

    def silent(self) -> bool:
        """Say whether nothing has been said for long."""
        return time.monotonic() - self._said_at >= EVERY_SECONDS

    def line(self, trial: Trial, *, improved: bool) -> str:
        """Return one plain line about a closed trial, and remember that it was said."""
        news = f"trial {trial.number}{self.measured(trial.metrics)}; {self._closed.text or 'none yet'}"
        return self._line(self._closed.text if improved else news)

    def alive(self, result: Result) -> str:
        """Return one plain line about an open trial, and remember that it was said."""
        return self._line(f"{self.way(result)}; {self.best or 'none yet'}")

    def way(self, result: Result) -> str:
        """Say how far an open trial is; nothing of one that has just begun."""
        trial = result.proposal.trial
        walk = self._open.get(trial)
        if walk is None or walk.evaluations < 2:
            return ""
        return f"trial {trial} open, {walk.evaluations:,} evaluations of {self._evaluations:,}"

    def measured(self, metrics: Metrics) -> str:
        """Return the first objective of some metrics, as the end of a sentence."""
        if self.study is None:
            return ""
        metric = self.study.objectives.goals[0].metric
        return f", {metric} {number(float(metrics[metric]))}" if metric in metrics else ""

    def _better(self, best: _Best, metrics: Metrics, trial: int, *, tentative: bool) -> _Best | None:
        """Return these metrics as the best, None if they are not, or beyond a limit."""
        assert self.study is not None
        objectives = self.study.objectives
        goal = objectives.goals[0]
        if goal.metric not in metrics or not objectives.feasible(metrics):
            return None
        rank = (not tentative, goal.score(metrics))
        if rank <= best.rank:
            return None
        value = float(metrics[goal.metric])
        said = next(text for d in (4, 5, 6, 7, 8) if (text := number(value, d)) != number(best.value, d) or d == 8)
        return _Best(rank, value, f"best {goal.metric} {said} (trial {trial})")

    def _line(self, news: str) -> str:
        self._said, self._said_at = self.done, time.monotonic()
        place = f"[{int(self.done)}/{self.total}]" if self.total else f"[{int(self.done)}]"
        return f"{place} {news}{self._left()}"

    def _left(self) -> str:
        """Estimate the time left from the speed since the study was opened."""
        took = time.time() - self.opened
        if not self.total or not self.done or took < 1.0:
            return ""
        return f", {duration(max(0.0, self.total - self.done) * took / self.done)} left"
