"""Being connected to Ray: joining a cluster, or starting one that ends with the search. Quiet, and quick to refuse.

link = connect("auto", need)        # or an address, or None for a Ray of one's own
...
link.leave()                        # ends what was started here, and nothing else
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import automl.telemetry  # noqa: F401 - before Ray
from automl.core.errors import AutomlError, MissingExtra, UsageError

LOCAL = "local"
_CLIENT = "ray://"
_PATIENCE = 5.0
"""Seconds a cluster has to answer."""
_UNHURRIED = {"RAY_raylet_start_wait_time_s": "180"}
"""Ray gives its own processes half a minute to start, which is short on a busy machine."""
_PREFIX = "automl-ray-"
_LONGEST_FOLDER = 40
"""Ray makes sockets below its folder, and a socket's path ends at 107 characters."""
# A client of gRPC says this first: the preface of HTTP/2 and empty settings. A server answers with settings of its own.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_SETTINGS = 4
_START = "Start one with: ray start --head. Or leave --ray-address out: then the search starts Ray itself, and ends it."

_lock = threading.Lock()
_links = 0
_ours = False
"""Whether the connection was opened here, and not by the program that searches."""
_folder: str | None = None
"""The folder of the Ray that was started here; None if there is none."""


@dataclass(frozen=True, slots=True)
class Need:
    """What Ray must find room for: so many workers, and what an evaluation uses of a machine."""

    workers: int
    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"{self.cpus:g} CPUs" + (f" and {self.gpus:g} GPUs" if self.gpus else "")


class Link:
    """A share in the connection of this process to Ray; the last one who leaves closes what was opened here."""

    def __init__(self) -> None:
        self._open = True

    def leave(self) -> None:
        """Leave; may be called twice."""
        global _links
        with _lock:
            if not self._open:
                return
            self._open = False
            _links -= 1
            if _links == 0 and _ours:
                _disconnect()


def import_ray() -> Any:
    """Return the package `ray`.

    Raises:
        MissingExtra: if it is not installed.
    """
    for name, value in _UNHURRIED.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "ray", "ray") from error
    return ray


def connect(address: str | None, need: Need) -> Link:
    """Connect this process to Ray, unless it is connected already.

    Args:
        address: HOST:PORT of a cluster, `auto` for the one that runs on this machine, None or `local` to start one.
        need: what it is needed for.

    Raises:
        MissingExtra: if Ray is not installed.
        UsageError: if nothing answers at the address, or this machine has no room for a single evaluation.
    """
    global _links, _ours, _folder
    ray = import_ray()
    with _lock:
        if not ray.is_initialized():
            with _undisturbed():
                _folder = _start(ray, need) if address in (None, LOCAL) else _join(ray, str(address))
            _links, _ours = 0, True
        elif address not in (None, LOCAL, "auto"):
            _check_same(ray, str(address))
        _links += 1
    link = Link()
    try:
        _check_room(ray, need)
    except UsageError:
        link.leave()
        raise
    return link


def _start(ray: Any, need: Need) -> str:
    """Start Ray on this machine, in a folder of its own; return the folder."""
    cpus = max(1, math.ceil(need.workers * need.cpus))
    folder = _new_folder()
    try:
        ray.init(address=LOCAL, num_cpus=cpus, include_dashboard=False, _temp_dir=folder, **_quiet())
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise AutomlError(f"Ray cannot be started: {_first_line(error)}", "Try --runner process.") from error
    return folder


def _new_folder() -> str:
    """Make a folder that says whose it is, and remove those of searches that were killed."""
    prefix = f"{_PREFIX}{os.getpid()}-"
    folder = tempfile.mkdtemp(prefix=prefix)
    if len(folder) > _LONGEST_FOLDER:
        shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
    for old in Path(folder).parent.glob(f"{_PREFIX}*-*"):
        owner = old.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _join(ray: Any, address: str) -> str | None:
    """Join a cluster that runs already; its folder is its own."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or address
    if address != "auto":
        _check_answers(address)
    try:
        ray.init(address=address, **_quiet())
    except ConnectionError as error:
        where = "runs on this machine" if address == "auto" else f"takes this process in at {address}"
        raise UsageError(f"No Ray cluster {where}.", _START) from error
    except Exception as error:  # other versions of Ray or Python, a broken cluster
        raise UsageError(f"The Ray cluster at {address} cannot be joined: {_first_line(error)}", _START) from error
    return None


def _check_same(ray: Any, address: str) -> None:
    """Refuse a second cluster: Ray connects a process to one.

    Raises:
        UsageError: naming the first.
    """
    there = ray.get_runtime_context().gcs_address
    if address != there:
        raise UsageError(f"This process is connected to another Ray already, at {there}.", "Call ray.shutdown() first.")


def _quiet() -> dict[str, Any]:
    return {"log_to_driver": False, "logging_level": logging.ERROR}


def _check_answers(address: str) -> None:
    """Make sure that something like Ray answers: Ray itself would try for a minute, then end this process.

    Raises:
        UsageError: saying what there is instead.
    """
    if address.startswith(_CLIENT):
        raise UsageError(
            f"{address} is for programs outside a cluster, and a search belongs to one of its machines.",
            "There type --ray-address auto; from outside: ray job submit -- automl search ... --ray-address auto",
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"'{address}' is no address of a Ray cluster.", "Write HOST:PORT (6379 is usual), or auto.")
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE) as line:
            line.sendall(_GREETING)
            answer = line.recv(9)
    except (OSError, OverflowError) as error:
        raise UsageError(f"No Ray cluster answers at {address}: {error}.", _START) from error
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise UsageError(f"What answers at {address} is not Ray.", "Name its own port, 6379 unless it was changed.")


def _check_room(ray: Any, need: Need) -> None:
    """Refuse what no machine of a Ray that was started here can ever hold; a cluster may still grow.

    Raises:
        UsageError: naming what is lacking.
    """
    there = ray.cluster_resources().get("GPU", 0.0)
    if _folder is not None and need.gpus > there:
        raise UsageError(
            f"An evaluation asks for {need.gpus:g} GPUs, and Ray finds {there:g} on this machine.",
            "Leave --gpus out, or join a cluster that has them with --ray-address.",
        )


def _disconnect() -> None:
    """Close the connection that was opened here, and with it a Ray that was started here."""
    global _ours, _folder
    _ours = False
    with suppress(Exception), _undisturbed():
        import_ray().shutdown()
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
        _folder = None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep Ray from taking over what SIGTERM does, and from talking."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0]
