"""Embeddings end to end: a relaxed run, plans for every budget and rule, a summary, exports that are really small."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import automl
from automl.cli import main
from automl.core.errors import UsageError
from automl.exports import export, load
from automl.ledger import Ledger

GUIDE = Path(__file__).parents[2] / "docs/guide/embeddings.md"
SMALL = {"max_rows": 4000, "hidden": [8], "max_dim": 8, "blocks": 3, "search_epochs": 2, "epochs": 3}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("embeddings") / "run"
    summary = automl.search(
        "embeddings",
        seed=0,
        set={**SMALL, "budgets": ["1/2", "1/4"]},
        out=str(out),
        optuna="none",
        mlflow="none",
        baselines=["none"],
        quiet=True,
    )
    return out, summary


def test_every_budget_has_the_best_of_three_rules(found):
    out, _ = found
    body = json.loads((out / "summary.json").read_text())
    assert body["objectives"] == ["max:val_auc", "min:bytes"]
    assert body["trials"] == 7, "the relaxed run, and two budgets by three rules"
    assert list(body["budgets"]) == ["1/2", "1/4"]
    for entry in body["budgets"].values():
        assert {entry["rule"], *entry["others"]} == {"search", "truncate", "damage"}
        assert entry["metrics"]["val_auc"] >= max(entry["others"].values())
        assert entry["repetitions"] == 2


@pytest.mark.parametrize("wrong", [{"budgets": ["0"]}, {"budgets": ["-1/8"]}, {"segments": 0}, {"seeds": 0}])
def test_what_the_controller_refuses_is_refused_before_there_are_files(tmp_path, wrong):
    with pytest.raises(UsageError) as refused:
        automl.search("embeddings", set={**SMALL, **wrong}, out=str(tmp_path / "run"), quiet=True)
    assert refused.value.hint
    assert not list(tmp_path.iterdir())


def test_bytes_keep_to_the_budgets(found):
    out, _ = found
    body = json.loads((out / "summary.json").read_text())
    half, quarter = (entry["metrics"]["bytes"] for entry in body["budgets"].values())
    rows = sum(rows for _, rows, _ in facts_of(out)["fields"])
    assert half <= rows * 8 * 4 / 2
    assert quarter <= rows * 8 * 4 / 4


def facts_of(out):
    with Ledger.read(out) as ledger:
        return ledger.header["facts"]


def test_the_winner_of_every_budget_was_tested(found):
    out, _ = found
    body = json.loads((out / "summary.json").read_text())
    tested = {final["trial"] for final in body["final"] if "test_auc" in final.get("metrics", {})}
    assert {entry["trial"] for entry in body["budgets"].values()} <= tested


def test_an_export_is_small_and_says_what_it_holds(found, tmp_path):
    out, _ = found
    body = json.loads((out / "summary.json").read_text())
    entry = body["budgets"]["1/4"]
    folder = export(out, tmp_path / "export", entry["trial"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest
    model = load(folder)
    assert model(torch.zeros(3, len(facts_of(out)["fields"]), dtype=torch.long)).shape == (3,)
    parts = {"bytes": "table/", "first_order_bytes": "first/", "network_bytes": "net/"}
    for named, begin in parts.items():
        stored = sum(t.numel() * 4 for name, t in weights(folder).items() if name.startswith(begin))
        assert stored == manifest[named]
    assert manifest["bytes"] == entry["metrics"]["bytes"]


def weights(folder):
    return load_file(folder / "weights.safetensors")


def test_an_export_holds_its_vocabulary_once_and_little_besides_its_weights(found, tmp_path):
    out, _ = found
    folder = export(out, tmp_path / "export")
    vocabulary = facts_of(out)["vocabulary"]
    tail = next(field["values"][7] for field in vocabulary["fields"] if field["name"] == "tailnum")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    texts = [path.read_text() for path in folder.glob("*.json")]
    assert not any(tail in text for text in texts)
    assert sizes["vocabulary.json.gz"] < len(json.dumps(vocabulary)) / 3
    assert sizes["weights.safetensors"] - manifest_bytes(folder) < 8192
    del sizes["weights.safetensors"], sizes["vocabulary.json.gz"]
    assert sum(sizes.values()) < 32768
    assert list(load(folder).facts["vocabulary"]) == list(vocabulary)


def manifest_bytes(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    return sum(manifest[name] for name in ("bytes", "first_order_bytes", "network_bytes"))


def test_an_export_is_read_without_this_package_as_the_guide_says(found, tmp_path):
    """The guide's lines, in a process that cannot import it, and then the model's formula on what they found."""
    out, _ = found
    folder = export(out, tmp_path / "late-flights")
    fields, model = facts_of(out)["fields"], load(folder)
    ids = torch.stack([torch.arange(50) % rows for _, rows, _ in fields], 1)
    (snippet,) = re.findall(r"```python\n(import gzip\n.*?)```", GUIDE.read_text(), re.DOTALL)
    code = ["import sys", "sys.modules['automl'] = None", snippet, f"ids = torch.tensor({ids.tolist()})", FORMULA]
    done = subprocess.run(
        [sys.executable, "-I", "-c", "\n".join(code)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    torch.testing.assert_close(torch.tensor(json.loads(done.stdout)), model(ids), atol=1e-6, rtol=0)


FORMULA = """
names = list(manifest["fields"])
assert [field["name"] for field in vocabulary["fields"]] == names
vectors = torch.stack([table(name)[ids[:, place]] for place, name in enumerate(names)], 1)
first = sum(weights[f"first/{name}"][ids[:, place]] for place, name in enumerate(names))
pairs = 0.5 * (vectors.sum(1).square().sum(1) - vectors.square().sum((1, 2)))
layers = sorted({name.split(".")[2] for name in weights if name.startswith("net/scorer.deep.")}, key=int)
deep = vectors.flatten(1)
for layer in layers:
    weight, bias = (weights[f"net/scorer.deep.{layer}.{part}"] for part in ("weight", "bias"))
    deep = torch.nn.functional.linear(deep, weight, bias)
    deep = deep if layer == layers[-1] else deep.relu()
print((weights["net/bias"] + first + pairs + deep.squeeze(1)).tolist())
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "budgets=3"], "budget"),
        (["--set", "model=deepfn"], "deepfm"),
        (["--set", "form=aligned", "--set", "model=xdeepfm"], "form"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--controller", "anneal"], "Perturbable"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(arguments, said, tmp_path, capsys, monkeypatch):
    known = ["--set", "max_rows=2000", "--optuna", "none", "--mlflow", "none", "--out", str(tmp_path / "run")]
    tiny = ["--set", "epochs=1", "--set", "search_epochs=1", "--set", "hidden=4"]
    monkeypatch.setattr("sys.argv", ["automl", "search", "embeddings", *known, *tiny, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = " ".join((captured := capsys.readouterr()).out.split() + captured.err.split())
    assert ended.value.code == 2
    assert said in printed
    assert "Traceback" not in printed
