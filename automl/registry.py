"""Finding plug-ins: every space, controller, trainer, runner and tracker enters through an entry point.

    [project.entry-points."automl.controllers"]
    my_controller = "my_package.module:MyController"

Built-ins use the same door. Names are read without importing anything; a class is imported when it is asked for.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from automl.core.errors import AutomlError, MissingExtra, UnknownName, UsageError

_log = logging.getLogger("automl")

FAMILIES = {
    "search_spaces": "search space",
    "controllers": "controller",
    "trainers": "trainer",
    "runners": "runner",
    "trackers": "tracker",
}

_EXTRAS = {"torch_geometric": "gnn", "ray": "ray", "onnx": "onnx", "torchvision": "vision"}


@cache
def found(family: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a family by name; a third party cannot replace a built-in."""
    points = sorted(entry_points(group=f"automl.{family}"), key=lambda p: not p.value.startswith("automl."))
    named: dict[str, EntryPoint] = {}
    for point in points:
        named.setdefault(point.name, point)
    return named


def names(family: str) -> list[str]:
    """Return the names of all plug-ins of a family, sorted."""
    return sorted(found(family))


def load(family: str, name: str) -> type[Any]:
    """Import a plug-in's class.

    Raises:
        UnknownName: if there is none of that name.
        MissingExtra: if a package it needs is not installed.
        UsageError: if the plug-in's module fails to import.
    """
    points = found(family)
    if name not in points:
        raise UnknownName(FAMILIES[family], name, points)
    try:
        cls: type[Any] = points[name].load()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == points[name].value.partition(".")[0]:
            raise _broken(family, name, error) from error  # the plug-in's own module is not there
        raise MissingExtra(error.name or name, _EXTRAS.get(error.name or "", "all")) from error
    except Exception as error:
        raise _broken(family, name, error) from error
    return cls


def usable(family: str) -> dict[str, type[Any]]:
    """Return the classes of all plug-ins of a family that can be imported, by name: one that is broken costs itself."""
    loaded = {}
    for name in names(family):
        try:
            loaded[name] = load(family, name)
        except AutomlError as error:
            _log.debug("Left out: %s", error)
    return loaded


def _broken(family: str, name: str, error: Exception) -> UsageError:
    return UsageError(f"The {FAMILIES[family]} '{name}' ({found(family)[name].value}) cannot be loaded: {error}.")


def settings_of(cls: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the settings of a plug-in: the keyword-only parameters of its constructor."""
    return {p.name: p for p in _keywords(cls.__init__)}


@lru_cache(maxsize=256)
def _keywords(constructor: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Read a signature once: a search asks for settings hundreds of times, and annotations are text to be evaluated."""
    parameters = inspect.signature(constructor, eval_str=True).parameters.values()
    return tuple(p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
