"""Ending an evaluation when its time is over: by `Stop`, out of `report` or out of an alarm."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from automl.core.errors import Stop, UsageError

AGAIN = 1.0
"""Seconds after which the alarm rings once more: a trainer's `except Exception` may swallow the first."""
_SOON = 1e-6


def check_limit(limit: float | None) -> None:
    """Refuse a limit that no evaluation could keep.

    Raises:
        UsageError: if it is not positive.
    """
    if limit is not None and not limit > 0:
        raise UsageError(f"The time limit of an evaluation must be positive, got {limit}.")


class Clock:
    """Raises `Stop` inside the evaluation it watches, once `end` (in `time.monotonic()` seconds) has passed.

        with Clock(end) as clock:
            clock.check()           # from here on Stop may come out of any line
            ...
            clock.hold()            # not in the middle of this
            clock.check()
        clock.rang                  # whether it did

    In the main thread of a POSIX process an alarm signal ends code that never reports, as soon as the
    interpreter has the word (a long call into C is ended when it returns). Elsewhere only `check` ends it.
    The alarm that was set before, and its handler, are put back.
    """

    def __init__(self, end: float | None) -> None:
        self.end = end
        self.rang = False
        self._held = True
        self._signals = end is not None and _can_signal()
        self._started = 0.0
        self._handler_before: Any = None
        self._timer_before = (0.0, 0.0)

    def hold(self) -> None:
        """Keep the alarm waiting until `check`."""
        self._held = True

    def check(self) -> None:
        """Let the alarm through again.

        Raises:
            Stop: if the time is over.
        """
        self._held = False
        if self.end is not None and (self.rang or time.monotonic() >= self.end):
            self.rang = True
            raise Stop

    def __enter__(self) -> Clock:
        if self._signals and self.end is not None:
            self._started = time.monotonic()
            self._handler_before = signal.signal(signal.SIGALRM, self._ring)
            ahead = max(_SOON, self.end - self._started)
            self._timer_before = signal.setitimer(signal.ITIMER_REAL, ahead, AGAIN)
        return self

    def __exit__(self, *_: object) -> None:
        if self._signals:
            try:
                self._disarm()
            except Stop:  # it rang on the way out; the next ring is a second away
                self._disarm()

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        self.rang = True
        if not self._held:
            raise Stop

    def _disarm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, self._handler_before or signal.SIG_DFL)
        left, interval = self._timer_before
        if left:
            passed = time.monotonic() - self._started
            signal.setitimer(signal.ITIMER_REAL, max(_SOON, left - passed), interval)


def _can_signal() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
