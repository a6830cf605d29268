"""The study's end of the actors: hire them, hear them, bury them, and let them go.

An evaluation is one call of an actor, and one answer. A trainer that reports makes it several: the actor answers with
what has been reported, and is asked for more. So nothing but Ray is between the study and its workers, and only what
has something to say costs anything.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from automl.runners._crew import GRACE, Task
from automl.runners._parcel import Parcel, unpack
from automl.runners._ray_host import Answer, Errand, Host, Lost, as_arrays
from automl.runners._ray_link import Link, Need, import_ray
from automl.runners._worker import Message

_log = logging.getLogger("automl")

_PATIENCE = 3.0
"""Seconds beyond its own patience after which an actor that does not answer is given up."""
_LONG = 20.0
"""Seconds after which waiting for a place on the cluster is worth a word."""

_kept: list[tuple[Need, Any]] | None = None


@contextmanager
def keep_actors() -> Iterator[None]:
    """Let the searches of this block share their actors: what one has started, the next need not start again.

    Starting an actor takes a second or more, which many small searches one after the other would spend again and again.
    Actors between two searches occupy their places on the cluster.
    """
    global _kept
    _kept = []
    try:
        yield
    finally:
        actors, _kept = _kept, None
        _kill([actor for _, actor in actors])


class RemoteWorker:
    """A worker process on some machine of the cluster, behind an actor; a `Worker` of the crew.

    Attributes:
        actor: who keeps it.
        answer: what the actor was asked last, as long as it has not answered.
        ready: whether it has its trainer.
        task: what it is doing, or None.
        killed: whether it was ended by SIGKILL, known when it is buried.
        lost: whether the actor died, too, known when it is buried.
        since: when it was hired, in `time.monotonic()` seconds.
    """

    def __init__(self, actor: Any, errand: Any, free: list[Any]) -> None:
        """Ask an actor to start a worker; it says `Ready` later. When it is buried, the actor becomes free again."""
        self.actor = actor
        self._free = free
        self.answer: Any = actor.start.remote(errand)
        self.ready = False
        self.task: Task | None = None
        self.killed = False
        self.lost = False
        self.since = time.monotonic()
        self._heard: deque[Parcel] = deque()
        self._end: Lost | None = None

    @property
    def behind(self) -> bool:
        """Whether it has said something that nobody has heard yet, or has ended."""
        return bool(self._heard) or self._end is not None

    def give(self, task: Task) -> bool:
        """Send a task; whether the worker is alive shows later."""
        message, arrays, _ = as_arrays(task.parcel)
        self.answer = self.actor.exchange.remote(message, arrays)
        task.started = time.monotonic()
        self.task = task
        return True

    def hear(self) -> Message | None:
        """Return the next message, or None if the worker is dead."""
        if not self.behind:
            self._take(_result_of(self.answer))
        if not self._heard:
            return None
        message: Message = unpack(self._heard.popleft())
        return message

    def bury(self, patience: float) -> str:
        """End it, if it has not ended; say how it did."""
        if self._end is None and not _ended([self.actor], patience):
            self._end, self.lost = Lost("its actor did not answer", killed=False), True
        if self.lost:
            _kill([self.actor])
        else:
            self._free.append(self.actor)
        self.killed = self._end is not None and self._end.killed
        return self._end.cause if self._end else "it was ended"

    def _take(self, answer: Answer | Lost) -> None:
        self.answer = None
        if isinstance(answer, Lost):
            self._end, self.lost = answer, True
            return
        self._heard.extend(answer.parcels)
        self._end = answer.lost
        if self._end is None and not answer.parcels[-1].last:
            self.answer = self.actor.exchange.remote()


class Actors:
    """The actors of a study.

    A worker that dies leaves its actor behind, which starts the next one: so a trainer that crashes does not cost a
    place on the cluster.

    Args:
        link: the connection to Ray, which is left when the study ends.
        need: what an evaluation uses of a machine.
        trainer: goes into the object store once, for all of them.
        limit: seconds an evaluation may take.
    """

    def __init__(self, link: Link, need: Need, trainer: Parcel, limit: float | None) -> None:
        self._ray = import_ray()
        self._link = link
        self._need = need
        # What outlives the machine of an actor must be owned by the study: it is, since the study puts it.
        self._errand = self._ray.put(Errand(as_arrays(trainer), limit, str(Path.cwd()), [p for p in sys.path if p]))
        self._free: list[Any] = []
        self._told = False

    def hire(self) -> RemoteWorker:
        """Start a worker, with an actor that is free, or else a new one."""
        actor = self._free.pop() if self._free else _from_kept(self._need)
        if actor is None:
            actor = _host_class().options(num_cpus=self._need.cpus, num_gpus=self._need.gpus).remote()
        return RemoteWorker(actor, self._errand, self._free)

    def listen(self, workers: Sequence[RemoteWorker], timeout: float | None) -> Iterable[RemoteWorker]:
        """Return the workers that have something to say; wait for the first of them."""
        behind = [worker for worker in workers if worker.behind]
        if behind:
            return behind
        asked = {worker.answer: worker for worker in workers if worker.answer is not None}
        if not asked:
            return ()
        answered, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)
        if not answered:
            self._mention_waiting(workers)
            answered, _ = self._ray.wait(list(asked), num_returns=1, timeout=timeout)
        return [asked[ref] for ref in answered]

    def end(self, workers: list[RemoteWorker]) -> None:
        """End workers together, and leave Ray."""
        try:
            if self._ray.is_initialized():
                alive = _ended([worker.actor for worker in workers if worker.ready], GRACE) + self._free
                kept = alive if _kept is not None else []
                _kill([a for a in (*self._free, *(worker.actor for worker in workers)) if a not in kept])
                if _kept is not None:
                    _kept.extend((self._need, actor) for actor in kept)
        finally:
            workers.clear()
            self._free.clear()
            self._link.leave()

    def _mention_waiting(self, workers: Sequence[RemoteWorker]) -> None:
        """Say once that the cluster has no room, or what to do would remain a riddle."""
        waiting = sum(not w.ready and time.monotonic() - w.since > _LONG for w in workers)
        if not waiting or self._told:
            return
        free = self._ray.available_resources()
        cpus, gpus = free.get("CPU", 0.0), free.get("GPU", 0.0)
        if cpus < self._need.cpus or gpus < self._need.gpus:  # else it is only slow to start
            self._told = True
            text = "%d of %d workers wait for a place: each needs %s, and the cluster has %g CPUs and %g GPUs free."
            _log.warning(text, waiting, len(workers), self._need, cpus, gpus)


@cache
def _host_class() -> Any:
    # Two calls at a time: one waits for the worker, the other may end it.
    options = {"max_concurrency": 2, "max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
    return import_ray().remote(**options)(Host)


def _from_kept(need: Need) -> Any:
    """Return an actor of an earlier search that asked for as much, if there is one; it is no longer kept."""
    for place, (has, actor) in enumerate(_kept or ()):
        if _kept is not None and (has.cpus, has.gpus) == (need.cpus, need.gpus):
            del _kept[place]
            return actor
    return None


def _result_of(answer: Any) -> Answer | Lost:
    ray = import_ray()
    try:
        result: Answer = ray.get(answer)
    except ray.exceptions.RayError as error:
        return Lost(f"its actor was lost: {_reason(error)}", killed=False)
    return result


def _reason(error: Exception) -> str:
    """Return the line of an error of Ray that says why; most of them are a page long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "because" in line]
    return (telling or lines or [type(error).__name__])[-1]


def _ended(actors: Sequence[Any], patience: float) -> list[Any]:
    """End the workers of actors together; return the actors that did so in time."""
    if not actors:
        return []
    ray = import_ray()
    asked = {actor.end.remote(patience): actor for actor in actors}
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=patience + _PATIENCE)
    return [asked[ref] for ref in answered if not isinstance(_result_of(ref), Lost)]


def _kill(actors: Iterable[Any]) -> None:
    ray = import_ray()
    for actor in actors:
        with suppress(Exception):  # it is dead already, or Ray is
            ray.kill(actor)
