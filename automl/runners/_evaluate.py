"""One evaluation under a clock, the same in the process of the study and in a worker."""

from __future__ import annotations

import time

from automl.core.errors import Stop
from automl.core.records import Failure, Metrics, Result
from automl.core.runner import Job, OnReport, measure
from automl.core.surroundings import surrounded
from automl.core.trainer import Trainer
from automl.runners._clock import Clock


def evaluate(
    trainer: Trainer, job: Job, on_report: OnReport, *, limit: float | None, deadline: float | None = None
) -> Result | None:
    """Carry out a job within its time limit; return None if the study's deadline came first.

    Args:
        trainer: whatever it does becomes a result.
        job: what to carry out.
        on_report: receives every report. What it raises ends the evaluation and is raised here again: an
            error of the study is none of the trainer.
        limit: seconds the evaluation may take, None for no limit.
        deadline: end of the study in `time.monotonic()` seconds.
    """
    started = time.monotonic()
    ends = [end for end in (deadline, None if limit is None else started + limit) if end is not None]
    clock = Clock(min(ends, default=None))
    curve: list[tuple[int, Metrics]] = []
    broken: list[Exception] = []

    def report(step: int, metrics: Metrics) -> None:
        clock.hold()  # a message half written cannot be taken back
        if not broken:
            curve.append((step, metrics))
            try:
                on_report(job.id, step, metrics)
            except Exception as error:
                broken.append(error)
        clock.check()
        if broken:
            raise Stop

    try:
        with surrounded(job), clock:
            clock.check()
            result = measure(trainer, job, report)
    except Stop:
        unasked = Failure("raised", "The trainer raised Stop, but nothing had stopped it.")
        result = _failed(job, unasked, started, curve)
    if broken:
        raise broken[0]
    if not clock.rang:
        return result
    # Once stopped, it does not count what the trainer made of it: an outcome cut short is no measurement.
    if clock.end == deadline:
        return None
    return _failed(job, Failure("timeout", f"It took longer than the limit of {limit:g} s."), started, curve)


def _failed(job: Job, failure: Failure, started: float, curve: list[tuple[int, Metrics]]) -> Result:
    seconds = time.monotonic() - started
    return Result(job.id, job.proposal, error=failure, seconds=seconds, curve=tuple(curve))
