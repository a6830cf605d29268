"""The ledger: one SQLite file per study, the only truth about it.

Every ask and every tell is one event, appended in order, each in a transaction of its own. The file is written by one
process (a lock file says which) and can be read by others meanwhile. With write-ahead logging a `kill -9` at any moment
loses nothing that was appended; a power failure may lose the last moments but never the file.

    events     seq, kind, body (JSON), at (Unix time)
    domains    name, body (JSON): the domain each choice is asked from
    header     key, value (JSON): what the study was started with
    snapshots  seq of the last event the controller had seen, its state as JSON and safetensors
    weights    name, body (safetensors): small weights, written and deleted with the events they belong to
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from automl.core.choices import Choice
from automl.core.domains import Domain, dump_domain, load_domain
from automl.core.errors import InvalidCandidate, LedgerError
from automl.core.records import Json
from automl.events import Event, Kind

FILE = "study.db"
_INSERT = "INSERT INTO events (kind, body, at) VALUES (?, ?, ?)"
_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: it is called at every event
_FORMAT = 1
_SCHEMA = """
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE domains (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, arrays BLOB NOT NULL);
"""
_WEIGHTS = "CREATE TABLE IF NOT EXISTS weights (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;"


class Ledger:
    """An open ledger. `create` makes one, `resume` opens one for writing, `read` for reading only.

    Raises:
        LedgerError: from any method, if the file is missing, in use, damaged, or the disk is full.
    """

    def __init__(self, directory: Path, connection: sqlite3.Connection, lock: Any = None) -> None:
        self.directory = directory
        self._path = directory / FILE
        self._connection = connection
        self._lock = lock
        self._staged: dict[str, bytes | None] = {}
        if lock is not None:
            self._rows(_WEIGHTS)  # a ledger of an earlier version has no such table
        self.header: dict[str, Json] = {k: json.loads(v) for k, v in self._rows("SELECT key, value FROM header")}
        self.domains: dict[str, Domain] = {}
        self._read_domains()

    @classmethod
    def create(cls, directory: Path, header: Mapping[str, Json]) -> Ledger:
        """Make a new ledger in a directory that has none; killed in the middle, it leaves a directory that has none."""
        path = directory / FILE
        if path.exists():
            raise LedgerError(f"{directory} already holds a study.", f"Type: automl resume {directory}")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = _lock(directory)
        except OSError as error:
            raise LedgerError(f"Cannot write to {directory}: {error.strerror or error}.") from error
        try:
            _draft(path.with_suffix(".draft"), header).replace(path)
            return cls(directory, _connect(path), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def resume(cls, directory: Path) -> Ledger:
        """Open an existing ledger to go on writing."""
        path = _existing(directory)
        lock = _lock(directory)
        try:
            return cls(directory, _checked(path), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read(cls, directory: Path) -> Ledger:
        """Open an existing ledger for reading; its study may be running."""
        return cls(directory, _checked(_existing(directory)))

    def amend(self, key: str, value: Json) -> None:
        """Change what the header says, where a resumed study is given something else."""
        with _guarded(self._path):
            self._connection.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (key, json.dumps(value)))
        self.header[key] = value

    def append(self, kind: Kind, body: Mapping[str, Any]) -> Event:
        """Write one event; when this returns, a killed process no longer loses it."""
        now = time.time()
        row = (kind, _encode(body), now)
        try:
            if self._staged:
                with self._transaction():
                    self._write_staged()
                    cursor = self._connection.execute(_INSERT, row)
                self._staged.clear()
            else:
                cursor = self._connection.execute(_INSERT, row)
        except sqlite3.DatabaseError as error:
            raise _explained(error, self._path) from error
        return Event(cursor.lastrowid or 0, kind, dict(body), now)

    def stage(self, name: str, weights: bytes | None) -> None:
        """Write weights, or delete them if None, together with the next event: a kill leaves both or neither."""
        self._staged[name] = weights

    def kept(self) -> set[str]:
        """Return the names of the weights that the ledger holds."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'weights'"):
            return set()
        written = {name for (name,) in self._rows("SELECT name FROM weights")}
        return {name for name in written | set(self._staged) if self._staged.get(name, b"") is not None}

    def weights(self, name: str) -> bytes | None:
        """Return weights as safetensors, None if the ledger does not hold them."""
        if name in self._staged:
            return self._staged[name]
        rows = self._rows("SELECT body FROM weights WHERE name = ?", name) if name in self.kept() else []
        return bytes(rows[0][0]) if rows else None

    def _write_staged(self) -> None:
        for name, body in self._staged.items():
            if body is None:
                self._connection.execute("DELETE FROM weights WHERE name = ?", (name,))
            else:
                self._connection.execute("INSERT OR REPLACE INTO weights VALUES (?, ?)", (name, body))

    def events(self, after: int = 0) -> Iterator[Event]:
        """Read the events behind place `after`, in order."""
        rows = self._rows("SELECT seq, kind, body, at FROM events WHERE seq > ? ORDER BY seq", after)
        if self._lock is None:
            self._read_domains()  # a running study writes new ones before the events that name them
        for seq, kind, body, at in rows:
            yield Event(seq, kind, json.loads(body), at)

    def _read_domains(self) -> None:
        for name, body in self._rows("SELECT name, body FROM domains"):
            self.domains[name] = load_domain(json.loads(body))

    def learn_domains(self, choices: Mapping[str, Choice]) -> None:
        """Write down the domains of names that are new, and hold known names to their domain."""
        for name, choice in choices.items():
            known = self.domains.get(name)
            if known is None:
                self.domains[name] = choice.domain
                with _guarded(self._path):
                    self._connection.execute(
                        "INSERT OR REPLACE INTO domains VALUES (?, ?)",
                        (name, json.dumps(dump_domain(choice.domain))),
                    )
            elif known != choice.domain:
                raise InvalidCandidate(
                    f"The space asks '{name}' from {choice.domain}, but asked it from {known} before.",
                    "A name keeps one domain; put what differs into the name, or narrow with `allowed`.",
                )

    def snapshot(self, seq: int, body: str, arrays: bytes) -> None:
        """Keep a controller's state as of event `seq`; older ones but the last are dropped."""
        with _guarded(self._path), self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (seq, body, arrays))
            self._connection.execute(
                "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)"
            )

    def latest_snapshot(self) -> tuple[int, str, bytes] | None:
        """Return the newest snapshot as (seq, JSON, arrays)."""
        rows = self._rows("SELECT seq, body, arrays FROM snapshots ORDER BY seq DESC LIMIT 1")
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the file and release the lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _rows(self, query: str, *parameters: Any) -> list[Any]:
        with _guarded(self._path):
            return self._connection.execute(query, parameters).fetchall()


def _existing(directory: Path) -> Path:
    path = directory / FILE
    if not path.is_file():
        raise LedgerError(f"There is no study in {directory} (no {FILE}).", "Type: automl search --help")
    return path


def _draft(path: Path, header: Mapping[str, Json]) -> Path:
    """Write a ledger without events under another name, so that the real name only ever has a whole one."""
    for left_by_a_kill in path.parent.glob(f"{path.name}*"):
        left_by_a_kill.unlink(missing_ok=True)
    connection = _connect(path)
    with _guarded(path), closing(connection):
        connection.execute("PRAGMA journal_mode=WAL")  # the file remembers it
        connection.executescript(f"BEGIN; {_SCHEMA} {_WEIGHTS} COMMIT;")
        rows = [(key, json.dumps(value)) for key, value in {**header, "format": _FORMAT}.items()]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO header VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    return path


def _connect(path: Path) -> sqlite3.Connection:
    with _guarded(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _checked(path: Path) -> sqlite3.Connection:
    """Open a file that should be a ledger, and refuse one that is damaged before anything is built on it."""
    connection = _connect(path)
    with _guarded(path):
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        connection.execute("SELECT seq FROM events LIMIT 1")
    return connection


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into sentences."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explained(error, path) from error


def _explained(error: sqlite3.DatabaseError, path: Path) -> LedgerError:
    """Return what an error of SQLite means for the user."""
    if not isinstance(error, sqlite3.OperationalError):
        return LedgerError(
            f"The ledger {path} is damaged: {error}.", "Restore it from a copy, or start again with another --out."
        )
    if "full" in str(error):
        return LedgerError(
            f"The disk is full: {path} cannot grow. Everything finished before is kept.",
            f"Free some space, then type: automl resume {path.parent}",
        )
    return LedgerError(f"Cannot use the ledger {path}: {error}.")


def _lock(directory: Path) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(directory / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LedgerError(
            f"The study in {directory} is being run by another process.", "Wait for it, or stop it first."
        ) from None
    except OSError as error:
        raise LedgerError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    return lock
