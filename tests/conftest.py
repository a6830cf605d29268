"""Shared by all tests: the towers plug-in on the path, quiet libraries, and runs in a temporary folder."""

import os
import sys
from pathlib import Path

import pytest

import automl.telemetry  # noqa: F401 - switches every library's telemetry off before it is imported

PLUGINS = Path(__file__).parent / "plugins_on_path"
sys.path.append(str(PLUGINS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(PLUGINS)]))


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Options of a search that leaves nothing outside tmp_path and compares with nobody."""
    monkeypatch.chdir(tmp_path)
    return {"out": str(tmp_path / "run"), "optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True}
