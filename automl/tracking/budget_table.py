"""The table of budgets: at each the best candidate, who proposed it, what it is worth, and what the others came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl.tracking.numbers import number

if TYPE_CHECKING:
    from rich.console import RenderableType

_SPREAD = "_sd"


def budget_table(summary: Mapping[str, Any]) -> RenderableType:
    """Return the budgets of a summary as something Rich can print: a row each, and below it the candidates in full.

    Args:
        summary: what `summary.json` holds, with `budgets`.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    quality, size = _metric(summary, 0), _metric(summary, 1)
    tested = quality.replace("val_", "test_")
    table = Table(box=box.SIMPLE_HEAD, title="At each budget", title_justify="left", title_style="bold")
    for name in ("budget", "trial", *([size] if size else []), "best rule", quality, tested):
        table.add_column(name, justify="left" if name == "best rule" else "right", no_wrap=True)
    table.add_column("the other rules", overflow="fold")
    for budget, entry in summary["budgets"].items():
        metrics = entry["metrics"]
        sizes = [number(metrics.get(size))] if size else []
        measured = [_spread(entry, quality), number(_tested(summary, entry["trial"], quality).get(tested))]
        others = ", ".join(f"{rule} {number(value)}" for rule, value in entry["others"].items())
        table.add_row(budget, str(entry["trial"]), *sizes, entry["rule"], *measured, others)
    said = [Text(f"{budget}: {entry['text']}") for budget, entry in summary["budgets"].items()]
    return Group(table, *said)


def _metric(summary: Mapping[str, Any], place: int) -> str:
    """Return the metric of an objective; empty if there is none at that place."""
    goals = [str(goal) for goal in summary["objectives"] if str(goal).startswith(("max:", "min:"))]
    return goals[place].partition(":")[2] if place < len(goals) else ""


def _spread(entry: Mapping[str, Any], name: str) -> str:
    """Return a metric with its deviation over seeds, if that was measured: by repetitions, or within one training."""
    metrics = entry["metrics"]
    spread = entry.get("spread", metrics.get(name + _SPREAD))
    value = number(metrics.get(name))
    return value if spread is None else f"{value} ± {number(spread)}"


def _tested(summary: Mapping[str, Any], trial: int, quality: str) -> Mapping[str, float]:
    """Return the metrics of the better full training of a trial, by validation."""
    goal = str(summary["objectives"][0])
    sign = -1.0 if goal.startswith("min:") else 1.0
    finals = [f["metrics"] for f in summary.get("final") or () if f.get("trial") == trial and f.get("metrics")]
    return max(finals, key=lambda m: sign * float(m.get(quality, -sign * float("inf"))), default={})
