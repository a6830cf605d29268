"""The random numbers of a learner: three global generators, which the library draws from, with states of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from automl.core.records import Weights

Array = npt.NDArray[Any]


class Chance:
    """Lends the global generators of Python, NumPy and torch to a learner, and torch one thread.

    with chance: ...        # random numbers go on where they stopped; afterwards the caller's are as they were

    Args:
        seed: where they begin.
    """

    def __init__(self, seed: int) -> None:
        self._own: tuple[Any, ...] | None = None
        self._seed = seed
        self._callers: tuple[Any, ...] = ()
        self._threads = 1

    def __enter__(self) -> Chance:
        self._callers, self._threads = _states(), torch.get_num_threads()
        torch.set_num_threads(1)
        if self._own is None:
            random.seed(self._seed)
            np.random.seed(self._seed % 2**32)
            torch.default_generator.manual_seed(self._seed)
        else:
            _set(self._own)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._own = _states()
        _set(self._callers)
        torch.set_num_threads(self._threads)

    def state(self) -> Weights:
        """Return the learner's states as arrays."""
        with self:
            (version, words, gauss), numpy, own = _states()
        rest = [version, gauss, int(numpy[2]), int(numpy[3]), float(numpy[4])]
        return {
            "python": np.array(words, np.uint32),
            "numpy": np.array(numpy[1], np.uint32),
            "torch": own.numpy().copy(),
            "rest": as_array(rest),
        }

    def load(self, state: Weights) -> None:
        """Take up states as arrays."""
        version, gauss, place, has_gauss, cached = from_array(state["rest"])
        python = (version, tuple(int(word) for word in state["python"]), gauss)
        numpy = ("MT19937", state["numpy"].copy(), place, has_gauss, cached)
        self._own = (python, numpy, torch.from_numpy(state["torch"].copy()))


def _states() -> tuple[Any, ...]:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def _set(states: tuple[Any, ...]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])


def as_array(value: Any) -> Array:
    """Write something that JSON can hold as an array of bytes."""
    return np.frombuffer(json.dumps(value, default=_listed).encode(), np.uint8).copy()


def from_array(array: Array) -> Any:
    """Read what `as_array` has written."""
    return json.loads(array.tobytes())


def _listed(value: Any) -> Any:
    return value.tolist()


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Print nothing inside."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
