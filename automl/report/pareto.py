"""What the first objective costs in terms of the second, or of size: the trade-off and its front."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Any

from automl.archive import Archive
from automl.core.objectives import Objective
from automl.core.pareto import front_indices
from automl.core.records import Trial
from automl.report import look, trade_off, words
from automl.report.section import Section

WITHIN = 0.9
"""The share of trials, best first, that the frame must hold: a few very bad ones would flatten the front."""
_MUCH = 1.25
"""The cost of a trial is worth an axis where it varies by so much."""
_SIZES = ("params", "macs", "bytes", "latency", "depth", "gates")


def section(archive: Archive) -> Section | None:
    """Return the plot of two numbers per trial; None if only one number is known, or no trial succeeded."""
    across = _across(archive)
    if across is None or archive.best is None or trade_off.applies(archive):
        return None
    goal, figure = archive.info.objectives.goals[0], look.drawing(400)
    for name, baseline in archive.baselines.items():
        _dots(figure, baseline, across, name, look.BASELINE, set())
    front = _front(archive, across)
    _dots(figure, archive, across, archive.info.controller, look.DOT, {t.number for t in front})
    _line(figure, archive, across, front)
    _limits(figure, archive, across)
    side = "left" if across.direction == "min" else "right"
    outside = _axes(figure, archive, across, front)
    look.name_axes(figure, f"{_named(archive, across)}, {words.better(across)}", words.spoken(goal.metric))
    note = f"On the front no trial gains on one axis without losing on the other. Better is {_up(goal)} {side}."
    if outside:
        note += f" Far from it, and not in the frame: {words.counted(outside, 'trial')}."
    return Section("Trade-off", note, (figure,), wide=False)


def _up(goal: Objective) -> str:
    return "up and" if goal.direction == "max" else "down and"


def _across(archive: Archive) -> Objective | None:
    """The second objective, else a size that was measured, else the cost."""
    if len(archive.info.objectives.goals) > 1:
        return archive.info.objectives.goals[1]
    known = set[str]().union(*(trial.metrics for trial in archive.ranked[:50]))
    size = next((name for name in _SIZES if name in known), None)
    return Objective(f"min:{size}") if size else Objective("min:cost") if _costs_differ(archive) else None


def _costs_differ(archive: Archive) -> bool:
    """Say whether some trials cost more than others; where none was cut short, most trainers charge all the same."""
    read = _reader(Objective("min:cost"))
    costs = [cost for trial in archive.ranked if (cost := read(trial))]
    return bool(costs) and max(costs) > _MUCH * min(costs)


def _named(archive: Archive, across: Objective) -> str:
    unit = archive.header.get("cost_unit") if across.metric == "cost" else None
    return str(unit) if unit else words.spoken(across.metric)


def _reader(across: Objective) -> Callable[[Trial], float | None]:
    """How to read the number across from a trial; None where it was not measured."""
    metric = across.metric

    def read(trial: Trial) -> float | None:
        if metric not in trial.metrics and metric == "cost":
            return sum(r.outcome.cost for r in trial.results if r.outcome)
        value = trial.metrics.get(metric)
        return None if value is None else float(value)

    return read


def _points(trials: Sequence[Trial], across: Objective) -> list[tuple[Trial, float]]:
    read = _reader(across)
    return [(trial, value) for trial in trials if trial.judged and (value := read(trial)) is not None]


def _front(archive: Archive, across: Objective) -> list[Trial]:
    """The front in the plane of the plot, from left to right."""
    objectives = archive.info.objectives
    points = [(t, x) for t, x in _points(archive.ranked, across) if objectives.feasible(t.metrics)]
    points = [(t, x) for t, x in points if not t.tentative] or points
    sign = 1.0 if across.direction == "max" else -1.0
    scores = [(objectives.goals[0].score(t.metrics), sign * x) for t, x in points]
    return [points[i][0] for i in sorted(front_indices(scores), key=lambda i: points[i][1])]


def _dots(figure: Any, archive: Archive, across: Objective, name: str, colour: str, keep: set[int]) -> None:
    shown = _points(look.thinned(archive.ranked, keep), across)
    metric = archive.info.objectives.goals[0].metric
    figure.add_scatter(
        x=[x for _, x in shown],
        y=[trial.metrics[metric] for trial, _ in shown],
        text=[look.hover(archive, trial) for trial, _ in shown],
        mode="markers", name=name, hovertemplate="%{text}<extra>" + html.escape(name) + "</extra>",
        marker={"color": colour, "size": 6 if len(shown) < 500 else 4, "opacity": 0.65},
    )  # fmt: skip


def _line(figure: Any, archive: Archive, across: Objective, front: Sequence[Trial]) -> None:
    """Mark the front: a staircase between its trials, since what lies between them was not reached."""
    points = _points(front, across)
    metric = archive.info.objectives.goals[0].metric
    figure.add_scatter(
        x=[x for _, x in points],
        y=[trial.metrics[metric] for trial, _ in points],
        text=[look.hover(archive, trial) for trial, _ in points],
        mode="lines+markers", name="front", hovertemplate="%{text}<extra>front</extra>",
        line={"shape": "hv" if across.direction == "min" else "vh", "color": look.BEST, "width": 2},
        marker={"color": look.BEST, "size": 9, "line": {"color": look.PANEL, "width": 1.5}},
    )  # fmt: skip


def _limits(figure: Any, archive: Archive, across: Objective) -> None:
    style = {"line_dash": "dash", "line_color": look.MUTED, "line_width": 1}
    for limit in archive.info.objectives.limits:
        if limit.metric == across.metric:
            figure.add_vline(x=limit.bound, **style)
        elif limit.metric == archive.info.objectives.goals[0].metric:
            figure.add_hline(y=limit.bound, **style)


def _axes(figure: Any, archive: Archive, across: Objective, front: Sequence[Trial]) -> int:
    """Set both axes up, framed around the front; return how many trials are too bad to be inside."""
    goal = archive.info.objectives.goals[0]
    points = _points([trial for a in (archive, *archive.baselines.values()) for trial in a.ranked], across)
    values = sorted((float(trial.metrics[goal.metric]) for trial, _ in points), reverse=goal.direction == "max")
    style = look.ticks(goal.metric, values)
    figure.update_xaxes(**look.ticks(across.metric, [x for _, x in points]))
    figure.update_yaxes(**style)
    shown = [*values[: math.ceil(len(values) * WITHIN)], *(float(t.metrics[goal.metric]) for t in front)]
    low, high = min(shown), max(shown)
    outside = sum(not low <= value <= high for value in values)
    if outside and style.get("type") != "log":
        margin = 0.06 * (high - low) or 0.01
        figure.update_yaxes(range=[low - margin, high + margin])
        return outside
    return 0
