"""Importing morl-baselines without what it never needs here.

Its modules import wandb and plotting libraries for its logs, and cdd and cvxpy, which only some algorithms use and
which are hard to build. What of these is not installed is represented, while the library is imported, by an empty
module: importing from it works, using it says what is missing. Nothing here logs, so wandb is never used, installed
or not.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from automl.core.errors import MissingExtra
from automl.search_spaces.morl.program import LIBRARY
from automl.trainers.morl.baselines.chance import silent

EXTRA = "morl-baselines"
_AVOIDABLE = ("wandb", "cdd", "cvxpy", "seaborn", "matplotlib.pyplot", "matplotlib")
"""Imported by the library at the head of modules; not needed to train, or not by every algorithm."""
_DISTRIBUTIONS = {"cdd": "pycddlib==2.1.6"}


def library(module: str, name: str, needs: Sequence[str] = ()) -> Any:
    """Return something of morl-baselines: `library("multi_policy.envelope.envelope", "Envelope")`.

    Args:
        module: below `morl_baselines`.
        name: of the class or function.
        needs: packages among those that can be avoided which cannot be avoided here.

    Raises:
        MissingExtra: if the library or one of `needs` is not installed.
    """
    if find_spec(LIBRARY) is None:
        raise MissingExtra(EXTRA, EXTRA)
    for package in needs:
        if find_spec(package) is None:
            raise MissingExtra(_DISTRIBUTIONS.get(package, package), EXTRA)
    with _absent_ones(), silent(), np.printoptions():
        return getattr(importlib.import_module(f"{LIBRARY}.{module}"), name)


@contextmanager
def _absent_ones() -> Iterator[None]:
    """Put empty modules where packages are missing, and take them away again: others must not find them."""
    absent = [name for name in _AVOIDABLE if name not in sys.modules and _is_missing(name)]
    sys.modules.update({name: _Absent(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _is_missing(name: str) -> bool:
    return find_spec(name.partition(".")[0]) is None


class _Absent(types.ModuleType):
    """A module that is not installed; whatever is taken from it can be named, and raises when it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        package = self.__name__

        class Unusable(Exception):
            def __init__(self, *_: Any, **__: Any) -> None:
                raise MissingExtra(_DISTRIBUTIONS.get(package, package), EXTRA)

        return Unusable
