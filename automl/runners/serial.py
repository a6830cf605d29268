"""Evaluations one after the other, in the process of the study."""

from __future__ import annotations

import time
from collections.abc import Sequence

from automl.core.errors import UsageError
from automl.core.records import Result
from automl.core.runner import Job, OnReport, Runner
from automl.core.trainer import Trainer
from automl.runners._clock import check_limit
from automl.runners._evaluate import evaluate


class SerialRunner(Runner):
    """One place: `submit` keeps the job, `collect` carries it out here and now.

    Nothing is started and nothing is copied: the fastest runner for short evaluations, and the one to debug
    with. It does not outlive a trainer that crashes the interpreter, and cannot end one that never returns
    from a call into C. `collect` takes as long as the evaluation; only `limit` and `deadline` cut it short.

    Settings:
        workers: always 1.
        limit: seconds one evaluation may take; None for no limit.
    """

    def __init__(self, trainer: Trainer, *, workers: int = 1, limit: float | None = None, on_report: OnReport) -> None:
        if workers != 1:
            raise UsageError(
                f"The serial runner has one place, not {workers}.",
                "For several workers type --runner process.",
            )
        check_limit(limit)
        self.capacity = 1
        self._trainer = trainer
        self._limit = limit
        self._on_report = on_report
        self._job: Job | None = None

    def submit(self, job: Job) -> None:
        if self._job is not None:
            raise RuntimeError(f"job {job.id} was submitted while job {self._job.id} is in flight")
        self._job = job

    def collect(self, timeout: float | None) -> Sequence[Result]:
        if self._job is None or (self.deadline is not None and time.monotonic() >= self.deadline):
            return []
        result = evaluate(self._trainer, self._job, self._on_report, limit=self._limit, deadline=self.deadline)
        if result is None:
            return []
        self._job = None
        return [result]

    def close(self) -> None:
        self._job = None
