"""Graph networks end to end: test labels decide nothing, exports stand alone, bad input is refused with a sentence."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file

import automl
from automl.cli import main
from automl.exports import export, load
from automl.reading import open_archive
from automl.trainers.gnn.data.cora import read_cora

QUICK = {"epochs": 4, "final_epochs": 3, "repeats": 2, "trainer.lr": 0.02, "max_width": 16}


def cora(permute):
    """Cora as its arrays, its test labels permuted or not."""
    raw = read_cora()
    y, test = raw.y.copy(), raw.test.nonzero()[0]
    if permute:
        y[test] = y[np.random.default_rng(0).permutation(test)]
        assert (y != raw.y).sum() > 500
    return {
        "x": raw.x,
        "edge_index": raw.edge_index,
        "y": y,
        "train_mask": raw.train,
        "val_mask": raw.validation,
        "test_mask": raw.test,
    }


@pytest.fixture(scope="module")
def searches(tmp_path_factory):
    """The same search with true test labels, and with permuted ones."""
    folder = tmp_path_factory.mktemp("gnn")
    quiet = {"optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True}
    for name, permute in (("true", False), ("permuted", True)):
        out = str(folder / name)
        automl.search(
            "gnn", data=cora(permute), controller="conservative", trials=6, seed=3, set=QUICK, out=out, **quiet
        )
    return folder / "true", folder / "permuted"


def summary(run):
    return json.loads((run / "summary.json").read_text())


def without_test(metrics):
    return {name: value for name, value in metrics.items() if "test" not in name}


def test_test_labels_decide_nothing(searches):
    true, permuted = map(summary, searches)
    assert true["best"]["candidate"] == permuted["best"]["candidate"]
    assert true["best"]["metrics"] == permuted["best"]["metrics"]
    trials = [[(trial.candidate, trial.metrics) for trial in open_archive(run).trials] for run in searches]
    assert len(trials[0]) == 6
    assert trials[0] == trials[1]
    assert true["final"]
    for one, other in zip(true["final"], permuted["final"], strict=True):
        assert (one["trial"], one["start"]) == (other["trial"], other["start"])
        assert without_test(one["metrics"]) == without_test(other["metrics"])
        assert one["metrics"]["test_accuracy"] != other["metrics"]["test_accuracy"]


def test_exported_weights_are_bit_identical_whatever_the_test_labels(searches, tmp_path):
    weights = []
    for run in searches:
        folder = export(run, tmp_path / run.name)
        weights.append(load_file(folder / "weights.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    for name, array in weights[0].items():
        np.testing.assert_array_equal(array, weights[1][name])


READER = """
import sys
sys.modules["automl"] = None
sys.path.insert(0, sys.argv[1])
import numpy as np, torch
from model import load
stored = np.load(sys.argv[1] + "/graph.npz")
found = load(sys.argv[1] + "/weights.safetensors")(torch.from_numpy(stored["x"]), torch.from_numpy(stored["edges"]))
assert np.abs(found.detach().numpy() - stored["logits"]).max() <= 1e-6
"""


def test_an_export_loads_in_an_interpreter_without_this_package(searches, tmp_path):
    folder = export(searches[0], tmp_path / "export")
    data = cora(False)
    x, edges = torch.from_numpy(data["x"]), torch.from_numpy(data["edge_index"])
    logits = load(folder)(x, edges).numpy()
    assert logits.shape == (2708, 7)
    np.savez(folder / "graph.npz", x=x, edges=edges, logits=logits)
    done = subprocess.run([sys.executable, "-c", READER, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


NODES = {"id": list(range(12)), "f": [0.5 * i for i in range(12)], "label": [i % 2 for i in range(12)]}
EDGES = {"source": list(range(11)), "target": list(range(1, 12))}
PARTS = ["train"] * 6 + ["val"] * 3 + ["test"] * 3
REFUSED = {
    "edges that name missing nodes": ({}, {"source": [0], "target": [99]}, [], "target = 99"),
    "an empty graph": ({name: [] for name in NODES}, {"source": [], "target": []}, [], "has no rows"),
    "one class": ({"label": [1] * 12}, {}, [], "one class only"),
    "an empty mask": ({"part": ["train"] * 9 + ["test"] * 3}, {}, ["validation_share=0"], "leave nodes to train on"),
    "no training mask": ({"part": ["val"] * 12}, {}, [], "names no training nodes"),
    "NaN features": ({"f": [None, *NODES["f"][1:]]}, {}, [], "NaN or infinite"),
    "labels as floats": ({"label": [i / 7 for i in range(12)]}, {}, ["predict=classes"], "predict=numbers"),
    "too large": ({}, {}, ["memory_gb=1e-6"], "sample_above"),
    "no such task": ({}, {}, ["predict=clases"], "classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_ends_with_2_and_a_sentence(case, tmp_path, capsys, monkeypatch):
    nodes, edges, settings, said = REFUSED[case]
    pl.DataFrame({**NODES, **nodes}).write_csv(tmp_path / "nodes.csv")
    pl.DataFrame({**EDGES, **edges}).write_csv(tmp_path / "edges.csv")
    code, printed = typed(monkeypatch, capsys, tmp_path, ["--data", str(tmp_path)], settings)
    assert code == 2
    assert said in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("edges", [[[], []], [[3, 3, 3, 0], [3, 4, 4, 1]]], ids=["no edges", "untidy edges"])
def test_isolated_nodes_self_loops_and_duplicates_are_searched(edges, tmp_path, capsys, monkeypatch):
    pl.DataFrame({**NODES, "part": PARTS}).write_csv(tmp_path / "nodes.csv")
    schema = {"source": pl.Int64, "target": pl.Int64}
    pl.DataFrame(dict(zip(schema, edges, strict=True)), schema=schema).write_csv(tmp_path / "edges.csv")
    code, printed = typed(monkeypatch, capsys, tmp_path, ["--data", str(tmp_path), "--trials", "2"], [])
    assert code in (0, None), printed


def typed(monkeypatch, capsys, folder, arguments, settings):
    """Type a search; return its exit code, and what it printed."""
    quiet = ["--optuna", "none", "--mlflow", "none", "--baseline", "none", "--out", str(folder / "run")]
    chosen = [part for text in ("epochs=1", "final_epochs=1", "repeats=1", *settings) for part in ("--set", text)]
    monkeypatch.setattr("sys.argv", ["automl", "search", "gnn", *quiet, *chosen, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return ended.value.code, " ".join(captured.out.split() + captured.err.split())
