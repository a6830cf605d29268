"""The contract of a runner, where evaluations happen; and `measure`, the one way they are carried out."""

from __future__ import annotations

import math
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from automl.core.errors import Stop, UsageError
from automl.core.records import Failure, FailureKind, Metrics, Outcome, Proposal, Result, Weights
from automl.core.trainer import Report, Trainer, Watch


@dataclass(frozen=True, slots=True)
class Job:
    """An evaluation ready to run.

    Attributes:
        id: number of the evaluation.
        proposal: what to measure.
        weights: inherited weights, or None.
        seed: seed of the evaluation; the same wherever it runs.
        full: True to train the candidate to the end (`Finishing.finish`) instead of measuring it.
        part: which part of a finished model's test to carry out instead (`InParts.test_part`); None for none.
        watch: who may end it early, or None.
    """

    id: int
    proposal: Proposal
    weights: Weights | None
    seed: int
    full: bool = False
    part: int | None = None
    watch: Watch | None = None


OnReport: TypeAlias = Callable[[int, int, Metrics], None]
"""Called as (job id, step, metrics) in the process of the study, as soon as a report arrives."""


class Runner(ABC):
    """Carries out jobs and returns each exactly once.

        runner = Runner(trainer, workers=2, limit=60.0, on_report=print)
        runner.submit(job)                      # never blocks while fewer than `capacity` jobs are in flight
        results = runner.collect(timeout=1.0)   # finished ones, possibly none; a dead worker's has failed
        runner.close(); runner.close()          # ends what is in flight; may be called twice

    Failures of a trainer (an exception, NaN, out of memory, a dead process, a time limit) are results, never
    exceptions. What `on_report` raises is the study's own error and comes out of `collect`; then `close`.
    """

    capacity: int
    """How many jobs can be in flight."""

    deadline: float | None = None
    """When the study's time is over, in `time.monotonic()` seconds; the study sets it. From then on `collect`
    returns at once with what is finished. A job that was cut short gives no result: `close` drops it."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job."""

    @abstractmethod
    def collect(self, timeout: float | None) -> Sequence[Result]:
        """Return finished jobs; wait up to `timeout` seconds for the first, without end if None."""

    @abstractmethod
    def close(self) -> None:
        """End all jobs and free everything."""


def measure(trainer: Trainer, job: Job, report: Report) -> Result:
    """Carry out one evaluation here and now; whatever the trainer does becomes a result.

    A `Stop` that `report` raises passes through: whoever stopped the evaluation knows what its end means. One that is
    ended by its watch has failed as `stopped`, whatever the trainer made of it.
    """
    started = time.perf_counter()
    curve: list[tuple[int, Metrics]] = []
    stopped: list[Failure] = []

    def record(step: int, metrics: Metrics) -> None:
        plain = {name: float(value) for name, value in metrics.items()}
        if not stopped:
            curve.append((step, plain))
            report(step, plain)
            if job.watch is not None and job.watch(curve):
                stopped.append(Failure("stopped", f"It was stopped early by {job.watch}."))
        if stopped:
            raise Stop

    try:
        outcome, error = _attempt(trainer, job, record)
    except Stop:
        if not stopped:
            raise
    if stopped:
        outcome, error = None, stopped[0]
    return Result(job.id, job.proposal, outcome, error, seconds=time.perf_counter() - started, curve=tuple(curve))


def _attempt(trainer: Trainer, job: Job, report: Report) -> tuple[Outcome | None, Failure | None]:
    candidate, weights = job.proposal.candidate, job.weights
    try:
        if job.part is not None:
            outcome = trainer.test_part(candidate, weights or {}, part=job.part, report=report)  # type: ignore[attr-defined]
        elif job.full:
            outcome = trainer.finish(candidate, weights=weights, seed=job.seed, report=report)  # type: ignore[attr-defined]
        else:
            outcome = trainer.train(
                candidate, effort=job.proposal.effort, weights=weights, seed=job.seed, report=report
            )
        return _judge(outcome)
    except Stop:
        raise
    except UsageError as error:
        return None, Failure("invalid", str(error))
    except (Exception, SystemExit) as error:  # a trainer may raise anything, even exit; the search goes on
        return None, _failure(error)


def _judge(outcome: Outcome) -> tuple[Outcome | None, Failure | None]:
    if not isinstance(outcome, Outcome):
        raise TypeError(f"a trainer must return an Outcome, this one returned {type(outcome).__name__}")
    bad = [name for name, value in outcome.metrics.items() if not math.isfinite(value)]
    if bad:
        return None, Failure("not_finite", f"Metrics are not finite: {', '.join(bad)}.")
    return outcome, None


def _kind(error: BaseException, said: str) -> FailureKind:
    """Tell running out of memory from other errors, on any device and without importing torch."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out_of_memory"
    return "out_of_memory" if "can't allocate memory" in said else "raised"


def _failure(error: BaseException) -> Failure:
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"in {last.name}, {last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
    try:
        said = str(error)
    except Exception:
        said = "(its text cannot be made)"
    return Failure(_kind(error, said), f"{type(error).__name__}: {said} ({where})")
