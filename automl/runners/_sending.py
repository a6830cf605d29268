"""Making parcels of trainers and jobs, and saying what cannot travel."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from automl.core.errors import UsageError
from automl.core.runner import Job
from automl.core.trainer import Trainer
from automl.runners._clock import check_limit
from automl.runners._crew import SERIAL
from automl.runners._main import speaks_of_main
from automl.runners._parcel import Parcel, pack
from automl.runners._worker import Order


def check_settings(kind: str, workers: int, limit: float | None) -> None:
    """Refuse settings that no runner with workers can have.

    Raises:
        UsageError: saying which.
    """
    if workers < 1:
        raise UsageError(f"The {kind} runner needs at least one worker, got {workers}.")
    check_limit(limit)


def pack_with_definitions(message: Any) -> Parcel:
    """Pickle a message; what only this process knows (classes of a script or a notebook) with its definition."""
    try:
        parcel = pack(message)
        if not speaks_of_main(parcel.message):
            return parcel
    except (pickle.PicklingError, AttributeError, TypeError):
        pass  # what is defined inside a function
    import cloudpickle

    return pack(message, cloudpickle.dumps)


def parcel_of_job(job: Job, packed: Callable[[Any], Parcel] = pack) -> Parcel:
    """Make a parcel of a job.

    Raises:
        UsageError: if its candidate cannot travel.
    """
    try:
        return packed(Order.of(job))
    except Exception as error:
        name = type(job.proposal.candidate).__name__
        raise UsageError(f"The candidate {name} cannot be sent to a worker process: {error}.", SERIAL) from error


def parcel_of_trainer(trainer: Trainer, packed: Callable[[Any], Parcel] = pack) -> Parcel:
    """Make a parcel of a trainer.

    Raises:
        UsageError: if it cannot travel, naming the part that cannot.
    """
    try:
        return packed(trainer)
    except Exception as error:
        why = f"{_immovable_part(trainer, packed)}{type(error).__name__}: {error}"
        raise UsageError(f"The trainer cannot be sent to worker processes. {why}.", SERIAL) from error


def _immovable_part(trainer: Trainer, packed: Callable[[Any], Parcel]) -> str:
    """Name the attribute that cannot be pickled, if it is one."""
    for name, value in getattr(trainer, "__dict__", {}).items():
        try:
            packed(value)
        except Exception:
            return f"Its attribute '{name}' ({type(value).__name__}) cannot be pickled: "
    return ""
