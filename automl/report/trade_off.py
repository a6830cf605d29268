"""The two metrics whose trade-off the trainer names, over all evaluations, where the search had one objective."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from automl.archive import Archive
from automl.core.objectives import Objective
from automl.core.records import Result
from automl.report import look, words
from automl.report.section import Section

ROUNDING = 1e-8
"""Beside the largest value, so small a one has lost most of its digits in a difference."""


def section(archive: Archive) -> Section | None:
    """Return the plot of the trade-off; None without one, or where the objectives have a front of their own."""
    if not applies(archive):
        return None
    upright, across = archive.trade_off
    figure = look.drawing(400)
    for name, other in archive.baselines.items():
        _line(figure, other.trade_off_front, (across, upright), name, look.BASELINE)
    _dots(figure, archive, across, upright)
    _line(figure, archive.trade_off_front, (across, upright), archive.info.controller, look.BEST)
    figure.update_xaxes(**look.ticks(across.metric, [x for trace in figure.data for x in trace.x]))
    note = "Dots are evaluations; on the front none gains on one axis without losing on the other. "
    note += f"The search itself was for {archive.info.objectives}.{_upright(figure, upright.metric)}"
    look.name_axes(figure, f"{words.spoken(across.metric)}, {words.better(across)}", words.spoken(upright.metric))
    return Section("Trade-off", note, (figure,), wide=False)


def _upright(figure: Any, metric: str) -> str:
    """Set up the upright axis, lift what is only rounding to a floor, and say so."""
    values = [y for trace in figure.data for y in trace.y]
    floor = rounding(values)
    if floor:
        for trace in figure.data:
            trace.y = [max(y, floor) for y in trace.y]
        values = [max(y, floor) for y in values]
    figure.update_yaxes(**look.ticks(metric, values))
    return f" What is below {floor:.0e}, zero or negative, is rounding, and drawn there." if floor else ""


def rounding(values: Sequence[float]) -> float | None:
    """Return the level below which values are only rounding, so that a logarithmic axis can end there.

    It is as high as the most negative value is low, and no lower than the smallest positive one.

    Returns:
        None if all values are positive, if none is, or if the negative ones are too large to be rounding.
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low > 0 or high <= 0 or -low > ROUNDING * high:
        return None
    smallest = min(value for value in values if value > 0)
    if smallest > ROUNDING * high:  # a zero beside whole numbers is a value like others
        return None
    return 10.0 ** math.ceil(math.log10(max(-low, smallest)))


def applies(archive: Archive) -> bool:
    """Say whether the trade-off of the trainer is what should be shown."""
    return len(archive.info.objectives.goals) == 1 and bool(archive.trade_off_front)


def _dots(figure: Any, archive: Archive, across: Objective, upright: Objective) -> None:
    """Draw an even part of the evaluations."""
    known = [r for r in archive.results if across.metric in r.metrics and upright.metric in r.metrics]
    step = -(-len(known) // look.MOST_DOTS)
    shown = known[:: max(step, 1)]
    _scatter(
        figure, shown, (across, upright), mode="markers", name="evaluations",
        marker={"color": look.DOT, "size": 4 if len(shown) > 500 else 6, "opacity": 0.6},
    )  # fmt: skip


def _line(figure: Any, front: Sequence[Result], axes: tuple[Objective, Objective], name: str, colour: str) -> None:
    """Draw a front as a staircase, since what lies between its points was not reached."""
    ordered = sorted(front, key=lambda result: result.metrics[axes[0].metric])
    _scatter(
        figure, ordered, axes, mode="lines+markers", name=f"front of {name}",
        line={"shape": "hv" if axes[0].direction == "min" else "vh", "color": colour, "width": 2},
        marker={"color": colour, "size": 8},
    )  # fmt: skip


def _scatter(figure: Any, results: Sequence[Result], axes: tuple[Objective, Objective], **style: Any) -> None:
    across, upright = (goal.metric for goal in axes)
    text = [
        f"<b>trial {r.proposal.trial}, step {r.proposal.step}</b><br>"
        + "<br>".join(map(html.escape, words.listed(r.metrics, (upright, across))))
        for r in results
    ]
    figure.add_scatter(
        x=[r.metrics[across] for r in results],
        y=[r.metrics[upright] for r in results],
        text=text, hovertemplate="%{text}<extra></extra>", **style,
    )  # fmt: skip
