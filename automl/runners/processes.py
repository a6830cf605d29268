"""Evaluations side by side, in worker processes that live as long as the study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from multiprocessing.connection import wait

from automl.core.records import Result
from automl.core.runner import Job, OnReport, Runner
from automl.core.trainer import Trainer
from automl.runners._crew import Crew, Manning, Task
from automl.runners._main import describe_main, refuse_on_import, speaks_of_main
from automl.runners._parcel import Parcel
from automl.runners._process import WorkerProcess, end_all, new_terms
from automl.runners._sending import check_settings, parcel_of_job, parcel_of_trainer


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
        check_settings("process", workers, limit)
        self.capacity = workers
        parcel = parcel_of_trainer(trainer)
        main = describe_main() if speaks_of_main(parcel.message) else None
        self._start = _Start(parcel, main, workers, limit)
        self._crew = Crew(Manning(self._start, _listen, end_all), workers, limit, on_report)

    def submit(self, job: Job) -> None:
        parcel = parcel_of_job(job)
        if self._crew.idle and self._start.main is None and speaks_of_main(parcel.message):
            self._start.main = describe_main()
        self._crew.submit(Task(job, parcel))

    def collect(self, timeout: float | None) -> Sequence[Result]:
        return self._crew.collect(timeout, self.deadline)

    def close(self) -> None:
        self._crew.close()


class _Start:
    """Starts workers.

    Attributes:
        main: how they can import the user's script, or None where nothing of it is needed.
    """

    def __init__(self, trainer: Parcel, main: dict[str, str] | None, workers: int, limit: float | None) -> None:
        self.main = main
        self._trainer = trainer
        self._workers = workers
        self._limit = limit

    def __call__(self) -> WorkerProcess:
        """Start one."""
        return WorkerProcess(self._trainer, new_terms(self._workers, self._limit, self.main))


def _listen(workers: Sequence[WorkerProcess], timeout: float | None) -> Iterable[WorkerProcess]:
    """Return the workers whose line can be read."""
    lines = {worker.line: worker for worker in workers}
    return [lines[line] for line in wait(list(lines), timeout)]  # type: ignore[index]
