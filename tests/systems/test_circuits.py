"""Circuits end to end: a search, its summary, an export, and a circuit whose energy is what was promised."""

import json

import pytest

import automl
from automl.exports import export, load

GROUND = -1.1372701747


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits") / "run"
    summary = automl.search(
        "circuits",
        data="h2-2q",
        controller="random",
        evaluations=120,
        seed=0,
        set={"max_gates": 8},
        out=str(out),
        optuna="none",
        mlflow="none",
        baselines=["none"],
        quiet=True,
    )
    return out, summary


def test_the_summary_tells_what_was_found(found):
    out, summary = found
    body = json.loads((out / "summary.json").read_text())
    assert (body["space"], body["controller"], body["evaluations"]) == ("circuits", "random", 120)
    assert body["objectives"] == ["min:priced_energy"]
    metrics = body["best"]["metrics"]
    assert metrics == dict(summary.best.metrics)
    assert metrics["energy"] == pytest.approx(GROUND, abs=1e-6), "one CNOT and one rotation are enough"
    assert metrics["error"] == pytest.approx(metrics["energy"] - GROUND, abs=1e-8)
    assert metrics["priced_energy"] > metrics["energy"]
    assert any("within chemical accuracy" in said for said in body["remarks"])


def test_the_best_circuit_is_handed_over_with_its_energy(found):
    _, summary = found
    model = summary.best.load()
    assert model.circuit == summary.best.candidate
    assert model.energy() == pytest.approx(summary.best.metrics["energy"], abs=1e-10)


def test_an_export_is_complete_and_exact(found, tmp_path):
    out, summary = found
    folder = export(out, tmp_path / "circuit")
    names = {path.name for path in folder.iterdir()}
    assert {"model.json", "circuit.qasm", "circuit3.qasm", "circuit.svg", "circuit.txt", "circuit.json"} <= names
    model = load(folder)
    assert model.energy() == pytest.approx(summary.best.metrics["energy"], abs=1e-10)
    for name in ("circuit.qasm", "circuit3.qasm"):
        again = type(model).from_qasm((folder / name).read_text(), model.hamiltonian)
        assert again.energy() == pytest.approx(model.energy(), abs=1e-10)


def test_noise_keeps_three_numbers_apart_also_at_the_end(quick):
    setting = {"max_gates": 6, "p1": 1e-3, "p2": 5e-3}
    options = {"data": "h2-2q", "controller": "random", "evaluations": 60, "set": setting, "finalists": 1}
    summary = automl.search("circuits", **options, **quick)
    metrics = summary.best.metrics
    assert 5.0e-3 < metrics["error"] < 2.2e-2
    assert metrics["noiseless_error"] < metrics["error"]
    finals = {final["start"]: final["metrics"] for final in summary.final}
    assert set(finals) == {"kept", "scratch"}
    for final in finals.values():
        assert final["test_error"] == pytest.approx(metrics["error"], abs=1e-6)
        assert final["test_noiseless_error"] == pytest.approx(final["noiseless_error"], abs=1e-9)
