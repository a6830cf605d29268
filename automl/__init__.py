"""One search engine for architectures and embeddings.

    import automl
    summary = automl.search("cnn", trials=60, seed=0)
    model = summary.best.load()

Names are imported when they are first used, so `import automl` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.api import resume as resume
    from automl.api import search as search
    from automl.api import start as start
    from automl.api import sync as sync
    from automl.core.budget import Budget as Budget
    from automl.core.choices import Choose as Choose
    from automl.core.controller import Controller as Controller
    from automl.core.domains import Integers as Integers
    from automl.core.domains import Options as Options
    from automl.core.domains import Reals as Reals
    from automl.core.errors import AutomlError as AutomlError
    from automl.core.errors import StopSearch as StopSearch
    from automl.core.objectives import Objective as Objective
    from automl.core.objectives import Objectives as Objectives
    from automl.core.records import Outcome as Outcome
    from automl.core.records import Proposal as Proposal
    from automl.core.records import Result as Result
    from automl.core.records import Trial as Trial
    from automl.core.runner import Runner as Runner
    from automl.core.space import Bounded as Bounded
    from automl.core.space import Budgeted as Budgeted
    from automl.core.space import Defaulting as Defaulting
    from automl.core.space import Growable as Growable
    from automl.core.space import Inheritable as Inheritable
    from automl.core.space import LookAhead as LookAhead
    from automl.core.space import Perturbable as Perturbable
    from automl.core.space import Relaxable as Relaxable
    from automl.core.space import SearchSpace as SearchSpace
    from automl.core.space import Sequential as Sequential
    from automl.core.tracker import Tracker as Tracker
    from automl.core.trainer import Trainer as Trainer
    from automl.exports import export as export
    from automl.exports import load as load
    from automl.reading import open_archive as open_archive
    from automl.study import Study as Study
    from automl.summary import Summary as Summary

__version__ = "0.1.0"

_HOME = {
    "automl.api": ("resume", "search", "start", "sync"),
    "automl.core.budget": ("Budget",),
    "automl.core.choices": ("Choose",),
    "automl.core.controller": ("Controller",),
    "automl.core.domains": ("Integers", "Options", "Reals"),
    "automl.core.errors": ("AutomlError", "StopSearch"),
    "automl.core.objectives": ("Objective", "Objectives"),
    "automl.core.records": ("Outcome", "Proposal", "Result", "Trial"),
    "automl.core.runner": ("Runner",),
    "automl.core.space": (
        "Bounded",
        "Budgeted",
        "Defaulting",
        "Growable",
        "Inheritable",
        "LookAhead",
        "Perturbable",
        "Relaxable",
        "SearchSpace",
        "Sequential",
    ),
    "automl.core.tracker": ("Tracker",),
    "automl.core.trainer": ("Trainer",),
    "automl.exports": ("export", "load"),
    "automl.reading": ("open_archive",),
    "automl.study": ("Study",),
    "automl.summary": ("Summary",),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'automl' has no attribute '{name}'")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
