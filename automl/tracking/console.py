"""The tracker that people watch: a progress bar on a terminal, plain lines elsewhere, nothing when quiet.

Everything goes to stderr, so that stdout holds results only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl.core.records import Metrics, Trial
from automl.core.tracker import StudyInfo, Tracker
from automl.tracking.result_table import duration, number

if TYPE_CHECKING:
    from automl.tracking._bar import Bar

EVERY_SECONDS = 10.0
EVERY_SHARE = 0.1


class Console(Tracker):
    """Shows how a search is getting on.

    On a terminal: a bar with the best result so far, the trial in flight, and the time left. Elsewhere: one line per
    improvement, and beside these a line when both ten seconds and a tenth of the budget have passed.

    Settings:
        quiet: show nothing.
        terminal: draw a bar; None asks stderr what it is.
    """

    def __init__(self, *, quiet: bool = False, terminal: bool | None = None) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar: Bar | None = None
        self._state = _Progress()

    def opened(self, study: StudyInfo) -> None:
        self._state = _Progress(study)
        if self._quiet:
            return
        if self._terminal:
            from automl.tracking._bar import Bar

            self._bar = Bar(study.controller, self._state.total, self._state.seconds)
        else:
            budget = f", {self._state.total} {self._state.unit}" if self._state.total else ""
            _say(f"{study.name}: {study.space} by {study.controller}{budget}, seed {study.seed}, {study.objectives}")

    def progress(self, trial: int, step: int, metrics: Metrics) -> None:
        if self._bar is not None:
            self._bar.now(f"trial {trial}, epoch {step}{self._state.measured(metrics)}")

    def closed(self, trial: Trial) -> None:
        improved = self._state.count(trial)
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.move(self._state.done, self._state.best)
        elif trial.finished >= self._state.opened and (improved or self._state.due()):
            _say(self._state.line(trial, improved=improved))

    def finished(self, summary: Mapping[str, Any]) -> None:
        self._end()
        if not self._quiet:
            failed = f", {summary.get('failed')} failed" if summary.get("failed") else ""
            took = duration(summary.get("seconds"))
            _say(f"{summary.get('trials')} trials, {summary.get('evaluations')} evaluations{failed} in {took}")

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Progress:
    """What has been closed so far, and the best of it."""

    def __init__(self, study: StudyInfo | None = None) -> None:
        settings = study.settings if study else {}
        self.study = study
        self.total = study.total if study else None
        self.unit = "evaluations" if settings.get("evaluations") and not settings.get("trials") else "trials"
        seconds = settings.get("seconds") or settings.get("time")
        self.seconds = float(seconds) if isinstance(seconds, int | float) else None
        self.opened = time.time()
        self.best = ""
        self._score = float("-inf")
        self._seen: set[int] = set()
        self._evaluations = 0
        self._said, self._said_at = 0, time.monotonic()

    @property
    def done(self) -> int:
        """How much of the total is done, in the unit of the total."""
        return self._evaluations if self.unit == "evaluations" else len(self._seen)

    def count(self, trial: Trial) -> bool:
        """Take up a closed trial; say whether it is the best so far by the first objective."""
        if self.study is None or trial.number in self._seen:
            return False
        self._seen.add(trial.number)
        self._evaluations += len(trial.results)
        objectives = self.study.objectives
        goal = objectives.goals[0]
        if goal.metric not in trial.metrics or not objectives.feasible(trial.metrics):
            return False
        score = goal.score(trial.metrics)
        if score <= self._score:
            return False
        self._score = score
        self.best = f"best {goal.metric} {number(float(trial.metrics[goal.metric]))} (trial {trial.number})"
        return True

    def due(self) -> bool:
        """Say whether a line is due without an improvement."""
        share = self.total is not None and self.done - self._said >= EVERY_SHARE * self.total
        return share or time.monotonic() - self._said_at >= EVERY_SECONDS

    def line(self, trial: Trial, *, improved: bool) -> str:
        """Return one plain line, and remember that it was said."""
        self._said, self._said_at = self.done, time.monotonic()
        place = f"[{self.done}/{self.total}]" if self.total else f"[{self.done}]"
        left = self._left()
        news = (
            self.best if improved else f"trial {trial.number}{self.measured(trial.metrics)}; {self.best or 'none yet'}"
        )
        return f"{place} {news}{left}"

    def measured(self, metrics: Metrics) -> str:
        """Return the first objective of some metrics, as the end of a sentence."""
        if self.study is None:
            return ""
        metric = self.study.objectives.goals[0].metric
        return f", {metric} {number(float(metrics[metric]))}" if metric in metrics else ""

    def _left(self) -> str:
        """Estimate the time left from the speed since the study was opened."""
        took = time.time() - self.opened
        if not self.total or not self.done or took < 1.0:
            return ""
        return f", {duration(max(0, self.total - self.done) * took / self.done)} left"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
