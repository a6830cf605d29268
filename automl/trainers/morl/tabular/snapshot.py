"""The inner state of an environment as plain data, so that it can be compared and set back.

An environment written in Python keeps its state in its attributes. Those that are plain data (numbers, texts, arrays,
and containers of them) are the state; spaces, random generators, fonts and windows are not. An environment with
anything else, such as a physics engine, has no snapshot, and is stepped as it is.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

import numpy as np

Snapshot: TypeAlias = dict[str, Any]

_ATOMS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_SIMPLE = frozenset((bool, int, float, str, type(None)))
_NO_STATE = ("_ezpickle_args", "_ezpickle_kwargs", "_np_random_seed")
"""What gymnasium keeps of how an environment was made, for pickles, and of how its generator was seeded."""
_STATELESS = ("gymnasium", "pygame", "numpy.random", "types", "builtins")
"""Packages of objects that steps leave as they are: spaces, specifications, fonts, functions; and the generators, whose
state is looked after by itself."""


def plain(value: Any) -> bool:
    """Say whether a value is plain data all the way down."""
    if isinstance(value, _ATOMS):
        return True
    if isinstance(value, np.ndarray):
        return bool(value.dtype != object)
    if type(value) in (list, tuple, set, frozenset):
        return all(map(plain, value))
    return type(value) is dict and all(plain(k) and plain(v) for k, v in value.items())


def state_names(environment: Any) -> list[str] | None:
    """Return the names of the attributes that are its state; None if there is state that cannot be copied."""
    names = []
    for name, value in vars(environment).items():
        if name in _NO_STATE:
            continue
        if plain(value):
            names.append(name)
        elif type(value).__module__.split(".")[0] not in _STATELESS and not _generator(value):
            return None
        elif type(value) in (list, tuple, set, frozenset, dict):
            return None  # a container of things that are no data
    return names


def _generator(value: Any) -> bool:
    return isinstance(value, np.random.Generator | np.random.BitGenerator)


def frozen(value: Any) -> Hashable:
    """Return something hashable that is equal for equal plain data only."""
    kind = type(value)
    if kind is tuple:
        kinds = tuple(map(type, value))
        if _SIMPLE.issuperset(kinds):
            return value, kinds
    if kind in _SIMPLE:
        return kind.__name__, value if value == value else repr(value)  # a NaN is no key
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return kind.__name__, tuple(map(frozen, value))
    if isinstance(value, set | frozenset):
        return "set", frozenset(map(frozen, value))
    if isinstance(value, dict):
        return "dict", tuple((key, frozen(item)) for key, item in value.items())
    return kind.__name__, value if value == value else repr(value)


def same(value: Any, other: Any) -> bool:
    """Say quickly whether two values are equal plain data; False where that is not quickly said."""
    if type(value) is not type(other):
        return False
    if isinstance(value, np.ndarray):
        alike = value.dtype == other.dtype and value.shape == other.shape
        return bool(alike and value.tobytes() == other.tobytes())
    try:
        return bool(value == other)
    except ValueError:  # a container of arrays
        return False


def copied(value: Any) -> Any:
    """Return a copy of plain data that shares nothing that can change."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is tuple and _SIMPLE.issuperset(map(type, value)):
        return value
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return kind(map(copied, value))
    if isinstance(value, set):
        return set(value)
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return value
