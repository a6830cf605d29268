"""SQLite files that several processes may want to create at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path


def sqlite_path(url: str) -> Path | None:
    """Return the file that a `sqlite:///` URL names, None for any other URL and for a database in memory."""
    scheme, _, rest = url.partition(":///")
    if not (scheme == "sqlite" or scheme.startswith("sqlite+")):
        return None
    name = rest.partition("?")[0]
    return Path(name) if name and name != ":memory:" and not name.startswith("file:") else None


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite file."""
    return f"sqlite:///{path}"


def create_once(path: Path, make: Callable[[str], None]) -> None:
    """Create an SQLite file with its schema, unless it is there.

    The schema is made in a file of another name and then linked into place, so that whoever looks sees no
    file or a complete one. Two processes that let Optuna or MLflow create one file at once break each other.

    Args:
        path: the file.
        make: creates the schema in the database of the given URL, and lets go of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        make(sqlite_url(draft))
        _write_ahead(draft)
        with contextlib.suppress(OSError):  # somebody else was first, or the file system has no links
            os.link(draft, path)


def _write_ahead(path: Path) -> None:
    """Let readers (dashboards) and one writer work at the same time; the mode stays with the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
