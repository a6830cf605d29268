"""A fitted estimator as an array of bytes, in the format of skops: no pickle, and no type that nobody has named.

The bytes say which types to build; a stranger's file could name any. Classes of scikit-learn are built, and what the
user's own program builds, which is run to see; everything else is refused. So a file cannot run code of its own; one
made with care could still crash the trees of scikit-learn, which do not check their indices.
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


def pack(estimator: Any) -> Weights:
    """Return a fitted estimator as weights.

    Raises:
        WeightsError: if something in it cannot be stored.
    """
    from skops.io import dumps

    try:
        body = dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    except Exception as error:  # of whatever the user's types raise
        raise WeightsError(
            f"This {type(estimator).__name__} cannot be stored: {type(error).__name__}: {error}.",
            "Everything in it must be data, or a class or function with a name.",
        ) from error
    return {NAME: np.frombuffer(body, dtype=np.uint8).copy()}


def unpack(candidate: Model, weights: Weights) -> Any:
    """Return the fitted estimator.

    Raises:
        WeightsError: if the weights hold none, or types that neither scikit-learn nor the program knows.
    """
    from skops.io import dumps, get_untrusted_types, loads

    if NAME not in weights:
        raise WeightsError(
            "This candidate was scored on folds, but not fitted on all rows yet.",
            "Ask for the best, or give the search a finalist and the time for it: automl resume DIR --time MORE",
        )
    body = weights[NAME].tobytes()
    with borrowed(0):
        own = get_untrusted_types(data=dumps(candidate.make()))
    unknown = [name for name in get_untrusted_types(data=body) if name not in own and not _is_sklearn(name)]
    if unknown:
        raise WeightsError(
            f"The stored estimator holds types that its program does not build: {', '.join(unknown)}.",
            "Build them in the program, or fit the estimator again.",
        )
    return loads(body, trusted=get_untrusted_types(data=body))


def _is_sklearn(name: str) -> bool:
    """Say whether a dotted name is a class of scikit-learn; a function could do anything when it is called."""
    module, _, attribute = name.rpartition(".")
    if not module.startswith("sklearn."):
        return False
    try:
        return isinstance(getattr(import_module(module), attribute, None), type)
    except ImportError:
        return False
