"""Callbacks: functions that hear of every closed trial, and may end the search."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from automl.core.errors import StopSearch
from automl.core.records import Trial
from automl.core.tracker import Tracker

Callback: TypeAlias = Callable[[Trial], object]
"""Called with every trial that ends, in the thread of the search. What it returns is not looked at."""


class Callbacks(Tracker):
    """Calls functions after every closed trial of the main study.

    One that raises `StopSearch` ends the search as `stop` would. Whatever else it raises ends the search as well, and
    is raised again when everything finished has been written down: unlike a tracker, a callback is part of the
    caller's program.

    Attributes:
        error: what a callback raised.
    """

    def __init__(self, callbacks: Sequence[Callback], halt: threading.Event) -> None:
        self.error: Exception | None = None
        self._callbacks = tuple(callbacks)
        self._halt = halt

    def closed(self, trial: Trial) -> None:
        """Call them in order; none is called any more once the search is to end."""
        for callback in self._callbacks:
            if self._halt.is_set():
                return
            try:
                callback(trial)
            except StopSearch:
                self._halt.set()
            except Exception as error:
                self.error = error
                self._halt.set()
