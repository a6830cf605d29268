"""Copies of the stores that are created once, and what their trackers warned of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.tracking.sqlite_files import sqlite_url


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
