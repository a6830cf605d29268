"""Algorithms of one's own, named `module:Class`.

    class MyAlgorithm:
        default = {"learning_rate": 0.1}
        actions = ("discrete",)                    # optional, as in `Algorithm`

        @staticmethod
        def program(ask):
            ask("learning_rate", Reals(0.01, 1.0, log=True))

How it learns is the trainer's business: `automl.trainers.morl.learner`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from automl.core.errors import UsageError
from automl.search_spaces.morl.program import Algorithm


def is_own(name: str) -> bool:
    """Say whether a name is a `module:Class`."""
    return ":" in name


def load_class(name: str) -> Any:
    """Import what `module:Class` names.

    Raises:
        UsageError: if it cannot be imported.
    """
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The algorithm '{name}' cannot be loaded: {error}.", "Write module:Class, importable from here."
        ) from error


def load_own(name: str) -> Algorithm:
    """Return an algorithm of one's own.

    Raises:
        UsageError: if it cannot be imported, or has no `program` or `default`.
    """
    cls = load_class(name)
    build: Callable[[Any], object] | None = getattr(cls, "program", None)
    default = getattr(cls, "default", None)
    if build is None or default is None:
        raise UsageError(
            f"The algorithm '{name}' does not say what its hyperparameters are.",
            "Give it a static method program(ask) and a dict default.",
        )
    kinds: dict[str, Any] = {key: tuple(getattr(cls, key)) for key in ("actions", "observations") if hasattr(cls, key)}
    return Algorithm(name, build, dict(default), **kinds)
