"""What runs inside an actor of Ray: the host of one worker process, on whatever machine the actor was put.

The evaluation itself happens in the same worker process as with the process runner, a child of the actor. So it ends
alike everywhere (time limit, exit code, `kill -9`, memory), and when the worker dies the host is still there and says
why. The host opens nothing that it passes on. It dies with its study, and its worker with it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from automl.runners._parcel import Parcel, receive, send
from automl.runners._process import WorkerProcess, new_terms

_LINGER = 0.02
"""Seconds to wait for more reports before those that are there are sent: fewer and fuller answers."""


class Errand(NamedTuple):
    """What a host needs to know before it starts a worker.

    Attributes:
        trainer: the trainer, on its way to the worker.
        limit: seconds one evaluation may take, or None.
        folder: the working folder of the study; the worker's, too, where there is one of that name.
        path: where the study finds modules; the worker looks there, too, after everything else.
    """

    trainer: Parcel
    limit: float | None
    folder: str
    path: Sequence[str]


class Lost(NamedTuple):
    """How a worker ended, and whether that was by SIGKILL."""

    cause: str
    killed: bool


class Answer(NamedTuple):
    """What a worker has said since it was last asked; `lost` if it died after that."""

    parcels: Sequence[Parcel]
    lost: Lost | None = None


def as_arrays(parcel: Parcel) -> Parcel:
    """Return a parcel whose arrays Ray lays into the object store as they are."""
    return parcel._replace(arrays=[np.frombuffer(array, np.uint8) for array in parcel.arrays])


class Host:
    """Keeps a worker process, gives it jobs, and returns what it says.

    `end` may be called while `exchange` waits; everything else comes one after the other.
    """

    def __init__(self) -> None:
        self._errand: Errand | None = None
        self._worker: WorkerProcess | None = None
        self._busy = threading.Lock()

    def start(self, errand: Errand) -> Answer:
        """Start a worker; the answer is its `Ready` or `Broken`."""
        with self._busy:
            self._errand = errand
            with suppress(OSError):
                os.chdir(errand.folder)
            sys.path += [place for place in errand.path if place not in sys.path]
            return self._start()

    def exchange(self, message: bytes | None = None, arrays: Sequence[Any] = ()) -> Answer:
        """Give the worker a job, if there is one, and return what it says next: all its reports up to now, or its end.

        A worker that died while it had nothing to do is replaced first: no fault of the job.
        """
        with self._busy:
            if message is not None and not self._give(Parcel(message, arrays)):
                started = self._start()
                if started.lost or not self._give(Parcel(message, arrays)):
                    return Answer([], started.lost or self._lose())
            return self._listen()

    def end(self, patience: float) -> None:
        """End the worker: it may put its things away, and is killed after `patience` seconds."""
        worker = self._worker
        if worker is not None and self._busy.locked():
            worker.interrupt()
            if not self._busy.acquire(timeout=patience):
                worker.kill()
                self._busy.acquire()
        else:
            self._busy.acquire()
        try:
            if self._worker is not None:  # whoever was listening may have buried it
                self._worker.dismiss()
                self._lose(patience)
        finally:
            self._busy.release()

    def _start(self) -> Answer:
        assert self._errand is not None  # `start` comes first
        if self._worker is not None:
            self._lose()
        terms = replace(new_terms(1, self._errand.limit, None), tied=True)  # threads of an actor live as long as it
        self._worker = WorkerProcess(self._errand.trainer, terms)
        answer = self._listen()
        if self._worker is not None:
            self._worker.ready = True
        return answer

    def _give(self, parcel: Parcel) -> bool:
        if self._worker is None:
            return False
        try:
            send(self._worker.line, parcel)
        except OSError:
            return False
        return True

    def _listen(self) -> Answer:
        assert self._worker is not None
        line = self._worker.line
        parcels: list[Parcel] = []
        try:
            parcels.append(as_arrays(receive(line)))
            until = time.monotonic() + _LINGER
            while not parcels[-1].last and line.poll(max(0.0, until - time.monotonic())):
                parcels.append(as_arrays(receive(line)))
                if time.monotonic() > until:  # whoever reports without end is heard, too
                    break
        except (EOFError, OSError):
            return Answer(parcels, self._lose())
        return Answer(parcels)

    def _lose(self, patience: float = 2.0) -> Lost:
        assert self._worker is not None
        worker, self._worker = self._worker, None
        cause = worker.bury(patience)
        return Lost(cause, worker.killed)
