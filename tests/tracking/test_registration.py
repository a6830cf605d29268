"""A registered model is the exported one: in MLflow's registry, under an alias, and without a pickle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

import automl
from automl.core.errors import AutomlError, UsageError

FINALS = {"finalists": 0, "trials": 2, "baselines": ["none"], "optuna": "none", "mlflow": "none", "quiet": True}


@pytest.fixture
def store(mlflow_uri: str, monkeypatch: pytest.MonkeyPatch):
    """The store of this test, which MLflow's own functions look into, too."""
    import mlflow

    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    mlflow.set_tracking_uri(mlflow_uri)
    yield mlflow_uri
    mlflow.set_tracking_uri(before)


def loaded(name: str):
    """Return the registered champion, as a function and as the plain object of its export."""
    import mlflow

    function = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}@champion"))
    assert not [p for p in folder.rglob("*") if p.suffix in (".pkl", ".pickle", ".pth")], "no pickle"
    return function, automl.load(folder / "export")


def steps(choose):
    """Build a pipeline; two answers."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge(alpha=choose("alpha", [0.1, 1.0, 10.0])))


@pytest.fixture
def ridge(tmp_path: Path, store: str):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    options = FINALS | {"finalists": 1, "out": str(tmp_path / "runs" / "ridge")}
    return automl.search(steps, data=(x, x @ [1.0, 2.0, 3.0]), **options), x


def test_an_estimator_is_registered_without_a_pickle_and_agrees(ridge, store: str) -> None:
    summary, x = ridge
    entered = summary.best.register("ridge")
    assert (entered.uri, entered.alias) == ("models:/ridge/1", "champion")
    assert "skops" in entered.form
    function, plain = loaded("ridge")
    np.testing.assert_array_equal(function.predict(x), plain.predict(x))
    assert function.metadata.signature.inputs.input_names() is not None
    assert function.input_example.shape == (2, 3)
    client = MlflowClient(store)
    version = client.get_model_version_by_alias("ridge", "champion")
    run = client.get_run(version.run_id)
    assert run.data.tags["automl.kind"] == "study"
    assert run.info.status == "FINISHED"
    (model,) = client.search_logged_models([run.info.experiment_id])
    assert model.params == {"alpha": str(summary.best.candidate.values["alpha"])}
    assert {m.key for m in model.metrics} >= {"model/val_score"}


def test_registering_again_makes_another_version_and_moves_the_alias(ridge, store: str, tmp_path: Path) -> None:
    summary, _ = ridge
    summary.best.register("ridge")
    assert summary.best.register("ridge").version == 2
    third = summary.best.register("ridge", alias="challenger")
    client = MlflowClient(store)
    aliases = client.get_registered_model("ridge").aliases
    assert {name: int(version) for name, version in aliases.items()} == {"champion": 2, "challenger": 3}
    assert third.uri == "models:/ridge/3"
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert sum(run.data.tags.get("automl.kind") == "study" for run in runs) == 1


def test_columns_with_names_are_in_the_signature(tmp_path: Path, store: str) -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(60, 2)), columns=["width", "height"])
    frame["area"] = frame["width"] - frame["height"]
    options = FINALS | {"finalists": 1, "out": str(tmp_path / "run"), "set": {"target": "area"}}
    summary = automl.search(steps, data=frame, **options)
    summary.best.register("areas")
    function, plain = loaded("areas")
    assert function.metadata.signature.inputs.input_names() == ["width", "height"]
    inputs = frame.drop(columns="area")
    np.testing.assert_array_equal(function.predict(inputs), plain.predict(inputs))


def test_what_cannot_be_is_one_sentence(ridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    best = ridge[0].best
    for name, alias in (("a/b", "champion"), ("ridge", "v3"), ("ridge", "latest"), ("", "champion")):
        with pytest.raises(UsageError, match="--register NAME"):
            best.register(name, alias=alias)
    with pytest.raises(AutomlError, match=r"does not answer.*--mlflow"):
        best.register("ridge", mlflow="http://127.0.0.1:9")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    with pytest.raises(AutomlError, match=r"takes no model.*--mlflow"):
        best.register("ridge", mlflow=str(tmp_path / "mlruns"))
    assert not (tmp_path / "mlruns").exists()


def test_a_circuit_is_what_it_is(tmp_path: Path, store: str) -> None:
    options = FINALS | {"out": str(tmp_path / "run"), "controller": "random", "data": "h2-2q"}
    summary = automl.search("circuits", **options)
    summary.best.register("circuit")
    function, plain = loaded("circuit")
    assert function.predict({}) == json.loads(plain.to_json())
    assert function.get_raw_model().energy() == pytest.approx(plain.energy())


@pytest.mark.slow
def test_a_network_is_a_traced_graph_and_agrees(tmp_path: Path, store: str) -> None:
    import torch

    summary = automl.search("cnn", **FINALS, out=str(tmp_path / "run"), set={"epochs": 1})
    entered = summary.best.register("cnn")
    assert "pt2" in entered.form
    function, plain = loaded("cnn")
    images = np.random.default_rng(0).random((5, *function.input_example.shape[1:]), np.float32)
    np.testing.assert_allclose(function.predict(images), plain(torch.from_numpy(images)).detach().numpy(), atol=1e-6)


@pytest.mark.slow
def test_a_graph_network_takes_its_inputs_by_name(tmp_path: Path, store: str) -> None:
    import torch

    summary = automl.search("gnn", **FINALS, out=str(tmp_path / "run"), set={"epochs": 2})
    assert "pt2" in summary.best.register("gnn").form
    function, plain = loaded("gnn")
    rng = np.random.default_rng(0)
    nodes = rng.random((9, function.input_example["x"].shape[1]), np.float32)
    edges = rng.integers(0, 9, (2, 20))
    expected = plain(torch.from_numpy(nodes), torch.from_numpy(edges)).numpy()
    np.testing.assert_allclose(function.predict({"x": nodes, "edge_index": edges}), expected, atol=1e-6)


@pytest.mark.slow
def test_a_recommender_is_a_traced_graph_of_any_batch_size(tmp_path: Path, store: str) -> None:
    import torch

    options = FINALS | {"out": str(tmp_path / "run"), "controller": "random"}
    summary = automl.search("embeddings", **options, set={"epochs": 1})
    assert "pt2" in summary.best.register("tables").form
    function, plain = loaded("tables")
    rows = np.repeat(function.input_example, 7, 0)
    np.testing.assert_allclose(function.predict(rows), plain(torch.from_numpy(rows)).numpy(), atol=1e-6)


@pytest.mark.slow
def test_what_cannot_be_traced_is_the_export_and_says_so(tmp_path: Path, store: str) -> None:
    import torch

    from automl.tracking._mlflow_model import EXPORT, Logged, forms

    class Moody(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if float(x.sum()) > 0 else -x

    class Silent(torch.nn.Module):
        pass

    assert [form for form, _ in forms(Logged(Moody(), np.zeros((2, 3)), tmp_path))][-1] == EXPORT
    assert [form for form, _ in forms(Logged(Moody(), None, tmp_path))] == [EXPORT]
    with pytest.raises(UsageError, match="forward"):
        list(forms(Logged(Silent(), np.zeros((2, 3)), tmp_path)))
    with pytest.raises(UsageError, match="no format"):
        register_unexported(Moody(), store)


def register_unexported(model, store: str) -> None:
    from automl.tracking._mlflow_log import About, Place, log_model
    from automl.tracking._mlflow_model import Logged

    client = MlflowClient(store)
    experiment = client.create_experiment("untraced")
    run = client.create_run(experiment)
    log_model(Place(client, experiment, run.info.run_id), Logged(model, np.zeros((2, 3), np.float32)), About("x"))


def test_the_command_line_registers_with_or_without_a_folder(ridge, store: str, tmp_path: Path, capsys) -> None:
    from typer.testing import CliRunner

    from automl.cli import app

    run, out = str(tmp_path / "runs" / "ridge"), tmp_path / "out"
    done = CliRunner().invoke(app, ["export", run, "--register", "ridge", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "models:/ridge/1, alias champion" in done.output
    assert (out / "model.json").is_file()
    done = CliRunner().invoke(app, ["export", run, "--register", "ridge", "--alias", "best"])
    assert "models:/ridge/2, alias best" in done.output
    with pytest.raises(UsageError, match="--register"):
        CliRunner().invoke(app, ["export", run], catch_exceptions=False)


def test_the_store_is_the_one_that_is_named_then_that_of_the_environment(ridge, monkeypatch) -> None:
    from automl.reading import open_archive
    from automl.tracking.registration import store_of

    archive = open_archive(ridge[0].directory)
    assert store_of(archive, "sqlite:///named.db") == "sqlite:///named.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://there")
    assert store_of(archive, None) == "http://there"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert store_of(archive, None) == f"sqlite:///{ridge[0].directory.parent / 'mlflow.db'}"
