"""The tracker that people watch: a progress bar on a terminal, plain lines elsewhere, nothing when quiet.

Everything goes to stderr, so that stdout holds results only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl.core.records import Metrics, Result, Trial
from automl.core.tracker import StudyInfo, Tracker
from automl.tracking._progress import Progress
from automl.tracking.numbers import duration

if TYPE_CHECKING:
    from automl.tracking._bar import Bar

REDRAW = 0.1
"""Seconds between two looks at the bar while a trial is open."""


class Console(Tracker):
    """Shows how a search is getting on.

    On a terminal: a bar with the best result so far, the trial in flight, and the time left. Elsewhere: one line per
    improvement, beside these a line when ten seconds or a tenth of the budget have passed, and one every ten seconds
    while a long trial is open.

    Settings:
        quiet: show nothing.
        terminal: draw a bar; None asks stderr what it is.
    """

    def __init__(self, *, quiet: bool = False, terminal: bool | None = None) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar: Bar | None = None
        self._state = Progress()
        self._drawn = 0.0

    def opened(self, study: StudyInfo) -> None:
        self._state = Progress(study)
        if self._quiet:
            return
        if self._terminal:
            from automl.tracking._bar import Bar

            self._bar = Bar(study.controller, self._state.total, self._state.seconds)
        else:
            bound = f", {self._state.bound}" if self._state.bound else ""
            _say(f"{study.name}: {study.space} by {study.controller}{bound}, seed {study.seed}, {study.objectives}")

    def progress(self, trial: int, step: int, metrics: Metrics) -> None:
        if self._bar is not None:
            self._bar.now(f"trial {trial}, epoch {step}{self._state.measured(metrics)}")

    def measured(self, result: Result) -> None:
        if self._quiet:
            return
        self._state.visit(result)
        if self._bar is None:
            if self._state.silent():
                _say(self._state.alive(result))
        elif time.monotonic() - self._drawn >= REDRAW:
            self._drawn = time.monotonic()
            self._bar.move(self._state.done, self._state.best, self._state.way(result))

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


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
