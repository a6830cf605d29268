from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from automl.core.errors import UsageError
from automl.dashboard import HOST, local_only, make, storage_of
from automl.testing.trackers import show, tower_study, tower_trials
from automl.tracking.sqlite_files import sqlite_url
from automl.tracking.to_optuna import ToOptuna


def test_a_run_names_its_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "runs" / "mine"
    run.mkdir(parents=True)
    with pytest.raises(UsageError, match="automl sync"):
        storage_of(run)
    (run.parent / "optuna.db").touch()
    assert storage_of(run) == sqlite_url(run.parent / "optuna.db")
    (run / "config.toml").write_text('optuna = "sqlite:///elsewhere.db"\n')
    assert storage_of(run) == "sqlite:///elsewhere.db"
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    assert storage_of(None) == "sqlite:///runs/optuna.db"
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql://db/automl")
    assert storage_of(None) == "postgresql://db/automl"


def test_a_missing_run_or_storage_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        storage_of(tmp_path / "nothing")
    with pytest.raises(UsageError, match="no Optuna storage"):
        make(sqlite_url(tmp_path / "nothing.db"), 0)


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1:80", 1), ("localhost:80", 1), ("evil.example:80", 0), ("", 0)]
)
def test_only_this_machine_is_answered(host: str, status: int) -> None:
    passed, answers = [], []
    application = local_only(lambda environ, start: passed.append(environ) or [])
    application({"HTTP_HOST": host}, lambda line, headers: answers.append(line))
    assert len(passed) == status
    assert answers == ([] if status else ["403 Forbidden"])


@pytest.mark.slow
def test_it_serves_the_studies(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "optuna.db")
    tracker = ToOptuna(url)
    show(tracker, tower_study(tmp_path), tower_trials(3))
    tracker.close()
    server = make(url, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://{HOST}:{server.server_port}"
        with urllib.request.urlopen(f"{address}/api/studies", timeout=30) as answer:
            studies = json.load(answer)["study_summaries"]
        assert [s["study_name"] for s in studies] == ["towers"]
        with urllib.request.urlopen(f"{address}/dashboard/", timeout=30) as answer:
            assert b"<html" in answer.read().lower()
        stranger = urllib.request.Request(f"{address}/api/studies", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(stranger, timeout=30)
    finally:
        server.shutdown()
        server.server_close()
