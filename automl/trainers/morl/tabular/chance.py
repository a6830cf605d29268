"""The random numbers that an environment may draw: its own generator, Python's, and NumPy's old global one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class NondeterministicStep(Exception):
    """Steps that were taken to be deterministic have drawn random numbers, or changed what never changes.

    Begin again, and be careful.
    """


@contextmanager
def own_chance() -> Iterator[None]:
    """Give the global generators their state back at the end, whatever an environment did to them."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def seed_globals(seed: int) -> None:
    """Seed the two global generators, which some environments draw from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def of_own(environment: Any) -> Any:
    """Return something that changes whenever the environment's own generator is drawn from."""
    state = environment.np_random.bit_generator.state
    words = state["state"]
    return words["state"] if "state" in words else repr(words), state.get("has_uint32")


class Globals:
    """Looks at the global generators, and sees whether they were drawn from since it last did.

    Both are Mersenne twisters: a place among 624 words, all of which are new when the place begins again; and both may
    keep a normal number for later. NumPy lists its words slowly; they are read where they lie, and the number that is
    kept only where there may be one.
    """

    def __init__(self) -> None:
        self._numpy = np.random.mtrand._rand._bit_generator
        self._words = _words(self._numpy)
        self._last: bytes | None = None
        self._kept = 0

    def look(self) -> Any:
        """Return something that changes whenever one of the two is drawn from."""
        _, words, gauss = random.getstate()
        if self._words is None:
            numpy: Any = np.random.get_state()
            return words[-3:], gauss, numpy[1][-2:].tobytes(), numpy[2:]
        last = self._words[-3:].tobytes()
        if last != self._last or self._kept:
            state: Any = np.random.get_state()
            self._last, self._kept = last, state[3]
        return words[-3:], gauss, last, self._kept


def _words(generator: Any) -> Array | None:
    """Return the words of NumPy's global generator and its place, in its own memory; None if that is no twister."""
    import ctypes

    if type(generator) is not np.random.MT19937:
        return None
    words = np.ctypeslib.as_array((ctypes.c_uint32 * 625).from_address(generator.ctypes.state_address))
    state: Any = np.random.get_state()
    return words if (words[:-1] == state[1]).all() and words[-1] == state[2] else None


def dump(environment: Any) -> dict[str, Array]:
    """Return the state of all three generators as arrays."""
    version, words, gauss = random.getstate()
    numpy: Any = np.random.get_state()
    own = json.dumps(environment.np_random.bit_generator.state, default=_listed)
    rest = json.dumps({"python": [version, gauss], "numpy": [int(numpy[2]), int(numpy[3]), float(numpy[4])]})
    return {
        "own": np.frombuffer(own.encode(), np.uint8).copy(),
        "rest": np.frombuffer(rest.encode(), np.uint8).copy(),
        "python": np.array(words, np.uint32),
        "numpy": np.array(numpy[1], np.uint32),
    }


def load(environment: Any, state: dict[str, Array]) -> None:
    """Take up a state of `dump`."""
    environment.np_random.bit_generator.state = json.loads(state["own"].tobytes())
    rest = json.loads(state["rest"].tobytes())
    version, gauss = rest["python"]
    random.setstate((version, tuple(int(word) for word in state["python"]), gauss))
    place, has_gauss, cached = rest["numpy"]
    np.random.set_state(("MT19937", state["numpy"], place, has_gauss, cached))


def _listed(value: Any) -> Any:
    return value.tolist()
