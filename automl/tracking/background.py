"""A thread between a study and a store: the study never waits, and the store may be slow or dead."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

E = TypeVar("E")

CAPACITY = 20_000
"""Events that may wait; a store that is further behind is given up until `automl sync`."""
BATCH = 1_000
"""Events handed over at once, so that no transaction gets long."""

_log = logging.getLogger(__name__)


class Background(Generic[E]):
    """Hands events to a sink, in order and in batches, from a thread of its own.

        behind = Background("Optuna", sink)
        behind.put(event)                # returns at once, whatever the sink is doing
        written = behind.flush(30.0)     # waits, but not for ever
        behind.close(30.0)

    The first error of the sink, or more than `CAPACITY` waiting events, ends the writing with one warning:
    what is written is then a prefix of what was put, and everything later is ignored.

    Args:
        title: what the store is called in the warning.
        sink: writes a batch; called from one thread only.
        lag: least seconds between two batches, so that one transaction carries many events.
        patient: let `put` wait while the queue is full, for a replay, where there is no search to hold up.
    """

    def __init__(self, title: str, sink: Callable[[list[E]], None], *, lag: float = 0.5, patient: bool = False) -> None:
        self.title = title
        self.trouble = ""
        self._sink = sink
        self._lag = lag
        self._patient = patient
        self._waiting: deque[E] = deque()
        self._changed = threading.Condition()
        self._writing = self._hurry = self._closed = False
        self._last = float("-inf")
        self._thread: threading.Thread | None = None

    def put(self, event: E) -> None:
        """Take an event; does nothing once the writing has been given up."""
        with self._changed:
            if self._patient:
                self._changed.wait_for(lambda: len(self._waiting) < CAPACITY or self.trouble)
            if self.trouble or self._closed:
                return
            if len(self._waiting) >= CAPACITY:
                self._give_up(f"is more than {CAPACITY} events behind")
                return
            self._waiting.append(event)
            if len(self._waiting) == 1:  # otherwise the thread is awake, or asleep on purpose
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"automl-{self.title}", daemon=True)
                self._thread.start()

    def flush(self, seconds: float | None) -> bool:
        """Wait until everything is written, at most `seconds`; say whether it is."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._idle() or self.trouble, seconds)
            self._hurry = False
            return self._idle() and not self.trouble

    def close(self, seconds: float | None) -> bool:
        """Flush, then end the thread; one that is stuck in the sink is left to die with the process."""
        written = self.flush(seconds)
        with self._changed:
            if not written and not self.trouble:
                self._give_up(f"did not take everything within {seconds:g} seconds")
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(1.0)
        return written

    def _idle(self) -> bool:
        return not self._waiting and not self._writing

    def _work(self) -> None:
        while batch := self._next():
            try:
                self._sink(batch)
            except Exception as error:  # any failure of a store is only a warning
                with self._changed:
                    self._writing = False
                    self._give_up(f"cannot be written ({_sentence(error)})")
                return
            with self._changed:
                self._writing = False
                self._last = time.monotonic()
                self._changed.notify_all()

    def _next(self) -> list[E]:
        """Wait for events and let some gather; an empty batch is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed or self.trouble)
            rest = self._last + self._lag - time.monotonic()
            self._changed.wait_for(lambda: self._hurry or self._closed or self.trouble, max(0.0, rest))
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._writing = bool(batch)
            self._changed.notify_all()
            return batch

    def _give_up(self, why: str) -> None:
        """Forget what waits and say so, once; the lock is held."""
        if not self.trouble:
            self.trouble = why
            self._waiting.clear()
            self._changed.notify_all()
            _log.warning("%s %s; the search goes on, `automl sync DIR` writes the rest.", self.title, why)


def _sentence(error: Exception) -> str:
    """Return the first line of an error, short enough for one sentence."""
    text = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(":. ")
    return text if len(text) <= 160 else text[:157] + "..."
