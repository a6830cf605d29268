"""Evaluations side by side, in worker processes that live as long as the study."""

from __future__ import annotations

import math
import pickle
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing import util
from multiprocessing.connection import wait

from automl.core.errors import AutomlError, UsageError
from automl.core.records import Failure, Result
from automl.core.runner import Job, OnReport, Runner
from automl.core.trainer import Trainer
from automl.runners._main import describe_main, refuse_on_import, speaks_of_main
from automl.runners._process import GRACE, Task, WorkerProcess, end_all, new_terms
from automl.runners._worker import PROTOCOL, Broken, Finished, Message, Order, Ready, Reported

_EARLY_DEATHS = 3
"""So many workers in a row that die before they are ready mean that none ever will be."""
_SERIAL = "Or type --runner serial (runner='serial' in Python)."


class ProcessRunner(Runner):
    """Several places, each a process that got the trainer once and keeps it.

    A worker is started when a job waits and nobody is free (a fresh process that loads torch costs seconds,
    so it stays for all later jobs), and replaced when it dies. Its job becomes a failed result; only after a
    `kill -9` from outside it is tried once more. An evaluation beyond `limit` is first stopped inside its
    worker; a worker that does not listen is killed. When the study dies, even by `kill -9`, its workers die
    with it. Cores are shared among the workers (`OMP_NUM_THREADS`, unless it is set); the rest of the
    environment passes on unchanged.

    Settings:
        workers: number of processes.
        limit: seconds one evaluation may take; None for no limit.
    """

    def __init__(self, trainer: Trainer, *, workers: int = 2, limit: float | None = None, on_report: OnReport) -> None:
        refuse_on_import()
        if workers < 1:
            raise UsageError(f"The process runner needs at least one worker, got {workers}.")
        if limit is not None and not limit > 0:
            raise UsageError(f"The time limit of an evaluation must be positive, got {limit}.")
        self.capacity = workers
        self._trainer = _pickle_trainer(trainer)
        self._main = describe_main() if speaks_of_main(self._trainer) else None
        self._limit = limit
        self._on_report = on_report
        self._waiting: deque[Task] = deque()
        self._workers: list[WorkerProcess] = []
        self._finished: list[Result] = []
        self._early_deaths = 0
        # Also when the runner is forgotten, and at exit before multiprocessing would wait for its children.
        self._end = util.Finalize(self, end_all, args=(self._workers,), exitpriority=10)

    def submit(self, job: Job) -> None:
        if not self._end.still_active():
            raise RuntimeError(f"job {job.id} was submitted to a closed runner")
        if self._in_flight() >= self.capacity:
            raise RuntimeError(f"job {job.id} was submitted while {self.capacity} are in flight")
        pickled = _pickle_job(job)
        if not self._workers and self._main is None and speaks_of_main(pickled):
            self._main = describe_main()
        self._waiting.append(Task(job, pickled))
        self._distribute()

    def collect(self, timeout: float | None) -> Sequence[Result]:
        ends = [] if timeout is None else [time.monotonic() + timeout]
        until = min([*ends, *([] if self.deadline is None else [self.deadline])], default=math.inf)
        while True:
            self._listen(0.0 if self._finished else until)
            if self._finished or not self._in_flight() or time.monotonic() >= until:
                break
        results, self._finished = self._finished, []
        return results

    def close(self) -> None:
        self._waiting.clear()
        self._finished.clear()
        self._end()

    def _in_flight(self) -> int:
        return len(self._waiting) + len(self._finished) + sum(worker.task is not None for worker in self._workers)

    def _listen(self, until: float) -> None:
        """Hear every worker that has something to say, and wait for one until then."""
        now = time.monotonic()
        until = min(until, *(self._patience_ends(worker) for worker in self._workers), math.inf)
        lines = {worker.line: worker for worker in self._workers}
        for line in wait(list(lines), None if until == math.inf else max(0.0, until - now)) if lines else ():
            self._hear(lines[line])  # type: ignore[index]
        now = time.monotonic()
        for worker in [w for w in self._workers if now >= self._patience_ends(w)]:
            self._overdue(worker)
        self._distribute()

    def _distribute(self) -> None:
        """Hand waiting jobs to free workers, and start as many workers as jobs are still waiting."""
        for worker in [w for w in self._workers if w.ready and w.task is None]:
            if self._waiting:
                self._give(worker, self._waiting.popleft())
        coming = sum(not worker.ready for worker in self._workers)
        free = self.capacity - len(self._workers)
        for _ in range(min(free, len(self._waiting) - coming)):
            terms = new_terms(self.capacity, self._limit, self._main)
            self._workers.append(WorkerProcess(self._trainer, terms))

    def _give(self, worker: WorkerProcess, task: Task) -> None:
        if worker.give(task):
            return
        task.refused += 1
        if task.refused == 1:  # it died while it had nothing to do: no fault of the job
            self._waiting.appendleft(task)
        else:
            worker.task = task
        self._lose(worker)

    def _hear(self, worker: WorkerProcess) -> None:
        message: Message | None = worker.hear()
        task = worker.task
        match message:
            case Ready():
                worker.ready = True
                self._early_deaths = 0
            case Broken(why, hint):
                raise UsageError(why, f"{hint} {_SERIAL}".strip())
            case Reported(step, metrics) if task:
                task.curve.append((step, metrics))
                self._on_report(task.job.id, step, metrics)
            case Finished(outcome, error, seconds) if task:
                worker.task = None
                curve = tuple(task.curve)
                self._finished.append(Result(task.job.id, task.job.proposal, outcome, error, seconds, curve))
            case _:
                self._lose(worker)

    def _lose(self, worker: WorkerProcess) -> None:
        """Bury a worker that died; its job has failed, or is tried once more if somebody killed the worker.

        An operator or the kernel's out-of-memory killer says nothing about the candidate the first time; the same
        seed gives the same result, so that a search survives it unchanged.
        """
        self._workers.remove(worker)
        cause = worker.bury(GRACE)
        task = worker.task
        if task and worker.killed and not task.killed:
            task.killed += 1
            task.curve.clear()
            self._waiting.appendleft(task)
        elif task:
            self._fail(task, Failure("died", f"While it was measured, {cause}."))
        if not worker.ready:
            self._early_deaths += 1
            if self._early_deaths >= _EARLY_DEATHS:
                raise AutomlError(f"Worker processes die before they can work; of the last one {cause}.", _SERIAL)

    def _overdue(self, worker: WorkerProcess) -> None:
        """End a worker that did not stop by itself in time."""
        self._workers.remove(worker)
        worker.bury(0.0)
        if worker.task:
            why = f"It took longer than the limit of {self._limit:g} s and would not stop, so it was killed."
            self._fail(worker.task, Failure("timeout", why))

    def _patience_ends(self, worker: WorkerProcess) -> float:
        if self._limit is None or worker.task is None:
            return math.inf
        return worker.task.started + self._limit + GRACE

    def _fail(self, task: Task, failure: Failure) -> None:
        seconds = time.monotonic() - task.started
        self._finished.append(
            Result(task.job.id, task.job.proposal, error=failure, seconds=seconds, curve=tuple(task.curve))
        )


def _pickle_job(job: Job) -> bytes:
    try:
        return pickle.dumps(Order.of(job), PROTOCOL)
    except Exception as error:
        name = type(job.proposal.candidate).__name__
        raise UsageError(f"The candidate {name} cannot be sent to a worker process: {error}.", _SERIAL) from error


def _pickle_trainer(trainer: Trainer) -> bytes:
    try:
        return pickle.dumps(trainer, PROTOCOL)
    except Exception as error:
        part = _unpicklable_part(trainer)
        why = f"{part}{type(error).__name__}: {error}"
        raise UsageError(f"The trainer cannot be sent to worker processes. {why}.", _SERIAL) from error


def _unpicklable_part(trainer: Trainer) -> str:
    """Name the attribute that cannot be pickled, if it is one."""
    for name, value in getattr(trainer, "__dict__", {}).items():
        try:
            pickle.dumps(value, PROTOCOL)
        except Exception:
            return f"Its attribute '{name}' ({type(value).__name__}) cannot be pickled: "
    return ""
