"""The table that closes a search: the best network, its baselines beside it, and what full training made of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import RenderableType

Summary: TypeAlias = Mapping[str, Any]
WIDTH = 96
"""Characters of a candidate's short text; the whole of it is in `summary.json`."""
_MOST_FRONT = 12
_ABSENT = "-"


def result_table(summary: Summary) -> RenderableType:
    """Return the result of a search as something Rich can print.

    Args:
        summary: what `summary.json` holds; any part of it may be missing or None.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    searches = [summary, *(b for b in (summary.get("baselines") or {}).values() if b)]
    table = Table(box=_box(), title=_title(summary), title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for search in searches:
        table.add_column(str(search.get("controller") or "?"), justify="right", overflow="fold")
    for section in (_found(searches), _finals(searches), _spent(searches)):
        for name, *cells in section:
            table.add_row(name, *cells)
        table.add_section()
    parts: list[RenderableType] = [table, Text(_remark(summary), style="dim")]
    if len(summary.get("front") or ()) > 1:
        parts.append(front_table(summary))
    return Group(*parts)


def front_table(summary: Summary) -> RenderableType:
    """Return the trials that no other dominates as something Rich can print."""
    from rich.table import Table

    front: Sequence[Any] = [entry for entry in summary.get("front") or () if entry]
    shown = front if len(front) <= _MOST_FRONT else front[:_MOST_FRONT]
    title = "Pareto front" if shown is front else f"Pareto front, {_MOST_FRONT} of {len(front)}"
    names = _names(front)
    table = Table(box=_box(), title=title, title_justify="left", title_style="bold")
    table.add_column("trial", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("network", overflow="fold")
    for entry in shown:
        metrics = entry.get("metrics") or {}
        cells = [number(metrics.get(name)) for name in names]
        table.add_row(str(entry.get("trial", _ABSENT)), *cells, short(entry))
    return table


def short(entry: Mapping[str, Any], width: int = WIDTH) -> str:
    """Return the candidate of an entry in one line: as its space describes it, else its JSON without quotes."""
    candidate = entry.get("candidate")
    if candidate is None:
        return _ABSENT
    if isinstance(candidate, Mapping):
        plain = ", ".join(f"{key}: {_plain(value)}" for key, value in candidate.items())
    else:
        plain = _plain(candidate)
    text = str(entry.get("text") or plain)
    return text if len(text) <= width else text[: width - 1] + "…"


def number(value: Any) -> str:
    """Return a number as people read it: 31,204 or 0.9842."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _ABSENT if value is None else str(value)
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer() or abs(value) >= 1e4:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"
    return f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """Return a time as people read it: `8.2s`, `1m 32s`, `2h 05m`."""
    if seconds is None:
        return _ABSENT
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def _found(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of what the search itself measured, on validation data."""
    best = [search.get("best") or {} for search in searches]
    yield "best network", *(short(entry) for entry in best)
    yield "in trial", *(number(entry.get("trial")) for entry in best)
    goals = _goals(searches)
    for name in _names(best):
        if _matters(name, goals):
            yield name, *(number((entry.get("metrics") or {}).get(name)) for entry in best)


def _finals(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of what full training made of the winners, best per start, tested once."""
    goals = _goals(searches)
    for start, words in (("kept", "kept weights"), ("scratch", "from scratch")):
        chosen = [_final(search, start) for search in searches]
        for name in _names(chosen):
            if name.startswith(("val_", "test_")) and _matters(name.replace("test_", "val_"), goals):
                yield f"{name}, {words}", *(number((e.get("metrics") or {}).get(name)) for e in chosen)


def _goals(searches: Sequence[Summary]) -> str:
    return " ".join(str(goal) for search in searches for goal in search.get("objectives") or ())


def _matters(name: str, goals: str) -> bool:
    """Say whether a metric is worth a row: a loss only where it is what was searched for; all are in the summary."""
    return name in goals or not name.endswith("_loss")


def _final(search: Summary, start: str) -> Mapping[str, Any]:
    """Return the finished model of a start that is best by validation; test data never choose."""
    entries = [e for e in search.get("final") or () if e and e.get("start") == start and e.get("metrics")]
    goal = next(iter(search.get("objectives") or ()), "")
    direction, _, metric = str(goal).partition(":")
    sign = -1.0 if direction == "min" else 1.0
    return max(entries, key=lambda e: sign * float(e["metrics"].get(metric, -sign * math.inf)), default={})


def _spent(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of what the searches cost."""
    yield "trials", *(number(search.get("trials")) for search in searches)
    yield "evaluations", *(number(search.get("evaluations")) for search in searches)
    if any(search.get("failed") for search in searches):
        yield "failed", *(number(search.get("failed")) for search in searches)
    if any(search.get("cost") for search in searches):
        unit = next((search["cost_unit"] for search in searches if search.get("cost_unit")), "")
        yield (f"cost, {unit}" if unit else "cost"), *(number(search.get("cost")) for search in searches)


def _title(summary: Summary) -> str:
    named = [summary.get("space"), summary.get("controller"), f"seed {summary.get('seed')}"]
    return " · ".join(str(part) for part in named if part and part != "seed None") or "result"


def _remark(summary: Summary) -> str:
    """Say what was searched for, how long it took and why it ended."""
    goals = ", ".join(map(str, summary.get("objectives") or ()))
    end = summary.get("stopped_by")
    parts = [goals, duration(summary.get("seconds")), f"ended by {end}" if end else ""]
    if end == "seconds" and not summary.get("final"):
        parts.append("no time was left for full training")
    return " · ".join(part for part in parts if part and part != _ABSENT)


def _names(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of all metrics of the entries, in the order of first sight."""
    return list(dict.fromkeys(name for entry in entries for name in (entry.get("metrics") or {})))


def _plain(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str).replace('"', "")


def _box() -> Any:
    from rich.box import SIMPLE_HEAD

    return SIMPLE_HEAD
