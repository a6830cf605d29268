"""Optuna's dashboard on the results of all runs, on this machine only."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from automl.core.errors import UsageError
from automl.tracking.sqlite_files import sqlite_path, sqlite_url

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HOST = "127.0.0.1"
PORTS_TRIED = 20


def serve(directory: Path | None = None, *, port: int = 8080) -> None:
    """Show the studies in a browser until Ctrl-C.

    Args:
        directory: a run, whose storage is opened; None opens that of all runs.
        port: first port to try.

    Raises:
        UsageError: if there is no storage, or no free port.
    """
    server = make(storage_of(directory), port)
    print(f"http://{HOST}:{server.server_port}/dashboard", flush=True)
    print("Ctrl-C ends it.", file=sys.stderr)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def storage_of(directory: Path | None) -> str:
    """Return the URL of the Optuna storage that a run was shown in.

    A run names it in its `config.toml`; without a run it is `$OPTUNA_STORAGE` or `runs/optuna.db`.
    """
    if directory is None:
        return os.environ.get("OPTUNA_STORAGE") or sqlite_url(Path("runs/optuna.db"))
    if not directory.is_dir():
        raise UsageError(f"There is no directory '{directory}'.", "Type: automl dashboard runs/NAME")
    named = _named(directory / "config.toml")
    if named:
        return named
    for folder in (directory, directory.parent):
        if (folder / "optuna.db").is_file():
            return sqlite_url(folder / "optuna.db")
    raise UsageError(f"'{directory}' names no Optuna storage.", f"Type: automl sync {directory}")


def _named(config: Path) -> str:
    """Return the storage that a resolved configuration names, empty if none."""
    try:
        named = tomllib.loads(config.read_text(encoding="utf-8")).get("optuna", "")
    except (OSError, ValueError):
        return ""
    return "" if named == "none" else str(named)


def make(url: str, port: int) -> WSGIServer:
    """Return a server on the first free port, with the dashboard on it."""
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise UsageError(f"There is no Optuna storage at '{path}'.", "Type: automl search cnn")
    application = _application(url)
    for candidate in range(port, port + PORTS_TRIED) if port else (0,):
        try:
            return make_server(HOST, candidate, application, server_class=_Server, handler_class=_Silent)
        except OSError:
            continue
    raise UsageError(f"No free port from {port} to {port + PORTS_TRIED - 1}.", "Type: automl dashboard --port 9000")


def _application(url: str) -> Application:
    from optuna_dashboard import wsgi

    from automl.tracking._optuna_store import artifacts_beside, open_storage

    try:
        return local_only(wsgi(open_storage(url), artifact_store=_files(artifacts_beside(url))))
    except Exception as error:
        raise UsageError(f"The Optuna storage {url} cannot be opened: {error}") from error


def _files(folder: Path | None) -> Any:
    """Return the store of the files that searches leave for the dashboard; people may add theirs."""
    if folder is None:
        return None
    from optuna.artifacts import FileSystemArtifactStore

    folder.mkdir(exist_ok=True)
    return FileSystemArtifactStore(folder)


def local_only(application: Application) -> Application:
    """Refuse requests that reached this address under another name.

    The dashboard has no login and can delete studies; a page from elsewhere must not reach it through a name that it
    lets point to this machine (DNS rebinding).
    """

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").rpartition(":")[0] in (HOST, "localhost"):
            return application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"This dashboard answers on 127.0.0.1 only.\n"]

    return guarded


class _Server(ThreadingMixIn, WSGIServer):
    """Answers several requests of one page at once."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """Writes no line per request."""

    def log_message(self, format: str, *args: Any) -> None:
        return None
