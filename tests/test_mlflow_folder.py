"""The folder `mlflow/` holds what deploys a tracking server. It must never become a Python package.

Beside an installed mlflow such a folder is harmless. With an `__init__.py` in it, `import mlflow` from
the root of the repository would give an empty package.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_it_has_no_python_file() -> None:
    assert [path for path in (ROOT / "mlflow").rglob("*") if path.suffix in (".py", ".pyi", ".pyc")] == []


def test_from_the_root_mlflow_is_the_installed_package() -> None:
    code = "from importlib.util import find_spec; print(find_spec('mlflow').origin)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).parts[-3:] == ("site-packages", "mlflow", "__init__.py")


def test_no_test_folder_can_shadow_a_package() -> None:
    """With an `__init__.py` in it, pytest would put a folder like `tests/mlflow` before the real package."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def run_project(folder: Path, **parameters: str) -> subprocess.CompletedProcess[str]:
    """Run the project as its users do, with a store in a folder."""
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "OPTUNA_STORAGE": "none"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    given = [part for name, value in parameters.items() for part in ("-P", f"{name}={value}")]
    command = [sys.executable, "-m", "mlflow", "run", str(ROOT / "mlflow"), "--env-manager=local", "-e", "search"]
    return subprocess.run([*command, *given], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_it_is_a_project_below_whose_run_the_search_lies(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    done = run_project(tmp_path, space="towers", trials="3", out=str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    children: dict[str, list[str]] = {}
    for run in runs:
        children.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(run.info.run_id)
    (project,) = children[""]
    (study,) = children[project]
    assert len(children[study]) == 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.info.experiment_id for run in runs} == {client.get_run(project).info.experiment_id}
    assert run_project(tmp_path, space="twers", out=str(tmp_path / "other")).returncode == 1


def test_every_entry_point_is_a_command_with_its_parameters() -> None:
    from mlflow.projects._project_spec import load_project

    points = load_project(str(ROOT / "mlflow"))._entry_points
    assert set(points) == {"main", "search", "resume", "report", "export", "register", "sync"}
    for point in points.values():
        assert all(f"{{{name}}}" in point.command for name in point.parameters), point.command
        assert point.command.startswith("cd .. && automl ")
