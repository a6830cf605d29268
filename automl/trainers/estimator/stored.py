"""A fitted estimator as an array of bytes, in the format of skops: no pickle, and no type that nobody has named.

The bytes say which types to build; a stranger's file could name any. Built are what the user's own program builds,
which is run to see, and classes of the same packages; classes of scikit-learn, and of SciPy where it holds numbers.
Everything else is refused, functions above all. So a file cannot run code of its own; one made with care could still
crash the trees of scikit-learn, which do not check their indices.
"""

from __future__ import annotations

import zipfile
from importlib import import_module
from typing import Any

import numpy as np

from automl.core.errors import WeightsError
from automl.core.generators import borrowed
from automl.core.records import Weights
from automl.search_spaces.model.candidate import Model

NAME = "skops"
"""Name of the array among the weights."""
_NUMERIC = ("sklearn.", "scipy.interpolate.", "scipy.sparse.", "scipy.spatial.", "scipy.stats.")
"""Packages whose classes are built."""
_HARMLESS = {"scipy._lib.array_api_compat.numpy._aliases.asarray"}
"""Functions that are built: splines of SciPy hold it."""


def pack(candidate: Model, estimator: Any) -> Weights:
    """Return a fitted estimator as weights.

    Raises:
        WeightsError: if something in it cannot be stored, or would be refused by `unpack`.
    """
    from skops.io import dumps

    try:
        body = dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    except Exception as error:  # of whatever the user's types raise
        raise WeightsError(
            f"This {type(estimator).__name__} cannot be stored: {type(error).__name__}: {error}.",
            "Everything in it must be data, or a class or function with a name.",
        ) from error
    _trusted(candidate, body)
    return {NAME: np.frombuffer(body, dtype=np.uint8).copy()}


def unpack(candidate: Model, weights: Weights) -> Any:
    """Return the fitted estimator.

    Raises:
        WeightsError: if the weights hold none, or types that are refused.
    """
    from skops.io import loads

    if NAME not in weights:
        raise WeightsError(
            "This candidate was scored on folds, but not fitted on all rows yet.",
            "Ask for the best, or give the search a finalist and the time for it: automl resume DIR --time MORE",
        )
    body = weights[NAME].tobytes()
    return loads(body, trusted=_trusted(candidate, body))


def _trusted(candidate: Model, body: bytes) -> list[str]:
    """Return the types to build, beyond those that skops itself trusts.

    Raises:
        WeightsError: naming those that are not.
    """
    from skops.io import dumps, get_untrusted_types

    with borrowed(0):
        own = get_untrusted_types(data=dumps(candidate.make()))
    known = {*own, *_HARMLESS}
    packages = (*(f"{name.partition('.')[0]}." for name in own), *_NUMERIC)
    named = get_untrusted_types(data=body)
    strange = [name for name in named if name not in known and not (name.startswith(packages) and _is_class(name))]
    if strange:
        raise WeightsError(
            f"The fitted estimator holds types that its program does not build: {', '.join(strange)}.",
            "Build them in the program; an estimator of another package can be wrapped in a class of your own.",
        )
    return list(named)


def _is_class(name: str) -> bool:
    """Say whether a dotted name is a class; a function could do anything when it is called."""
    module, _, attribute = name.rpartition(".")
    try:
        return isinstance(getattr(import_module(module), attribute, None), type)
    except ImportError:
        return False
