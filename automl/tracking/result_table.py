"""The table that closes a search: the best candidate, its baselines beside it, and what full training made of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from automl.tracking.budget_table import budget_table
from automl.tracking.numbers import ABSENT, FEWEST, duration, number

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

Summary: TypeAlias = Mapping[str, Any]
WIDTH = 96
"""Characters of a candidate's short text; the whole of it is in `summary.json`."""
_MOST_FRONT = 12
_CANDIDATE = 32
"""Characters that a front keeps for its candidates: only as many metrics stand before them as leave so much room."""
_MOST = 6
"""Decimals where so many are needed to tell numbers apart."""


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
    for section in (_found(searches), _oracles(searches), _finals(searches), _spent(searches)):
        for name, *cells in section:
            table.add_row(name, *cells)
        table.add_section()
    parts: list[RenderableType] = [table, *map(Text, summary.get("remarks") or ())]
    parts += [Text(line, style="red") for line in _failures(searches)]
    parts.append(Text(_remark(summary), style="dim"))
    if summary.get("budgets"):
        parts.append(budget_table(summary))
    elif len(summary.get("front") or ()) > 1:
        parts.append(front_table(summary))
    return Group(*parts)


def fronts(summary: Summary) -> RenderableType:
    """Return the front of the objectives, and that of the trainer's trade-off where it names one."""
    from rich.console import Group

    trade_off = summary.get("trade_off")
    several = sum(str(goal).startswith(("max:", "min:")) for goal in summary.get("objectives") or ()) > 1
    tables = [front_table(summary)] if several or not trade_off else []
    if summary.get("budgets"):
        tables.append(budget_table(summary))
    if trade_off:
        tables.append(front_table(_narrowed(summary, trade_off), "Trade-off of all evaluations", most=100))
    return Group(*tables)


def _narrowed(summary: Summary, trade_off: Sequence[Any]) -> Summary:
    """Return the trade-off as a front with the metrics that it is about."""
    wanted = summary.get("trade_off_metrics")
    if not wanted:
        return {"front": trade_off}
    return {
        "front": [
            {**entry, "metrics": {name: entry["metrics"][name] for name in wanted if name in entry["metrics"]}}
            for entry in trade_off
        ]
    }


def front_table(summary: Summary, title: str = "Pareto front", most: int = _MOST_FRONT) -> RenderableType:
    """Return the entries that no other dominates as something Rich can print, as wide as the terminal."""
    front: Sequence[Any] = [entry for entry in summary.get("front") or () if entry]
    titled = title if len(front) <= most else f"{title}, {most} of {len(front)}"
    return _Front(titled, front[:most], re.findall(r"[\w./-]+", _goals([summary])))


@dataclass(frozen=True)
class _Front:
    """A front that shows the metrics in `wanted`, and as many others as leave room for the candidates."""

    title: str
    entries: Sequence[Mapping[str, Any]]
    wanted: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table

        columns = self._columns(options.max_width)
        table = Table(box=_box(), title=self.title, title_justify="left", title_style="bold")
        for name in ("trial", *columns):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("candidate", overflow="fold")
        for entry, *cells in zip(self.entries, *columns.values(), strict=True):
            table.add_row(str(entry.get("trial", ABSENT)), *cells, short(entry))
        yield table

    def _columns(self, width: int) -> dict[str, list[str]]:
        """Return the cells of the metrics that fit, in the order in which they were measured."""
        names = _names(self.entries)
        columns = {name: _apart(_row(name, self.entries), _row(name, self.entries)) for name in names}
        room = width - _CANDIDATE - len("  trial  ") - 3
        shown = set()
        for name in sorted(names, key=lambda name: name not in self.wanted):
            room -= max(len(name), *map(len, columns[name])) + 3  # with what stands between columns
            if name in self.wanted or room >= 0:
                shown.add(name)
        return {name: cells for name, cells in columns.items() if name in shown}


def short(entry: Mapping[str, Any], width: int = WIDTH) -> str:
    """Return the candidate of an entry in one line: as its space describes it, else its JSON without quotes."""
    candidate = entry.get("candidate")
    if candidate is None:
        return ABSENT
    if isinstance(candidate, Mapping):
        plain = ", ".join(f"{key}: {_plain(value)}" for key, value in candidate.items())
    else:
        plain = _plain(candidate)
    text = str(entry.get("text") or plain)
    return text if len(text) <= width else text[: width - 1] + "…"


def _apart(values: Sequence[Any], others: Sequence[Any]) -> list[str]:
    """Return numbers with four decimals, or with as many more as tell each from the others that differ from it."""
    decimals = FEWEST
    while decimals < _MOST and any(_confused(a, b, decimals) for a in values for b in others):
        decimals += 1
    return [number(value, decimals) for value in values]


def _confused(a: Any, b: Any, decimals: int) -> bool:
    return a != b and number(a, decimals) == number(b, decimals) and number(a, _MOST) != number(b, _MOST)


def _found(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of what the search itself measured, on validation data."""
    best = [search.get("best") or {} for search in searches]
    yield "best candidate", *(short(entry) for entry in best)
    yield "in trial", *(number(entry.get("trial")) + " (open)" * bool(entry.get("open")) for entry in best)
    goals, everything = _goals(searches), _values(best)
    for name in _names(best):
        if _matters(name, goals):
            yield name, *_apart(_row(name, best), everything)


def _oracles(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of the best that was seen by metrics that nothing could select by."""
    seen = [search.get("oracle") or {} for search in searches]
    names = list(dict.fromkeys(name for entries in seen for name in entries))
    if names:
        yield "oracle: best seen, not selectable", *([""] * len(seen))
    for name in names:
        values = [(entries.get(name) or {}).get("value") for entries in seen]
        yield name, *_apart(values, values)


def _finals(searches: Sequence[Summary]) -> Iterable[tuple[str, ...]]:
    """Rows of what full training made of the winners, best per start, tested once; sizes it left alone are skipped."""
    goals, best = _goals(searches), [search.get("best") or {} for search in searches]
    for start, words in (("kept", "kept weights"), ("scratch", "from scratch")):
        chosen = [_final(search, start) for search in searches]
        everything = [*_values(chosen), *_values(best)]
        for name in _names(chosen):
            finished = name.startswith(("val_", "test_")) and _matters(name.replace("test_", "val_"), goals)
            changed = _row(name, chosen) != [v if e else None for v, e in zip(_row(name, best), chosen, strict=True)]
            if finished or (changed and name in _searched(searches)):
                yield f"{name}, {words}", *_apart(_row(name, chosen), everything)


def _row(name: str, entries: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return a metric of each entry, None where it was not measured."""
    return [(entry.get("metrics") or {}).get(name) for entry in entries]


def _values(entries: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [value for entry in entries for value in (entry.get("metrics") or {}).values()]


def _searched(searches: Sequence[Summary]) -> set[str]:
    """Return the metrics of the objectives, without the limits."""
    goals = [str(goal) for search in searches for goal in search.get("objectives") or ()]
    return {goal.partition(":")[2] for goal in goals}


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


def _failures(searches: Sequence[Summary]) -> Iterable[str]:
    """Say why evaluations failed: those of the search itself, then those of its baselines by name."""
    for place, search in enumerate(searches):
        whose = f"{search.get('controller') or '?'}: " if place else ""
        for failure in search.get("failures") or ():
            yield f"{whose}{failure['count']:,} failed: {failure['message']}"


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
    return " · ".join(part for part in parts if part and part != ABSENT)


def _names(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of all metrics of the entries, in the order of first sight."""
    return list(dict.fromkeys(name for entry in entries for name in (entry.get("metrics") or {})))


def _plain(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str).replace('"', "")


def _box() -> Any:
    from rich.box import SIMPLE_HEAD

    return SIMPLE_HEAD
