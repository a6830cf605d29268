"""A search and a registration with a real MLflow server in another process: everything arrives, nothing is chatter."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.slow

_PATIENCE = 120.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server with an empty store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "server"
    folder.mkdir()
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    places = ["--backend-store-uri", f"sqlite:///{folder}/store.db", "--artifacts-destination", str(folder / "files")]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, *command, *places], stdout=-3, stderr=-3, start_new_session=True) as process:
        try:
            _wait_for(f"{address}/health")
            yield address
        finally:
            os.killpg(process.pid, 15)


def _wait_for(url: str) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"{url} did not answer within {_PATIENCE:g} s")


def automl(*arguments: str, cwd: Path) -> str:
    """Return what a command prints."""
    command = [sys.executable, "-m", "automl", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    assert not done.stderr.strip(), done.stderr
    return done.stdout


def test_a_search_and_its_winner_arrive(server: str, tmp_path: Path) -> None:
    options = ["--trials", "2", "--finalists", "1", "--baseline", "none", "--optuna", "none", "--quiet"]
    said = automl("search", "gnn", *options, "--set", "epochs=4", "--mlflow", server, "--out", "run", cwd=tmp_path)
    assert not said.strip()
    first, second = automl("export", "run", "--register", "cora", cwd=tmp_path).splitlines()
    assert first.startswith("models:/cora/1, alias champion")
    assert f"MLFLOW_TRACKING_URI={server}" in second
    client = MlflowClient(server)
    (experiment,) = [each for each in client.search_experiments() if each.name != "Default"]
    kinds = [run.data.tags.get("automl.kind") for run in client.search_runs([experiment.experiment_id])]
    assert sorted(filter(None, kinds)) == ["study", "trial", "trial"]
    assert client.get_model_version_by_alias("cora", "champion").version == "1"
