"""Runs that MLflow's autologging makes: they belong below the run of the search. Imports no MLflow by itself.

Autologging writes into the active run, or else into a run of its own that is nobody's child. So each evaluation that is
measured while it is on gets a run, below that of the search, and that run is active meanwhile. A run of the user's that
is active stays what it is.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from automl.core.runner import Job

_log = logging.getLogger(__name__)


def is_on() -> bool:
    """Say whether autologging is switched on in this process, for any library."""
    module = sys.modules.get("mlflow.utils.autologging_utils")
    known = getattr(module, "AUTOLOGGING_INTEGRATIONS", {})
    return any(settings and not settings.get("disable", False) for settings in known.values())


def store_in_use() -> str | None:
    """Return the tracking URI of this process if a run is active or autologging is on, else None."""
    if "mlflow" not in sys.modules:
        return None
    import mlflow

    return str(mlflow.get_tracking_uri()) if mlflow.active_run() or is_on() else None


def outer_run() -> str | None:
    """Return the id of the run that this process works for: the active one, or that of an MLflow project."""
    import mlflow

    active = mlflow.active_run()
    return str(active.info.run_id) if active else os.environ.get("MLFLOW_RUN_ID")


@contextmanager
def evaluation(job: Job, baseline: str, parent: Callable[[], tuple[str, str] | None]) -> Iterator[None]:
    """Make a run below that of the search the active one, if autologging is on; never raise anything.

    Args:
        job: what is measured inside.
        baseline: name of the baseline it belongs to, or empty.
        parent: returns experiment and run of the search, None if there is none; called only if it is needed.
    """
    run = None
    if is_on():
        try:
            run = _begin(job, baseline, parent())
        except Exception as error:  # whatever the store raises
            _log.debug("No run for what is logged automatically: %r", error)
    try:
        yield
    finally:
        if run is not None:
            _end(run)


def _begin(job: Job, baseline: str, parent: tuple[str, str] | None) -> str | None:
    import mlflow

    if parent is None:
        return None
    experiment, run_id = parent
    client = mlflow.MlflowClient()
    client.get_run(run_id)  # raises where autologging writes to another store
    name = f"{baseline + ', ' if baseline else ''}trial {job.proposal.trial}{' in full' if job.full else ''}, logged"
    tags = {"mlflow.parentRunId": run_id, "automl.kind": "autolog", "automl.evaluation": str(job.id)}
    made = str(client.create_run(experiment, tags=tags, run_name=name).info.run_id)
    mlflow.start_run(run_id=made, nested=True)
    return made


def _end(run: str) -> None:
    import mlflow

    active = mlflow.active_run()
    try:
        if active is not None and active.info.run_id == run:  # else the model has left one of its own open
            mlflow.end_run()
    except Exception as error:
        _log.debug("A run could not be ended: %r", error)
