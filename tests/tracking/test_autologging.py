"""What MLflow's autologging writes during a search lies below the run of the search, and a run of the user's stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

import automl
from automl.tracking._autologged import is_on, store_in_use

OPTIONS = {"trials": 2, "optuna": "none", "quiet": True, "finalists": 1, "set": {"folds": 2}}


def steps(choose):
    from sklearn.linear_model import Ridge

    return Ridge(alpha=choose("alpha", [0.1, 1.0, 10.0]))


@pytest.fixture
def store(mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    mlflow.set_tracking_uri(mlflow_uri)
    yield mlflow_uri
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # `set_experiment` leaves it
    mlflow.set_tracking_uri(before)


@pytest.fixture
def data():
    x = np.random.default_rng(0).normal(size=(40, 3))
    return x, x @ [1.0, 2.0, 3.0]


@pytest.fixture
def logging_sklearn() -> Iterator[None]:
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    yield
    mlflow.sklearn.autolog(disable=True)


def tree(uri: str) -> dict[str, list]:
    """Return the runs of every experiment by the id of their parent, "" for those without one."""
    client = MlflowClient(uri)
    found: dict[str, list] = {}
    for run in client.search_runs([e.experiment_id for e in client.search_experiments()]):
        found.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(run)
    return found


def kinds(runs: list) -> list[str]:
    return sorted(run.data.tags.get("automl.kind", "user") for run in runs)


def test_every_fit_lies_below_the_search(store: str, data, tmp_path: Path, logging_sklearn: None) -> None:
    automl.search(steps, data=data, out=str(tmp_path / "run"), baselines=["random"], **OPTIONS)
    runs = tree(store)
    (study,) = runs[""]
    assert study.data.tags["automl.kind"] == "study"
    below = runs.pop(study.info.run_id)
    assert list(runs) == [""], "no run has a parent elsewhere"
    logged = [run for run in below if run.data.tags["automl.kind"] == "autolog"]
    names = {run.info.run_name for run in logged}
    assert {"trial 0, logged", "trial 1, logged", "random, trial 0, logged"} <= names
    assert any(name.endswith("in full, logged") for name in names)
    assert all(run.info.status == "FINISHED" for run in below)
    assert all("alpha" in run.data.params for run in logged)
    assert mlflow.active_run() is None


def test_a_run_of_the_users_stays_active_and_becomes_the_parent(
    store: str, data, tmp_path: Path, logging_sklearn: None
) -> None:
    mlflow.set_experiment("mine")
    with mlflow.start_run(run_name="outer") as outer:
        automl.search(steps, data=data, out=str(tmp_path / "run"), baselines=["none"], **OPTIONS)
        assert mlflow.active_run().info.run_id == outer.info.run_id
        assert MlflowClient(store).get_run(outer.info.run_id).info.status == "RUNNING"
        mlflow.log_param("after", 1)
    runs = tree(store)
    (top,) = runs.pop("")
    assert top.info.run_id == outer.info.run_id
    assert top.data.params == {"after": "1"}
    (study,) = runs.pop(top.info.run_id)
    assert study.info.experiment_id == top.info.experiment_id
    assert set(kinds(runs.pop(study.info.run_id))) == {"trial", "autolog"}
    assert runs == {}


def test_a_search_in_the_background_nests_as_well(store: str, data, tmp_path: Path) -> None:
    with mlflow.start_run() as outer:
        automl.start(steps, data=data, out=str(tmp_path / "run"), baselines=["none"], **OPTIONS).wait(60)
    assert kinds(tree(store)[outer.info.run_id]) == ["study"]


def test_the_store_of_an_active_run_is_that_of_the_search(tmp_path: Path, store: str, monkeypatch) -> None:
    assert not is_on()
    assert store_in_use() is None
    with mlflow.start_run():
        assert store_in_use() == store


def test_without_autologging_nothing_is_added(store: str, data, tmp_path: Path) -> None:
    automl.search(steps, data=data, out=str(tmp_path / "run"), baselines=["none"], **OPTIONS)
    runs = tree(store)
    (study,) = runs[""]
    assert set(kinds(runs[study.info.run_id])) == {"trial"}


def test_a_search_that_is_shown_elsewhere_leaves_autologging_alone(
    store: str, data, tmp_path: Path, logging_sklearn: None
) -> None:
    options = OPTIONS | {"mlflow": "none", "finalists": 0}
    automl.search(steps, data=data, out=str(tmp_path / "run"), baselines=["none"], **options)
    assert set(kinds(tree(store)[""])) == {"user"}


@pytest.mark.slow
def test_a_lightning_module_logs_its_epochs_below_the_search(store: str, tmp_path: Path) -> None:
    from automl.trainers.lightning_module.example import Net

    mlflow.pytorch.autolog(log_models=False, silent=True)
    try:
        options = OPTIONS | {"set": {"epochs": 2}, "finalists": 0, "baselines": ["none"]}
        automl.search(Net, out=str(tmp_path / "run"), **options)
    finally:
        mlflow.pytorch.autolog(disable=True)
    runs = tree(store)
    (study,) = runs[""]
    logged = [run for run in runs[study.info.run_id] if run.data.tags["automl.kind"] == "autolog"]
    assert [len(MlflowClient(store).get_metric_history(run.info.run_id, "val_loss")) for run in logged] == [2, 2]
