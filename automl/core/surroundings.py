"""What happens around an evaluation that runs in the process of its study.

A tracker that must know when an evaluation begins and ends, because the libraries in it write to a store of their own,
says so here. The value belongs to the thread of the study: searches in other threads have their own, workers have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeAlias

from automl.core.runner import Job

Surround: TypeAlias = Callable[[Job, str], AbstractContextManager[None]]
"""Given an evaluation and the name of the baseline that it belongs to, empty for the search itself."""

SURROUND: ContextVar[Surround | None] = ContextVar("surround", default=None)
_BASELINE: ContextVar[str] = ContextVar("baseline", default="")


def surrounded(job: Job) -> AbstractContextManager[None]:
    """Return what surrounds an evaluation."""
    surround = SURROUND.get()
    return nullcontext() if surround is None else surround(job, _BASELINE.get())


@contextmanager
def for_baseline(name: str) -> Iterator[None]:
    """Say that the evaluations inside are those of a baseline."""
    token = _BASELINE.set(name)
    try:
        yield
    finally:
        _BASELINE.reset(token)
