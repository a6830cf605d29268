"""Opening an MLflow tracking store without touching MLflow's global state. Imports MLflow."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from automl.tracking.sqlite_files import create_once, sqlite_path

SECONDS_TO_ANSWER = 3.0
"""How long a server may take to accept a connection; MLflow itself would try for minutes."""

KIND_OF_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}
"""Lets MLflow's page open with runs and charts instead of prompts and traces."""


def open_client(uri: str) -> MlflowClient:
    """Return a client of the store, whose tables are there.

    Raises:
        OSError: if a server does not accept connections.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "localhost", port), SECONDS_TO_ANSWER).close()
    path = sqlite_path(uri)
    if path is not None:
        create_once(path, lambda draft: _create_tables(draft, artifacts_of(path)))
    return MlflowClient(uri)


def artifacts_of(path: Path) -> str:
    """Return where the artifacts of an SQLite store lie: beside it, whatever the current directory is."""
    return str(path.resolve().parent / "mlartifacts")


IDENTITY, KIND = "automl.identity", "automl.kind"
"""Tags of a run: the identity of its study, and whether it is that of the study or of a trial."""


def known_run(client: MlflowClient, run_id: str | None) -> Run | None:
    """Return a run of this store, None if it has none of that id."""
    with contextlib.suppress(MlflowException):
        return client.get_run(run_id) if run_id else None
    return None


def find_study(client: MlflowClient, identity: str) -> Run | None:
    """Return the run of a study, in whatever experiment it is; None if there is none."""
    mine = f"tags.`{IDENTITY}` = '{identity}' and tags.`{KIND}` = 'study'"
    found = client.search_runs([each.experiment_id for each in client.search_experiments()], mine, max_results=1)
    return found[0] if found else None


def experiment_id(client: MlflowClient, uri: str, name: str | None) -> str:
    """Return the id of the experiment, created if it is not there."""
    name = name or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    if name is None and (number := os.environ.get("MLFLOW_EXPERIMENT_ID")):
        with contextlib.suppress(MlflowException):  # it is the number of another store
            return str(client.get_experiment(number).experiment_id)
    name = name or "automl"
    found = client.get_experiment_by_name(name)
    if found is None:
        path = sqlite_path(uri)
        place = artifacts_of(path) if path else None
        with contextlib.suppress(MlflowException):  # another process may be faster
            return str(client.create_experiment(name, artifact_location=place, tags=KIND_OF_EXPERIMENT))
        found = client.get_experiment_by_name(name)
    return str(found.experiment_id)


def _create_tables(uri: str, artifacts: str) -> None:
    """Run MLflow's migrations; some 3 s of processor time, once per file."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with hushed("mlflow", "alembic"):
        SqlAlchemyStore(uri, artifacts).engine.dispose()


@contextlib.contextmanager
def hushed(*loggers: str) -> Iterator[None]:
    """Let only errors through while MLflow does something it is talkative about."""

    def errors_only(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or not record.name.startswith(loggers)

    handlers = [handler for name in (*loggers, "") for handler in logging.getLogger(name).handlers]
    for handler in handlers:
        handler.addFilter(errors_only)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(errors_only)
