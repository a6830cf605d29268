"""`automl doctor` says what is there, what is missing, and what to type."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from rich.console import Console

from automl import doctor, registry
from automl.core.errors import MissingExtra, UsageError


def printed(diagnosis: doctor.Diagnosis) -> str:
    console = Console(file=io.StringIO(), width=200, no_color=True)
    console.print(doctor.show(diagnosis))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture
def one_plugin(monkeypatch: pytest.MonkeyPatch):
    """Let the registry know one controller; return a function that says what loading it does."""
    point = EntryPoint("mine", "my_package:Mine", "automl.controllers")
    monkeypatch.setattr(registry, "found", lambda family: {"mine": point} if family == "controllers" else {})

    def loading(error: Exception | None) -> None:
        def load(family: str, name: str) -> type:
            if error:
                raise error
            return object

        monkeypatch.setattr(registry, "load", load)

    return loading


def test_this_installation_meets_every_requirement() -> None:
    diagnosis = doctor.examine()
    assert {"torch", "optuna", "mlflow"} <= {p.name for p in diagnosis.packages}
    assert [p for p in diagnosis.packages if p.state != "ok"] == []


def test_extras_name_their_command_and_developer_tools_are_not_offered() -> None:
    extras = {extra.name: extra for extra in doctor.examine().extras}
    assert extras["gnn"].command == "pip install 'automl-search[gnn]'"
    assert [p.name for p in extras["gnn"].packages] == ["torch-geometric"]
    assert "dev" not in extras


def test_the_command_survives_the_terminals_markup() -> None:
    extra = doctor.Extra("gnn", (doctor.Package("x", "", None, "missing"),), "pip install 'automl-search[gnn]'")
    diagnosis = dataclasses.replace(doctor.examine(), extras=(extra,))
    assert "pip install 'automl-search[gnn]'" in printed(diagnosis)


def test_a_package_that_is_too_old_or_missing_makes_the_installation_unhealthy(
    monkeypatch: pytest.MonkeyPatch, one_plugin
) -> None:
    one_plugin(None)
    versions = {"numpy": "1.0", "torch": None}
    monkeypatch.setattr(doctor, "_installed", lambda name: versions.get(name, "999"))
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: ["numpy>=1.26", "torch>=2.4", "rich>=13"])
    diagnosis = doctor.examine()
    assert {p.name: p.state for p in diagnosis.packages} == {
        "numpy": "too old",
        "torch": "missing",
        "rich": "ok",
    }
    assert not diagnosis.healthy
    assert "pip install 'numpy>=1.26'" in printed(diagnosis)


@pytest.mark.parametrize(
    ("error", "health", "healthy"),
    [
        (None, "ok", True),
        (MissingExtra("torch_geometric", "gnn"), "needs an extra", True),
        (UsageError("The controller 'mine' cannot be loaded: no."), "broken", False),
    ],
)
def test_plugins_are_ok_lack_an_extra_or_are_broken(one_plugin, error, health, healthy) -> None:
    one_plugin(error)
    diagnosis = doctor.examine()
    assert [(p.name, p.health) for p in diagnosis.plugins] == [("mine", health)]
    assert diagnosis.healthy is healthy
    assert "mine" in printed(diagnosis)


def test_stores_are_those_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///elsewhere.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    places = {p.what: p for p in doctor.examine(tmp_path).places}
    assert places["Optuna"].where == "sqlite:///elsewhere.db"
    assert places["MLflow"] == doctor.Place("MLflow", str(tmp_path / "mlflow.db"), False)


def test_it_says_where_each_trainer_looks_for_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_DATA", os.pathsep.join([str(tmp_path), str(tmp_path / "nowhere")]))
    data = [p for p in doctor.examine().places if p.what == "data for cnn"]
    assert data[:2] == [
        doctor.Place("data for cnn", str(tmp_path), True),
        doctor.Place("data for cnn", str(tmp_path / "nowhere"), False),
    ]


def test_everything_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(doctor.examine().as_json()))["machine"]["cores"] >= 1


def test_examining_imports_nothing_heavy() -> None:
    code = (
        "import sys; from automl.doctor import examine; examine();"
        "print([m for m in ('torch', 'mlflow', 'optuna', 'sklearn', 'pandas', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
