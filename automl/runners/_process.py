"""The study's end of one worker: start it, give it work, hear it, bury it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker

from automl.runners._crew import GRACE, Task
from automl.runners._main import hidden_main
from automl.runners._parcel import Parcel, receive, send, unpack
from automl.runners._worker import Message, Terms, work


class WorkerProcess:
    """A process that carries out one task after the other; a `Worker` of the crew.

    Attributes:
        line: what the worker says; readable also when it is dead.
        ready: whether it has its trainer.
        task: what it is doing, or None.
        killed: whether it was ended by SIGKILL, known when it is buried.
        lost: never, since it is on the machine of the study.
    """

    lost = False

    def __init__(self, trainer: Parcel, terms: Terms) -> None:
        """Start the process and send it the trainer; it says `Ready` later."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self.line = ours
        self.ready = False
        self.task: Task | None = None
        self.killed = False
        # Not a daemon, because those may have no children, and data loaders are children.
        self._process = context.Process(target=work, args=(theirs, terms), name="automl worker", daemon=False)
        with _surroundings(terms.threads), hidden_main():
            self._process.start()
        theirs.close()
        with suppress(OSError):  # if it is dead already, the line's end will say so
            send(self.line, trainer)

    def give(self, task: Task) -> bool:
        """Send a task; return False if the worker turns out to be dead."""
        try:
            send(self.line, task.parcel)
        except OSError:
            return False
        task.started = time.monotonic()
        self.task = task
        return True

    def hear(self) -> Message | None:
        """Return the next message, or None if the worker is dead."""
        try:
            message: Message = unpack(receive(self.line))
        except (EOFError, OSError):
            return None
        return message

    def dismiss(self) -> None:
        """Ask the process to end: one that is waiting for work hears it, one at work is interrupted."""
        self.line.close()
        if self.task is not None or not self.ready:
            self._process.terminate()

    def interrupt(self) -> None:
        """Ask a process at work to end; nothing if it is buried already."""
        with suppress(ValueError):
            self._process.terminate()

    def kill(self) -> None:
        """End the process at once; nothing if it is buried already."""
        with suppress(ValueError):
            self._process.kill()

    def bury(self, patience: float) -> str:
        """Wait until the process has ended, kill it after `patience` seconds; say how it ended."""
        self.line.close()
        self._process.join(patience)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.killed = self._process.exitcode == -signal.SIGKILL
        cause = _cause(self._process.exitcode or 0)
        self._process.close()
        return cause


def end_all(workers: list[WorkerProcess]) -> None:
    """End processes together; return when the last one is gone."""
    for worker in workers:
        worker.dismiss()
    until = time.monotonic() + GRACE
    while workers:
        workers.pop().bury(max(0.0, until - time.monotonic()))


def new_terms(workers: int, limit: float | None, main: dict[str, str] | None) -> Terms:
    """Return how each of so many workers is to work on this machine."""
    tied = threading.current_thread() is threading.main_thread()  # a lesser thread may end before the search does
    return Terms(os.getpid(), tied, _threads(workers), limit, main)


def _threads(workers: int) -> int:
    """Share the cores among the workers, unless the user has decided."""
    decided = os.environ.get("OMP_NUM_THREADS", "")
    if decided.isdecimal() and int(decided) > 0:
        return int(decided)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // workers)


@contextmanager
def _surroundings(threads: int) -> Iterator[None]:
    """Set what a new process must find: its variables, and Ctrl-C held back until it ignores it.

    All workers get the same hash seed, so that a trainer that walks through a set does so alike in each.
    """
    wanted = {"OMP_NUM_THREADS": str(threads), "PYTHONHASHSEED": "0"}
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    resource_tracker.ensure_running()  # here, because starting it would let Ctrl-C through again
    os.environ.update(added)
    masks = hasattr(signal, "pthread_sigmask")
    before: Iterable[int] = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else ()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for name in added:
            del os.environ[name]


def _cause(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    why = ", which the system also sends when memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{why}"
