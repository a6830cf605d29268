"""The workers of a study together: who gets which job, who is overdue, and what the death of one means.

It knows nothing of processes or machines; whoever makes workers, and waits for them to say something, is handed to it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing import util
from typing import Generic, Protocol, TypeVar

from automl.core.errors import AutomlError, UsageError
from automl.core.records import Failure, Metrics, Result
from automl.core.runner import Job, OnReport
from automl.runners._parcel import Parcel
from automl.runners._worker import Broken, Finished, Message, Ready, Reported

GRACE = 2.0
"""Seconds a worker has to put its things away before it is killed."""
SERIAL = "Or type --runner serial (runner='serial' in Python)."
_LOSSES = 3
"""So many times a job may lose its worker together with the machine, which no candidate can bring down at will."""
_EARLY_DEATHS = 3
"""So many workers in a row that die before they are ready mean that none ever will be."""


@dataclass(slots=True)
class Task:
    """A job on its way, with what has been heard of it so far.

    Attributes:
        job: the job.
        parcel: what is sent for it.
        curve: its reports.
        started: when it was submitted, then when a worker got it, in `time.monotonic()` seconds.
        refused: how many workers died before they had it.
        killed: how many workers were killed from outside while they had it.
        lost: how many were lost with their machines while they had it.
    """

    job: Job
    parcel: Parcel
    curve: list[tuple[int, Metrics]] = field(default_factory=list)
    started: float = 0.0
    refused: int = 0
    killed: int = 0
    lost: int = 0


class Worker(Protocol):
    """Somebody who carries out one task after the other.

    Attributes:
        ready: whether it has its trainer.
        task: what it is doing, or None.
        killed: whether somebody killed it, known when it is buried.
        lost: whether it went with its machine, known when it is buried.
    """

    ready: bool
    task: Task | None
    killed: bool
    lost: bool

    def give(self, task: Task) -> bool:
        """Send a task, which is then its own; return False if the worker turns out to be dead."""

    def hear(self) -> Message | None:
        """Return the next message, or None if the worker is dead."""

    def bury(self, patience: float) -> str:
        """Wait until it has ended, kill it after `patience` seconds; say how it ended."""


W = TypeVar("W", bound=Worker)


@dataclass(frozen=True, slots=True)
class Manning(Generic[W]):
    """Where the workers of a crew come from.

    Attributes:
        hire: starts a worker; it says `Ready` later.
        listen: returns those who have something to say, or are dead; waits for the first of them so many seconds.
        end: ends workers together, and empties the list; also called when the crew is forgotten, and at exit.
    """

    hire: Callable[[], W]
    listen: Callable[[Sequence[W], float | None], Iterable[W]]
    end: Callable[[list[W]], None]


class Crew(Generic[W]):
    """Hands jobs to workers and gives every one back once, as a result.

    A worker is hired when a job waits and nobody is free, and replaced when it dies. Its job becomes a failed result;
    after a `kill -9` from outside it is tried again. A worker that does not end an evaluation beyond `limit` by itself
    is killed.
    """

    def __init__(self, manning: Manning[W], capacity: int, limit: float | None, on_report: OnReport) -> None:
        self.capacity = capacity
        self._manning = manning
        self._limit = limit
        self._on_report = on_report
        self._waiting: deque[Task] = deque()
        self._workers: list[W] = []
        self._finished: list[Result] = []
        self._early_deaths = 0
        # Also when the crew is forgotten, and at exit before multiprocessing would wait for its children.
        self._end = util.Finalize(self, manning.end, args=(self._workers,), exitpriority=10)

    def submit(self, task: Task) -> None:
        """Take a job; a worker gets it as soon as one is free."""
        if not self._end.still_active():
            raise RuntimeError(f"job {task.job.id} was submitted to a closed runner")
        if self._in_flight() >= self.capacity:
            raise RuntimeError(f"job {task.job.id} was submitted while {self.capacity} are in flight")
        task.started = time.monotonic()
        self._waiting.append(task)
        self._distribute()

    def collect(self, timeout: float | None, deadline: float | None) -> Sequence[Result]:
        """Return finished jobs; wait for the first until one of the two times is over."""
        ends = [] if timeout is None else [time.monotonic() + timeout]
        until = min([*ends, *([] if deadline is None else [deadline])], default=math.inf)
        while True:
            self._listen(0.0 if self._finished else until)
            if self._finished or not self._in_flight() or time.monotonic() >= until:
                break
        results, self._finished = self._finished, []
        return results

    def close(self) -> None:
        """End everybody; may be called twice."""
        self._waiting.clear()
        self._finished.clear()
        self._end()

    @property
    def idle(self) -> bool:
        """Whether nobody has been hired yet."""
        return not self._workers

    def _in_flight(self) -> int:
        return len(self._waiting) + len(self._finished) + sum(worker.task is not None for worker in self._workers)

    def _listen(self, until: float) -> None:
        """Hear every worker that has something to say, and wait for one until then."""
        until = min(until, *(self._patience_ends(worker) for worker in self._workers), math.inf)
        seconds = None if until == math.inf else max(0.0, until - time.monotonic())
        for worker in self._manning.listen(self._workers, seconds) if self._workers else ():
            self._hear(worker)
        now = time.monotonic()
        for worker in [w for w in self._workers if now >= self._patience_ends(w)]:
            self._overdue(worker)
        self._distribute()

    def _distribute(self) -> None:
        """Hand waiting jobs to free workers, and hire as many workers as jobs are still waiting."""
        for worker in [w for w in self._workers if w.ready and w.task is None]:
            if self._waiting:
                self._give(worker, self._waiting.popleft())
        coming = sum(not worker.ready for worker in self._workers)
        free = self.capacity - len(self._workers)
        for _ in range(min(free, len(self._waiting) - coming)):
            self._workers.append(self._manning.hire())

    def _give(self, worker: W, task: Task) -> None:
        if worker.give(task):
            return
        task.refused += 1
        if task.refused == 1:  # it died while it had nothing to do: no fault of the job
            self._waiting.appendleft(task)
        else:
            worker.task = task
        self._lose(worker)

    def _hear(self, worker: W) -> None:
        message = worker.hear()
        task = worker.task
        match message:
            case Ready():
                worker.ready = True
                self._early_deaths = 0
            case Broken(why, hint):
                raise UsageError(why, f"{hint} {SERIAL}".strip())
            case Reported(step, metrics) if task:
                task.curve.append((step, metrics))
                self._on_report(task.job.id, step, metrics)
            case Finished(outcome, error, seconds) if task:
                worker.task = None
                curve = tuple(task.curve)
                self._finished.append(Result(task.job.id, task.job.proposal, outcome, error, seconds, curve))
            case _:
                self._lose(worker)

    def _lose(self, worker: W) -> None:
        """Bury a worker that died; its job has failed, or is tried again if somebody killed the worker.

        An operator or the kernel's out-of-memory killer says nothing about the candidate the first time; the same
        seed gives the same result, so that a search survives it unchanged.
        """
        self._workers.remove(worker)
        cause = worker.bury(GRACE)
        task = worker.task
        if task and _again(task, worker):
            task.curve.clear()
            self._waiting.appendleft(task)
        elif task:
            self._fail(task, Failure("died", f"While it was measured, {cause}."))
        if not worker.ready:
            self._early_deaths += 1
            if self._early_deaths >= _EARLY_DEATHS:
                raise AutomlError(f"Workers die before they can work; of the last one {cause}.", SERIAL)

    def _overdue(self, worker: W) -> None:
        """End a worker that did not stop by itself in time."""
        self._workers.remove(worker)
        worker.bury(0.0)
        if worker.task:
            why = f"It took longer than the limit of {self._limit:g} s and would not stop, so it was killed."
            self._fail(worker.task, Failure("timeout", why))

    def _patience_ends(self, worker: W) -> float:
        if self._limit is None or worker.task is None:
            return math.inf
        return worker.task.started + self._limit + GRACE

    def _fail(self, task: Task, failure: Failure) -> None:
        seconds = time.monotonic() - task.started
        curve = tuple(task.curve)
        self._finished.append(Result(task.job.id, task.job.proposal, error=failure, seconds=seconds, curve=curve))


def _again(task: Task, worker: Worker) -> bool:
    """Count the death of the worker of a task, and say whether the task is tried again."""
    task.killed += worker.killed
    task.lost += worker.lost
    return (worker.killed and task.killed < 2) or (worker.lost and task.lost < _LOSSES)
