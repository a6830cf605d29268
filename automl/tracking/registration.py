"""Registering a trained model: MLflow's model registry gets a version of it, under a name and an alias."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import automl.telemetry  # noqa: F401 - sets MLflow's switches; everything of MLflow is imported later
from automl.archive import Archive
from automl.core.errors import AutomlError, UsageError
from automl.core.records import Trial
from automl.exports import chosen_trial, example_input, export, load
from automl.reading import open_archive
from automl.tracking.light_trials import public_url
from automl.tracking.numbers import number

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

ALIAS = "champion"
"""What points to the version that is registered, if nothing else is named: `alias=None` everywhere means this."""
_USUAL = "mlflow.db"


@dataclass(frozen=True)
class Registered:
    """A version of a registered model.

    Attributes:
        name: of the registered model.
        version: counted from 1.
        alias: what now points to this version.
        store: tracking URI of the store that it is in.
        form: the format it is stored in.
    """

    name: str
    version: int
    alias: str
    store: str
    form: str

    @property
    def uri(self) -> str:
        """What `mlflow.pyfunc.load_model` takes."""
        return f"models:/{self.name}/{self.version}"

    @property
    def usage(self) -> str:
        """A command that loads whatever the alias points to."""
        code = f"import mlflow; model = mlflow.pyfunc.load_model('models:/{self.name}@{self.alias}')"
        return f'Use it: MLFLOW_TRACKING_URI={self.store} python -c "{code}"'


def register(
    directory: str | Path,
    name: str,
    *,
    trial: int | None = None,
    alias: str | None = None,
    mlflow: str | None = None,
    exported: Path | None = None,
) -> Registered:
    """Register the model of a trial, by default of the best, as a new version; the alias moves to it.

    What MLflow holds then is the model as a function, with signature and example where the data say what an input is
    like, and in `export/` everything that `automl export` writes. A study that the store does not know is written
    into it first.

    Args:
        directory: the run directory.
        name: of the registered model; made if there is none of that name.
        trial: number of the trial.
        alias: what shall point to the new version; `ALIAS` if not given.
        mlflow: the store; else `MLFLOW_TRACKING_URI`, else that of the search.
        exported: the folder of an export of this trial, if there is one already.

    Raises:
        UsageError: for a name that MLflow refuses, or a model that it cannot store.
        AutomlError: if the store does not answer or has no registry, or the trial has no weights any more.
    """
    alias = ALIAS if alias is None else alias
    archive = open_archive(Path(directory))
    uri = store_of(archive, mlflow)
    chosen = chosen_trial(archive, trial)
    with _taught(uri), tempfile.TemporaryDirectory() as folder:
        client = _checked_client(uri, name, alias)
        here = exported or export(directory, Path(folder) / "export", chosen.number)
        model_id, form = _log(client, archive, chosen, here, uri)
        version = _version(client, name, client.get_logged_model(model_id), archive, chosen)
        client.set_registered_model_alias(name, alias, str(version))
    return Registered(name, version, alias, uri, form)


def store_of(archive: Archive, named: str | None) -> str:
    """Return the MLflow store for a study: the one that is named, the one of the environment, that of its search."""
    own = str(archive.info.settings.get("mlflow") or "none")
    usual = f"sqlite:///{archive.directory.parent / _USUAL}"
    return named or os.environ.get("MLFLOW_TRACKING_URI") or (usual if own == "none" else own)


def _checked_client(uri: str, name: str, alias: str) -> MlflowClient:
    """Open a store, and make sure that it has a registry that takes these names, before anything is written."""
    import mlflow.utils.validation as rules
    from mlflow.exceptions import MlflowException

    from automl.tracking._mlflow_store import open_client

    try:
        rules._validate_model_name(name)
        rules._validate_model_alias_name(alias)
        rules._validate_model_alias_name_reserved(alias)
    except MlflowException as error:
        raise UsageError(f"MLflow refuses this: {error.message}", "Type: --register NAME --alias champion") from error
    client = open_client(uri)
    client.search_registered_models(max_results=1)
    return client


@contextmanager
def _taught(uri: str) -> Iterator[None]:
    """Turn what MLflow and the network raise into a sentence."""
    from mlflow.exceptions import MlflowException

    shown = public_url(uri)
    try:
        yield
    except OSError as error:
        raise AutomlError(
            f"The MLflow store {shown} does not answer ({error.strerror or error}).",
            "Start it, or name another: --mlflow sqlite:///runs/mlflow.db",
        ) from error
    except MlflowException as error:
        said = str(error.message).strip().splitlines()[0].rstrip(".")
        raise AutomlError(
            f"The MLflow store {shown} takes no model: {said}.",
            "A database or a server has a registry: --mlflow sqlite:///runs/mlflow.db",
        ) from error


def _log(client: MlflowClient, archive: Archive, trial: Trial, here: Path, uri: str) -> tuple[str, str]:
    """Log the model of an export; return its id and its format."""
    from automl.tracking._mlflow_entries import milliseconds, params
    from automl.tracking._mlflow_log import About, Place, log_model
    from automl.tracking._mlflow_model import Logged

    run = _run_of(client, archive, uri)
    tags = {"automl.identity": archive.info.identity, "automl.trial": str(trial.number)}
    tags |= {"automl.space": archive.info.space, "automl.directory": str(archive.directory)}
    chosen = params({name: choice.value for name, choice in trial.choices.items()})
    about = About(
        f"trial-{trial.number}",
        tags,
        {p.key: p.value for p in chosen},
        _metrics(archive, trial),
        milliseconds(trial.finished),
    )
    place = Place(client, str(run.info.experiment_id), str(run.info.run_id))
    return log_model(place, Logged(load(here), example_input(archive.header), here), about)


def _metrics(archive: Archive, trial: Trial) -> dict[str, float]:
    final = archive.best_final(trial.number)
    return {name: float(value) for name, value in (final.metrics if final else trial.metrics).items()}


def _run_of(client: MlflowClient, archive: Archive, uri: str) -> Any:
    """Return the study's run in a store, written there first if it is not."""
    from automl.audience import replay
    from automl.tracking._mlflow_store import find_study
    from automl.tracking.to_mlflow import ToMlflow

    if (found := find_study(client, archive.info.identity)) is None:
        replay(ToMlflow(uri, patient=True), archive)
        found = find_study(client, archive.info.identity)
    if found is None:
        raise AutomlError(
            f"The study could not be written to {public_url(uri)}.", f"Type: automl sync {archive.directory}"
        )
    return found


def _version(client: MlflowClient, name: str, model: LoggedModel, archive: Archive, trial: Trial) -> int:
    """Make a version of the registered model out of a logged one, and tell the logged one."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, {"automl.space": archive.info.space})
    shown = ", ".join(f"{metric} {number(value)}" for metric, value in _metrics(archive, trial).items())
    made = client.create_model_version(
        name,
        _source(client, model),
        model.source_run_id,
        {"automl.trial": str(trial.number), "automl.identity": archive.info.identity},
        description=f"Trial {trial.number} of {archive.info.name}: {shown}.",
        model_id=model.model_id,
    )
    client.set_logged_model_tags(
        model.model_id, {MLFLOW_MODEL_VERSIONS: json.dumps([{"name": name, "version": made.version}])}
    )
    return int(made.version)


def _source(client: MlflowClient, model: LoggedModel) -> str:
    """Return where a version's files are; a database would look its id up in the store of MLflow's global state."""
    served = client.tracking_uri.startswith(("http://", "https://"))
    return str(model.model_uri if served else model.artifact_location)
