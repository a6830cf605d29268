"""Logging a model to an MLflow run, through a client instead of MLflow's global state. Imports MLflow."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.models import Model

from automl.core.errors import UsageError
from automl.core.records import Metrics
from automl.tracking._mlflow_entries import key
from automl.tracking._mlflow_model import FOLDER, Logged, forms


@dataclass(frozen=True)
class Place:
    """Where a model is logged.

    Attributes:
        client: of the store.
        experiment: its id.
        run: id of the run that it came from.
    """

    client: MlflowClient
    experiment: str
    run: str


@dataclass(frozen=True)
class About:
    """What is said of a logged model.

    Attributes:
        name: its name in its experiment.
        tags, params: as MLflow shows them.
        metrics: what was measured of it.
        at: the time of that, in milliseconds.
    """

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=dict)
    at: int = 0


def log_model(place: Place, logged: Logged, about: About) -> tuple[str, str]:
    """Log a model in the best format that it can have.

    Returns:
        Its id, and the format; where that is not the best, with the reason.

    Raises:
        UsageError: if it cannot be stored at all.
    """
    client = place.client
    entry = client.create_logged_model(
        place.experiment, about.name, source_run_id=place.run, tags=dict(about.tags), params=dict(about.params)
    )
    state = "FAILED"
    try:
        with tempfile.TemporaryDirectory() as folder:
            path, form = _saved(logged, Path(folder), Model(run_id=place.run, model_id=entry.model_id))
            client.log_model_artifacts(entry.model_id, str(path))
        state = "READY"
    finally:
        client.finalize_logged_model(entry.model_id, state)
    client.log_outputs(place.run, [LoggedModelOutput(entry.model_id, step=0)])
    points = [
        Metric(key(f"model/{name}"), float(value), about.at, 0, model_id=entry.model_id, run_id=place.run)
        for name, value in about.metrics.items()
    ]
    if points:
        client.log_batch(place.run, metrics=points)
    return str(entry.model_id), form


def _saved(logged: Logged, folder: Path, described: Model) -> tuple[Path, str]:
    """Save a model in the first format that works; one that does not may have left half a folder."""
    why, trouble = "", None
    for number, (form, save) in enumerate(forms(logged)):
        path = folder / f"attempt-{number}"
        described.flavors.clear()
        try:
            save(logged, path, described)
        except Exception as error:  # tracing runs the user's code, and may raise anything
            why, trouble = f" ({form} is not possible: {_first_line(error)})", error
            continue
        if logged.export is not None and not (path / FOLDER).exists():
            shutil.copytree(logged.export, path / FOLDER)
        return path, form + why
    raise UsageError(
        f"MLflow has no format for this model ({_first_line(trouble)}).", "Type: automl export DIR --out PATH"
    ) from trouble


def _first_line(error: Exception | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else repr(error)
