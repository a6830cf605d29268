"""Making parcels of trainers and jobs, and saying what cannot travel."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from automl.core.errors import UsageError
from automl.core.runner import Job
from automl.core.trainer import Trainer
from automl.runners._crew import SERIAL
from automl.runners._parcel import PROTOCOL, Parcel, pack
from automl.runners._worker import Order


def check_settings(kind: str, workers: int, limit: float | None) -> None:
    """Refuse settings that no runner with workers can have.

    Raises:
        UsageError: saying which.
    """
    if workers < 1:
        raise UsageError(f"The {kind} runner needs at least one worker, got {workers}.")
    if limit is not None and not limit > 0:
        raise UsageError(f"The time limit of an evaluation must be positive, got {limit}.")


def parcel_of_job(job: Job, dumps: Callable[..., bytes] = pickle.dumps) -> Parcel:
    """Make a parcel of a job.

    Raises:
        UsageError: if its candidate cannot travel.
    """
    try:
        return pack(Order.of(job), dumps)
    except Exception as error:
        name = type(job.proposal.candidate).__name__
        raise UsageError(f"The candidate {name} cannot be sent to a worker process: {error}.", SERIAL) from error


def parcel_of_trainer(trainer: Trainer, dumps: Callable[..., bytes] = pickle.dumps) -> Parcel:
    """Make a parcel of a trainer.

    Raises:
        UsageError: if it cannot travel, naming the part that cannot.
    """
    try:
        return pack(trainer, dumps)
    except Exception as error:
        why = f"{_immovable_part(trainer, dumps)}{type(error).__name__}: {error}"
        raise UsageError(f"The trainer cannot be sent to worker processes. {why}.", SERIAL) from error


def _immovable_part(trainer: Trainer, dumps: Callable[..., Any]) -> str:
    """Name the attribute that cannot be pickled, if it is one."""
    for name, value in getattr(trainer, "__dict__", {}).items():
        try:
            dumps(value, protocol=PROTOCOL)
        except Exception:
            return f"Its attribute '{name}' ({type(value).__name__}) cannot be pickled: "
    return ""
