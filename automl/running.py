"""A search that runs beside its caller, in a thread of its own.

    running = automl.start("cnn", trials=60)
    running.best                        # so far, or None
    running.stop()                      # or wait for its end
    summary = running.wait()

Everything that a search has open, its ledger above all, belongs to the thread that opened it. That is why a `Study`
cannot be started in one thread and waited for in another; `Study.stop` may be called from any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.core.errors import AutomlError
from automl.summary import Found, Summary


class Running:
    """A search in a thread of its own, which everything it has open belongs to.

    A program that ends before its search waits for it, as for any thread; `stop` first if it should not.

    Attributes:
        directory: the run directory.
    """

    def __init__(self, search: Callable[[], Summary], directory: Path, halt: threading.Event, look: Any) -> None:
        """Start.

        Args:
            search: runs to the end of the search.
            directory: the run directory.
            halt: what tells the search to end.
            look: reads the summary of a directory.
        """
        self.directory = directory
        self._search = search
        self._halt = halt
        self._look: Callable[[Path], Summary] = look
        self._summary: Summary | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"automl {directory.name}")
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended: by itself, stopped, or with an error."""
        return not self._thread.is_alive()

    @property
    def best(self) -> Found | None:
        """The best trial so far; None as long as none has succeeded within the limits."""
        try:
            return (self._summary or self._look(self.directory)).best
        except AutomlError:
            return None

    def wait(self, timeout: float | None = None) -> Summary:
        """Wait for the end and return the summary; of a search that was stopped, what there is.

        Args:
            timeout: seconds to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: if it is still running then; it goes on.
            Exception: whatever the search raised, every time.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"The search in {self.directory} is still running after {timeout:g} s.")
        if self._error is not None:
            raise self._error
        assert self._summary is not None  # a search ends with the one or the other
        return self._summary

    def stop(self) -> None:
        """Ask it to end soon, and return at once. `wait` then gives what there is; `automl.resume` goes on with it.

        An evaluation in flight ends when it reports next, with worker processes within a second. Summary and report
        are written as at any other end.
        """
        self._halt.set()

    def _run(self) -> None:
        try:
            self._summary = self._search()
        except BaseException as error:  # it is raised again where somebody waits
            self._error = error
