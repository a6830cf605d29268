"""`automl list`: every plug-in, what fits what, and why not. Nothing heavy is imported for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.core.errors import AutomlError
from automl.fit import missing_capabilities, trainers_for
from automl.registry import found, load, names, usable

if TYPE_CHECKING:
    from rich.console import RenderableType


def inventory() -> dict[str, Any]:
    """Return all plug-ins with the first line of their documentation, and how spaces and controllers fit."""
    spaces = {name: _space(name) for name in names("search_spaces")}
    others = {
        family: {n: _about(family, n) for n in names(family)} for family in ("controllers", "trainers", "runners")
    }
    return {"search_spaces": spaces, **others, "trackers": sorted(found("trackers"))}


def _about(family: str, name: str) -> dict[str, Any]:
    try:
        cls = load(family, name)
    except AutomlError as error:
        return {"about": f"cannot be used: {error.message}", "profiles": []}
    first = (cls.__doc__ or "").strip().split("\n")[0]
    return {"about": first, "profiles": sorted(getattr(cls, "profiles", {}))}


def _space(name: str) -> dict[str, Any]:
    about = _about("search_spaces", name)
    try:
        space = load("search_spaces", name)
        lacking = {c: missing_capabilities(space, cls) for c, cls in usable("controllers").items()}
        default = space.default_controller
    except AutomlError:
        return {**about, "trainers": [], "controllers": [], "default": "", "unfit": {}}
    return {
        **about,
        "trainers": trainers_for(name),
        "controllers": sorted(c for c, missing in lacking.items() if not missing),
        "default": default,
        "unfit": {c: f"needs {', '.join(missing)}" for c, missing in sorted(lacking.items()) if missing},
    }


def inventory_table(found: dict[str, Any]) -> RenderableType:
    """Return the inventory as tables for a terminal."""
    from rich.console import Group
    from rich.table import Table

    tables = []
    spaces = Table(
        "search space",
        "what it is",
        "controllers (first: default)",
        "trainers",
        "does not fit",
        title_justify="left",
    )
    for name, entry in found["search_spaces"].items():
        ordered = sorted(entry["controllers"], key=lambda c: (c != entry["default"], c))
        unfit = "; ".join(f"{c} ({why})" for c, why in entry["unfit"].items())
        spaces.add_row(name, entry["about"], ", ".join(ordered), ", ".join(entry["trainers"]), unfit or "-")
    tables.append(spaces)
    for family in ("controllers", "trainers", "runners"):
        table = Table(family.removesuffix("s"), "what it is", "profiles")
        for name, entry in found[family].items():
            table.add_row(name, entry["about"], ", ".join(entry["profiles"]) or "-")
        tables.append(table)
    return Group(*tables)
