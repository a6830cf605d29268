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


class GlobalChance(Exception):
    """Steps that were taken for certain have drawn from a global generator: begin again, and be careful."""


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


def of_globals() -> Any:
    """Return something that changes whenever one of the global generators is drawn from; takes a while."""
    numpy: Any = np.random.get_state()
    return random.getstate(), numpy[2], numpy[1].tobytes()


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
