from __future__ import annotations

import csv
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.testing.trackers import (
    TrackerContract,
    failed_trial,
    long_trial,
    show,
    summary_of,
    tower_study,
    tower_trials,
)
from automl.tracking._mlflow_entries import chunks, key, metrics, params
from automl.tracking.to_mlflow import ToMlflow

DEAD = "http://127.0.0.1:9"


def write(uri: str, study, trials, **settings) -> None:
    tracker = ToMlflow(uri, **settings)
    show(tracker, study, trials)
    tracker.close()


def runs(uri: str) -> tuple[list, dict]:
    """Return the parent runs, and the children by the number of their trial."""
    client = MlflowClient(uri)
    everything = client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=1000)
    parents = [r for r in everything if r.data.tags["automl.kind"] == "study"]
    children = [r for r in everything if r.data.tags["automl.kind"] == "trial"]
    numbers = [int(r.data.tags["automl.trial"]) for r in children]
    assert len(set(numbers)) == len(numbers), "a trial has two runs"
    return parents, dict(zip(numbers, children, strict=True))


def picture(uri: str) -> list:
    """Return everything but the times at which the parent was written."""
    client = MlflowClient(uri)
    parents, children = runs(uri)
    shown = []
    for run in [*parents, *(children[n] for n in sorted(children))]:
        histories = [
            (m.key, m.value, m.step, m.timestamp)
            for name in sorted(run.data.metrics)
            for m in client.get_metric_history(run.info.run_id, name)
        ]
        files = {p.name: p.read_text() for p in Path(run.info.artifact_uri).glob("*") if p.is_file()}
        shown.append((run.info.run_id, run.info.status, run.data.params, run.data.tags, histories, files))
    return shown


class TestToMlflow(TrackerContract):
    @pytest.fixture
    def make(self, mlflow_uri):
        return lambda: ToMlflow(mlflow_uri)

    @pytest.fixture
    def read(self, mlflow_uri):
        return lambda: picture(mlflow_uri)


class TestToMlflowDead(TrackerContract):
    """A server that does not exist."""

    @pytest.fixture
    def make(self):
        return lambda: ToMlflow(DEAD)

    def test_it_is_said_once(self, make, study, warned) -> None:
        started = time.monotonic()
        tracker = make()
        show(tracker, study, tower_trials(3))
        tracker.close()
        assert time.monotonic() - started < 10
        (warning,) = warned()
        assert "127.0.0.1:9" in warning
        assert "automl sync" in warning


def test_what_mlflow_shows(mlflow_uri: str, tmp_path: Path) -> None:
    study, trials = tower_study(tmp_path), [*tower_trials(5), failed_trial(5)]
    write(mlflow_uri, study, trials)
    (parent,), children = runs(mlflow_uri)
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "towers"
    assert parent.data.params["controller.batch"] == "4"
    assert parent.data.params["seed"] == "0"
    best = max(t.metrics["val_accuracy"] for t in trials if t.judged)
    assert parent.data.metrics["best/val_accuracy"] == best
    assert parent.data.metrics["controller/entropy"] == pytest.approx(1 / 6)
    assert parent.data.metrics["study/failed"] == 1
    history = MlflowClient(mlflow_uri).get_metric_history(parent.info.run_id, "best/val_accuracy")
    assert [m.value for m in history] == sorted(m.value for m in history)

    child, told = children[3], trials[3]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.info.run_name == "trial 3"
    assert child.data.params["block0/depth"] == str(told.choices["block0/depth"].value)
    assert child.data.params["trial.parent"] == "2"
    assert child.data.metrics["val_accuracy"] == told.metrics["val_accuracy"]
    curve = MlflowClient(mlflow_uri).get_metric_history(child.info.run_id, "val_accuracy")
    assert [m.step for m in curve] == [1, 2, 3]
    assert (child.info.start_time, child.info.end_time) == (round(told.started * 1e3), round(told.finished * 1e3))
    assert children[5].info.status == "FAILED"
    assert "no luck" in children[5].data.tags["automl.failure"]


def test_artifacts_lie_beside_the_store(mlflow_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    study, trials = tower_study(tmp_path), tower_trials(3)
    write(mlflow_uri, study, trials)
    client = MlflowClient(mlflow_uri)
    (parent,), children = runs(mlflow_uri)
    assert Path(parent.info.artifact_uri).is_relative_to(tmp_path / "mlartifacts")
    assert list(elsewhere.iterdir()) == []
    folder = client.download_artifacts(children[1].info.run_id, "candidate.json", str(elsewhere))
    assert json.loads(Path(folder).read_text()) == trials[1].candidate
    names = [f.path for f in client.list_artifacts(parent.info.run_id)]
    assert names == ["summary.json", "trials.csv"]
    rows = list(csv.DictReader(Path(parent.info.artifact_uri, "trials.csv").read_text().splitlines()))
    assert [float(row["val_accuracy"]) for row in rows] == [t.metrics["val_accuracy"] for t in trials]
    assert json.loads(rows[2]["candidate"]) == trials[2].candidate


def test_after_the_first_only_what_matters_gets_a_run(mlflow_uri: str, tmp_path: Path) -> None:
    trials = [*tower_trials(30), failed_trial(30)]
    write(mlflow_uri, tower_study(tmp_path), trials, children=4)
    _, children = runs(mlflow_uri)
    improvements, best = set(), 0.0
    for trial in trials[:30]:
        if trial.metrics["val_accuracy"] > best:
            best = trial.metrics["val_accuracy"]
            improvements.add(trial.number)
    assert set(children) == {0, 1, 2, 3, 30} | improvements
    assert len(improvements - {0, 1, 2, 3}) > 0


def test_front_members_get_a_run(mlflow_uri: str, tmp_path: Path) -> None:
    study, trials = tower_study(tmp_path, "max:val_accuracy", "min:params"), tower_trials(30)
    write(mlflow_uri, study, trials, children=0)
    _, children = runs(mlflow_uri)
    assert {t.number for t in study.objectives.front(trials)} <= set(children)
    assert len(children) < 30


def test_an_interrupted_study_goes_on_in_its_own_run(mlflow_uri: str, tmp_path: Path) -> None:
    study, trials = tower_study(tmp_path), tower_trials(6)
    killed = ToMlflow(mlflow_uri)
    killed.opened(study)
    for trial in trials[:3]:
        killed.closed(trial)
    assert killed._behind.flush(30)  # and then nothing more, as after kill -9
    client = MlflowClient(mlflow_uri)
    _, children = runs(mlflow_uri)
    client.update_run(children[2].info.run_id, status="RUNNING")  # cut off before its end was written
    write(mlflow_uri, study, trials)
    (parent,), children = runs(mlflow_uri)
    assert sorted(children) == list(range(6))
    assert {c.info.status for c in children.values()} == {"FINISHED"}
    history = client.get_metric_history(parent.info.run_id, "trial/val_accuracy")
    assert [m.value for m in history] == [t.metrics["val_accuracy"] for t in trials]
    curve = client.get_metric_history(children[2].info.run_id, "loss")
    assert [m.step for m in curve] == [1, 2, 3]


def test_a_study_that_is_left_is_marked_so(mlflow_uri: str, tmp_path: Path) -> None:
    tracker = ToMlflow(mlflow_uri)
    tracker.opened(tower_study(tmp_path))
    tracker.close()
    (parent,), _ = runs(mlflow_uri)
    assert parent.info.status == "KILLED"


def test_global_state_is_left_alone(mlflow_uri: str, tmp_path: Path) -> None:
    import mlflow

    before = mlflow.get_tracking_uri(), dict(os.environ)
    write(mlflow_uri, tower_study(tmp_path), tower_trials(2))
    assert (mlflow.get_tracking_uri(), dict(os.environ)) == before
    assert mlflow.active_run() is None


def test_names_and_batches_fit_mlflow() -> None:
    from mlflow.utils.validation import _validate_metric_name

    for name in ("layer3/width", "a//b", "../x", "/x", "acc@1", "ü", ".", "x" * 400):
        _validate_metric_name(key(name))
        assert len(key(name)) <= 250
    assert key("block0/layer1/width") == "block0/layer1/width"
    many = params({f"p{i}": i for i in range(250)})
    sizes = [(len(m), len(p)) for m, p in chunks([None] * 1000, many)]
    assert sizes == [(900, 100), (100, 100), (0, 50)]
    assert list(chunks([], [])) == [([], [])]


def test_curves_of_all_evaluations_follow_each_other() -> None:
    (trial,) = tower_trials(1)
    again = replace(trial.results[0], id=9, outcome=Outcome({"val_accuracy": 0.9}))
    goals = Objectives.parse(["max:val_accuracy"])
    points = metrics(replace(trial, results=(*trial.results, again), place=1), goals)
    accuracy = [(m.step, m.value) for m in points if m.key == "val_accuracy"]
    assert [step for step, _ in accuracy] == [1, 2, 3, 4, 5, 6]
    assert accuracy[-1] == (6, 0.9)
    assert [m.timestamp for m in points] == sorted(m.timestamp for m in points)


def test_a_long_path_stays_drawable_and_ends_with_what_it_is_judged_by() -> None:
    path = long_trial(0, 3000)
    points = [m for m in metrics(path, Objectives.parse(["max:val_accuracy"])) if m.key == "val_accuracy"]
    assert len(points) <= 201
    assert points[-1].value == path.metrics["val_accuracy"]
    assert [m.step for m in points] == sorted({m.step for m in points})


def test_a_trial_that_was_cut_short_is_made_anew_when_it_is_closed(mlflow_uri: str, tmp_path: Path) -> None:
    study = tower_study(tmp_path)
    write(mlflow_uri, study, [*tower_trials(1), replace(long_trial(1, 20), open=True)])
    (parent,), children = runs(mlflow_uri)
    assert children[1].info.status == "KILLED"
    assert ",open," in Path(parent.info.artifact_uri, "trials.csv").read_text()
    write(mlflow_uri, study, [*tower_trials(1), long_trial(1, 40)])
    (parent,), children = runs(mlflow_uri)
    assert children[1].info.status == "FINISHED"
    assert children[1].data.params["trial.evaluations"] == "40"
    assert ",open," not in Path(parent.info.artifact_uri, "trials.csv").read_text()


@pytest.mark.slow
def test_the_best_model_comes_back(mlflow_uri: str, tmp_path: Path) -> None:
    import mlflow
    import torch

    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10), torch.nn.BatchNorm1d(10))
    network(torch.rand(16, 1, 8, 8))
    tracker = ToMlflow(mlflow_uri)
    show(tracker, tower_study(tmp_path), tower_trials(2))
    uri = tracker.log_model(network, torch.rand(1, 1, 8, 8))
    tracker.close()
    assert uri is not None
    assert network.training
    (parent,), _ = runs(mlflow_uri)
    assert parent.data.tags["automl.model"] == uri
    assert [output.model_id for output in parent.outputs.model_outputs] == [uri.removeprefix("models:/")]
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(mlflow_uri)
    try:
        loaded = mlflow.pytorch.load_model(uri)
    finally:
        mlflow.set_tracking_uri(before)
    batch = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(loaded(batch), network.eval()(batch))


@pytest.mark.slow
def test_a_model_of_several_inputs_comes_back_with_all_their_sizes_free(mlflow_uri: str, tmp_path: Path) -> None:
    import mlflow
    import torch

    class Sums(torch.nn.Module):
        def forward(self, x: torch.Tensor, edge_index: torch.Tensor, batch: torch.Tensor | None = None) -> torch.Tensor:
            return torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])

    tracker = ToMlflow(mlflow_uri)
    show(tracker, tower_study(tmp_path), tower_trials(2))
    uri = tracker.log_model(Sums(), (np.zeros((3, 4), np.float32), np.array([[0, 1], [1, 2]])))
    tracker.close()
    assert uri is not None
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(mlflow_uri)
    try:
        loaded = mlflow.pytorch.load_model(uri)
    finally:
        mlflow.set_tracking_uri(before)
    graph = torch.rand(9, 4), torch.randint(9, (2, 20))
    torch.testing.assert_close(loaded(*graph), Sums()(*graph))


@pytest.mark.slow
def test_a_model_that_cannot_be_traced_is_only_a_warning(mlflow_uri: str, tmp_path: Path, warned) -> None:
    import torch

    class Moody(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if float(x.sum()) > 0 else -x

    tracker = ToMlflow(mlflow_uri)
    tracker.opened(tower_study(tmp_path))
    assert tracker.log_model(Moody(), torch.rand(2, 3)) is None
    tracker.finished(summary_of(tower_study(tmp_path), []))
    tracker.close()
    (warning,) = warned()
    assert "automl export" in warning
    (parent,), _ = runs(mlflow_uri)
    assert parent.info.status == "FINISHED"


def test_cost_per_child(mlflow_uri: str, tmp_path: Path) -> None:
    """Measured 25 ms of processor time per child on a quiet machine."""
    study, trials = tower_study(tmp_path), tower_trials(40)
    write(mlflow_uri, tower_study(tmp_path, identity="warm"), trials[:1])
    started = time.process_time()
    write(mlflow_uri, study, trials)
    took = (time.process_time() - started) / len(trials)
    print(f"{1000 * took:.1f} ms of processor time per child")
    assert took < 0.1


def test_telemetry_is_off_before_mlflow_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import automl.tracking.to_mlflow as t, os, sys; assert 'mlflow' not in sys.modules;"
        "assert os.environ['MLFLOW_DISABLE_TELEMETRY'] == 'true'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
