"""The pages on MLflow and on the dashboard are run from their first line to their last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[2] / "docs/guide"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, stores: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder of its own, with stores that are there, and leave MLflow as it was."""
    import mlflow

    before = mlflow.get_tracking_uri()
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for name in ("mlflow.db", "optuna.db"):
        (tmp_path / "runs" / name).write_bytes((stores / name).read_bytes())
    yield
    mlflow.set_tracking_uri(before)
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def printed(page: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    path = GUIDES / page
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile("\n".join(blocks), str(path), "exec"), {"__name__": "guide"})
    return capsys.readouterr().out.splitlines()


def test_the_page_on_mlflow_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("mlflow.md", capsys) == ["models:/progression/1", "(3,)", "1"]


def test_the_page_on_the_dashboard_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert printed("dashboard.md", capsys) == ["True", "['best-model.zip']"]
    assert len(list((tmp_path / "runs" / "optuna-artifacts").iterdir())) == 1


@pytest.mark.parametrize("page", ["mlflow.md", "dashboard.md"])
def test_they_are_short(page: str) -> None:
    assert len((GUIDES / page).read_text(encoding="utf-8").splitlines()) < 80
