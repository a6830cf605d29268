"""Stores that are expensive to create are created once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.tracking.sqlite_files import sqlite_url


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from automl.tracking._mlflow_store import open_client
    from automl.tracking._optuna_store import open_storage

    folder = tmp_path_factory.mktemp("stores")
    open_client(sqlite_url(folder / "mlflow.db"))
    open_storage(sqlite_url(folder / "optuna.db"))
    return folder


def _copy(stores: Path, name: str, folder: Path) -> str:
    """Copy a store without what SQLite has not written back yet: there is nothing but the schema."""
    shutil.copy(stores / name, folder / name)
    return sqlite_url(folder / name)


@pytest.fixture
def optuna_url(stores: Path, tmp_path: Path) -> str:
    return _copy(stores, "optuna.db", tmp_path)


@pytest.fixture
def mlflow_uri(stores: Path, tmp_path: Path) -> str:
    return _copy(stores, "mlflow.db", tmp_path)


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return a function that lists the warnings of the trackers so far."""
    return lambda: [r.getMessage() for r in caplog.records if r.name.startswith("automl.tracking")]
