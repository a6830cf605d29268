"""What a worker process does: receive the trainer once, then jobs, until the study hangs up.

The study sends the pickled trainer, then Order after Order. The worker answers Ready or Broken once, and then
to each order any number of Reported and one Finished.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NamedTuple, TypeAlias

from automl.core.errors import UsageError
from automl.core.records import Failure, FailureKind, Metrics, Outcome, Proposal, Weights
from automl.core.runner import Job
from automl.core.trainer import Trainer, Watch
from automl.runners._evaluate import evaluate
from automl.runners._main import import_main
from automl.runners._parcel import pack, receive, send, unpack

_PR_SET_PDEATHSIG = 1
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Terms:
    """How a worker is to work.

    Attributes:
        study: process id of the study.
        tied: whether the kernel should end the worker together with the thread that started it.
        threads: threads for numerical libraries.
        limit: seconds one evaluation may take, or None.
        main: how to import the user's script, or None where nothing of it is needed.
    """

    study: int
    tied: bool
    threads: int
    limit: float | None
    main: dict[str, str] | None


class Order(NamedTuple):
    """A job as it travels, without the trace of choices, which no trainer sees.

    Messages are named tuples because those are pickled several times faster than dataclasses.
    """

    id: int
    trial: int
    step: int
    candidate: Any
    effort: float
    weights: Weights | None
    seed: int
    full: bool
    part: int | None
    watch: Watch | None

    @classmethod
    def of(cls, job: Job) -> Order:
        """Return the order for a job."""
        p = job.proposal
        return cls(job.id, p.trial, p.step, p.candidate, p.effort, job.weights, job.seed, job.full, job.part, job.watch)

    def job(self) -> Job:
        """Return the job again."""
        proposal = Proposal(self.trial, self.step, self.candidate, self.effort)
        return Job(self.id, proposal, self.weights, self.seed, self.full, self.part, self.watch)


class Ready(NamedTuple):
    """The trainer has arrived."""


class Broken(NamedTuple):
    """The trainer could not be read; no other worker would be able to."""

    why: str
    hint: str


class Reported(NamedTuple):
    """An evaluation reported."""

    step: int
    metrics: Metrics


class Finished(NamedTuple):
    """An evaluation ended."""

    outcome: Outcome | None
    error: Failure | None
    seconds: float


Message: TypeAlias = Ready | Broken | Reported | Finished


class _Leave(BaseException):
    """The study wants this worker to end: unwind, so that the trainer can put its things away."""


def work(line: Connection, terms: Terms) -> None:
    """Serve one study; the target of a worker process."""
    try:
        _settle(line, terms)
        trainer = _receive_trainer(line, terms)
        while trainer is not None:
            _send(line, _carry_out(trainer, line, terms.limit))
    except (EOFError, ConnectionError):
        return  # the study has hung up
    except _Leave:
        sys.exit(_TERMINATED)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is leaving already


def _settle(line: Connection, terms: Terms) -> None:
    """Live and die with the study, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked while this process was started
    signal.signal(signal.SIGTERM, _leave)
    if terms.tied and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if hasattr(os, "getppid") and os.getppid() != terms.study:
        raise EOFError  # it died before we could ask to be told
    # A trainer's own children must not hold the line open: its end is how the study learns of our death.
    os.set_inheritable(line.fileno(), False)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=line.close)


def _leave(signum: int, frame: FrameType | None) -> None:
    raise _Leave


def _receive_trainer(line: Connection, terms: Terms) -> Trainer | None:
    parcel = receive(line)
    try:
        if terms.main is not None:
            import_main(terms.main)
        trainer: Trainer = unpack(parcel)
    except UsageError as error:
        _send(line, Broken(error.message, error.hint))
        return None
    except Exception as error:
        _send(line, Broken(f"Worker processes cannot read the trainer: {type(error).__name__}: {error}", ""))
        return None
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(terms.threads)
    _send(line, Ready())
    return trainer


def _carry_out(trainer: Trainer, line: Connection, limit: float | None) -> Finished:
    parcel = receive(line)
    try:
        order: Order = unpack(parcel)
        job = order.job()
    except Exception as error:
        kind: FailureKind = "out_of_memory" if isinstance(error, MemoryError) else "invalid"
        return Finished(None, Failure(kind, f"A worker cannot read the job: {type(error).__name__}: {error}"), 0.0)
    del parcel, order  # the message of a large job need not stay while it is carried out

    def forward(_: int, step: int, metrics: Metrics) -> None:
        _send(line, Reported(step, metrics))

    result = evaluate(trainer, job, forward, limit=limit)
    assert result is not None  # only a deadline gives none, and that one the study keeps itself
    return Finished(result.outcome, result.error, result.seconds)


def _send(line: Connection, message: Message) -> None:
    last = not isinstance(message, Reported)
    try:
        parcel = pack(message, last=last)
    except Exception as error:
        why = f"The outcome cannot be sent to the study: {type(error).__name__}: {error}"
        parcel = pack(Finished(None, Failure("raised", why), 0.0))
    send(line, parcel)
