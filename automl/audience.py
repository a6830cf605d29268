"""The audience of a study: all its trackers, none of which can stop it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from automl.archive import Archive
from automl.core.records import Metrics, Result, Trial
from automl.core.tracker import StudyInfo, Tracker

_log = logging.getLogger("automl")


class Audience:
    """Passes every event on to all trackers; one that raises is named once and no longer called."""

    def __init__(self, trackers: Sequence[Tracker] = ()) -> None:
        self._trackers = list(trackers)
        # Most trackers do not care for single evaluations, and a call for nothing counts when there are 100,000.
        self._listening = tuple(t for t in trackers if type(t).measured is not Tracker.measured)

    def opened(self, study: StudyInfo) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.opened(study))

    def progress(self, trial: int, step: int, metrics: Metrics) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.progress(trial, step, metrics))

    def measured(self, result: Result) -> None:
        """Pass on, to those who listen."""
        for tracker in self._listening:
            try:
                tracker.measured(result)
            except Exception as error:
                self._leave_out(tracker, error)

    def closed(self, trial: Trial) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.closed(trial))

    def diagnosed(self, evaluations: int, numbers: Mapping[str, float]) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.diagnosed(evaluations, numbers))

    def finished(self, summary: Mapping[str, Any]) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.finished(summary))

    def best_model(self, model: Any, example: Any) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.best_model(model, example))

    def pictured(self, svg: str) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.pictured(svg))

    def drawn(self, archive: Archive, sections: Sequence[Any]) -> None:
        """Pass on."""
        self._each(lambda tracker: tracker.drawn(archive, sections))

    def close(self) -> None:
        """Close all trackers, each once."""
        self._each(lambda tracker: tracker.close())
        self._trackers.clear()
        self._listening = ()

    def _each(self, call: Callable[[Tracker], None]) -> None:
        for tracker in tuple(self._trackers):
            try:
                call(tracker)
            except Exception as error:
                self._leave_out(tracker, error)

    def _leave_out(self, tracker: Tracker, error: Exception) -> None:
        self._trackers.remove(tracker)
        self._listening = tuple(other for other in self._listening if other is not tracker)
        name = type(tracker).__name__
        _log.warning("%s stopped working and is left out: %s. `automl sync` can repeat it.", name, error)


def replay(tracker: Tracker, archive: Archive) -> None:
    """Show a whole study to one tracker, and close it; of an unfinished one what is closed."""
    try:
        tracker.opened(archive.info)
        for trial in archive.trials:
            if archive.summary or not trial.open:
                tracker.closed(trial)
        if archive.summary:
            tracker.finished(archive.summary)
            _redraw(tracker, archive)
    finally:
        tracker.close()


def _redraw(tracker: Tracker, archive: Archive) -> None:
    """Show the pictures again that a finished study has left or that can be drawn from it."""
    from automl.report import picture, sections_of

    if svg := picture.of(archive):
        tracker.pictured(svg)
    if type(tracker).drawn is not Tracker.drawn:
        tracker.drawn(archive, sections_of(archive))
