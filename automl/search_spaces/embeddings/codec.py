"""Plans as JSON and back.

{"width": 32, "starts": [[0, 50], [0]], "columns": [[16, [0, 2, 5]], [4]], "aligned": true, "origin": "search"}

A number of columns means the first ones. `elements`, `stage`, `aligned` and `origin` are left out where they are None,
"plain", false and empty.
"""

from __future__ import annotations

from typing import Any, get_args

from automl.core.errors import InvalidCandidate
from automl.core.records import Json
from automl.search_spaces.embeddings.plan import Columns, Plan, Stage

STAGES: tuple[Stage, ...] = get_args(Stage)


def dump(plan: Plan) -> dict[str, Json]:
    """Write a plan as JSON."""
    named: dict[str, Json] = {"origin": plan.origin} if plan.origin else {}
    return {**dump_unnamed(plan), **named}


def dump_unnamed(plan: Plan) -> dict[str, Json]:
    """Write what a plan is, whoever proposed it."""
    written: dict[str, Json] = {
        "width": plan.width,
        "starts": [list(starts) for starts in plan.starts],
        "columns": [[_columns(kept) for kept in blocks] for blocks in plan.columns],
    }
    if plan.elements is not None:
        written["elements"] = plan.elements
    if plan.stage != "plain":
        written["stage"] = plan.stage
    if plan.aligned:
        written["aligned"] = True
    return written


def _columns(kept: Columns) -> Json:
    return len(kept) if kept == tuple(range(len(kept))) else list(kept)


def load(json: Any) -> Plan:
    """Read a plan back.

    Raises:
        InvalidCandidate: if the JSON describes none.
    """
    try:
        return Plan(
            width=_count(json["width"]),
            starts=tuple(tuple(map(_count, starts)) for starts in _list(json["starts"])),
            columns=tuple(tuple(map(_load_columns, _list(blocks))) for blocks in _list(json["columns"])),
            elements=None if json.get("elements") is None else _count(json["elements"]),
            stage=_stage(json.get("stage", "plain")),
            aligned=_of(bool, json.get("aligned", False)),
            origin=_of(str, json.get("origin", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidCandidate(
            f"This JSON describes no plan of embedding dimensions: {type(error).__name__} {error}.",
            'It looks like {"width": 8, "starts": [[0, 50], [0]], "columns": [[8, 2], [[0, 3]]]}.',
        ) from error


def _load_columns(json: Any) -> Columns:
    return tuple(map(_count, json)) if isinstance(json, list | tuple) else tuple(range(_few(json)))


def _few(value: Any) -> int:
    """Return a number of columns; a table with more than that would not be written as one."""
    if _count(value) > _MOST_COLUMNS:
        raise ValueError(f"{value} columns")
    return int(value)


_MOST_COLUMNS = 65_536


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of columns, rows or values")
    return value


def _stage(value: Any) -> Stage:
    if value not in STAGES:
        raise ValueError(f"stage {value!r} is none of {', '.join(STAGES)}")
    stage: Stage = value
    return stage


def _list(value: Any) -> Any:
    return _of(list, list(value) if isinstance(value, tuple) else value)


def _of(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
