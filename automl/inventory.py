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
    """Return the inventory as tables for a terminal: what fits a space, then the other families."""
    from rich.console import Group
    from rich.table import Table

    tables: list[RenderableType] = [_space_table(name, entry) for name, entry in found["search_spaces"].items()]
    for family in ("controllers", "trainers", "runners"):
        table = Table(family.removesuffix("s"), "what it is", "profiles")
        for name, entry in found[family].items():
            table.add_row(name, entry["about"], ", ".join(entry["profiles"]) or "-")
        tables.append(table)
    return Group(*tables)


def _space_table(name: str, entry: dict[str, Any]) -> RenderableType:
    """Return what fits one space, a line each, its default controller first; what does not, by what it lacks."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table.grid("kind", "what", padding=(0, 2), pad_edge=False)
    table.add_row(f"[bold]{name}[/bold]", entry["about"])
    others = [c for c in entry["controllers"] if c != entry["default"]]
    controllers = [f"{entry['default']} (default)", *others] if entry["default"] in entry["controllers"] else others
    table.add_row("controllers", ", ".join(controllers) or "-")
    table.add_row("trainers", ", ".join(entry["trainers"]) or "-")
    lacking: dict[str, list[str]] = {}
    for controller, why in entry["unfit"].items():
        lacking.setdefault(why, []).append(controller)
    if lacking:
        table.add_row(
            "[dim]unfit[/dim]",
            "[dim]" + "; ".join(f"{', '.join(c)} {_plural(why, c)}" for why, c in lacking.items()) + "[/dim]",
        )
    return Padding(table, (0, 0, 1, 0))


def _plural(why: str, controllers: list[str]) -> str:
    return why if len(controllers) == 1 else why.replace("needs", "need", 1)
