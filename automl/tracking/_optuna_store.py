"""Opening an Optuna storage so that several studies can write to it at once. Imports Optuna."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, RDBStorage

from automl.tracking.sqlite_files import create_once, sqlite_path

PATIENCE = 60.0
"""Seconds that a connection waits for the lock of an SQLite file."""


def open_storage(url: str) -> BaseStorage:
    """Open the storage that a URL names.

    Args:
        url: any database URL of SQLAlchemy, `grpc://HOST:PORT`, `redis://...`, or a path: `*.log` and
            `*.journal` are journal files, anything else an SQLite file.
    """
    logging.getLogger("optuna.storages._rdb.storage").addFilter(_no_news)
    if url.startswith("grpc://"):
        from optuna.storages import GrpcStorageProxy

        host, _, port = url.removeprefix("grpc://").rstrip("/").partition(":")
        return GrpcStorageProxy(host=host, port=int(port or 13000))
    if url.startswith("redis"):
        from optuna.storages.journal import JournalRedisBackend

        return _journal(JournalRedisBackend(url))
    if "://" in url:
        return _database(url)
    if url.endswith((".log", ".journal")):
        from optuna.storages.journal import JournalFileBackend

        Path(url).parent.mkdir(parents=True, exist_ok=True)
        return _journal(JournalFileBackend(url))
    return _database(f"sqlite:///{url}")


def artifacts_beside(url: str) -> Path | None:
    """Return the folder for the files of a storage that is a file itself; None for a database or a server."""
    path = sqlite_path(url) or (None if "://" in url else Path(url))
    return None if path is None else path.parent / "optuna-artifacts"


def _journal(backend: Any) -> BaseStorage:
    from optuna.storages import JournalStorage

    return JournalStorage(backend)


def _database(url: str) -> RDBStorage:
    path = sqlite_path(url)
    if path is None:
        return RDBStorage(url)
    create_once(path, lambda draft: RDBStorage(draft).engine.dispose())
    storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": PATIENCE}})
    _lock_at_begin(storage)
    return storage


def _lock_at_begin(storage: RDBStorage) -> None:
    """Let every transaction take the write lock when it begins.

    By default SQLite takes it at the first write, after the reads that the write depends on; two writers then
    fail or repeat each other's work. The pair of events is the one SQLAlchemy's manual gives for that; the
    schema stays as it is.
    """
    from sqlalchemy import event

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    storage.engine.dispose()  # the connections that were opened without the events
    event.listen(storage.engine, "connect", connect)
    event.listen(storage.engine, "begin", begin)


def _no_news(record: logging.LogRecord) -> bool:
    """Drop Optuna's line about each new study; errors pass."""
    return record.levelno > logging.INFO
