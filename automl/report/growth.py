"""The best result so far against what was spent, beside the baselines."""

from __future__ import annotations

from typing import Any

from automl.archive import Archive, Scale
from automl.report import frame, look, words
from automl.report.section import Section


def section(archive: Archive) -> Section | None:
    """Return the curve of the best so far, or None while no trial has succeeded."""
    everyone = [archive, *archive.baselines.values()]
    by: Scale = "cost" if all(a.counts_cost for a in everyone if a.ranked) else "evaluations"
    if not archive.best_so_far(by):
        return None
    goal, figure = archive.info.objectives.goals[0], look.drawing(400)
    _dots(figure, archive, by)
    for name, baseline in archive.baselines.items():
        first = name == "random" or len(archive.baselines) == 1
        _curve(figure, baseline.best_so_far(by), name, look.BASELINE, "solid" if first else "dot", 2)
    _curve(figure, archive.best_so_far(by), archive.info.controller, look.ACCENT, "solid", 3)
    look.name_axes(figure, _spent(archive, by), f"{words.spoken(goal.metric)}, {words.better(goal)}")
    outside = _upright(figure, archive, by)
    figure.update_xaxes(tickformat="~s", rangemode="tozero")
    return Section("Best so far", _note(archive) + outside, (figure,))


def _upright(figure: Any, archive: Archive, by: Scale) -> str:
    """Set up the axis of the objective, and say what its frame leaves out."""
    goal, corners = archive.info.objectives.goals[0], archive.best_so_far(by)
    style = look.ticks(goal.metric, [y for _, y in corners])
    figure.update_yaxes(**style)
    curves = [corners, *(other.best_so_far(by) for other in archive.baselines.values())]
    trials = [float(trial.metrics[goal.metric]) for trial in archive.ranked]
    wanted = [y for curve in curves for y in frame.late(curve)] + frame.better(trials, goal)
    ends = frame.around(wanted, [*trials, *(y for curve in curves for _, y in curve)])
    if ends is None or style.get("type") == "log":
        return ""
    figure.update_yaxes(range=ends)
    outside = sum(not ends[0] <= value <= ends[1] for value in trials)
    trials_too = f", and {words.counted(outside, 'trial')}" if outside else ""
    return f" Not in the frame: the first values of the search{trials_too}."


def _spent(archive: Archive, by: Scale) -> str:
    unit = str(archive.header.get("cost_unit") or "cost") if by == "cost" else "evaluations"
    return f"{unit} spent"


def _note(archive: Archive) -> str:
    note = "Each dot is a trial, where the evaluation it is judged by was measured; the line is the best until then."
    if len(archive.ranked) > look.MOST_DOTS:
        note += f" Of {len(archive.ranked):,} trials {look.MOST_DOTS:,} are drawn."
    return note


def _curve(figure: Any, corners: list[tuple[float, float]], name: str, colour: str, dash: str, width: int) -> None:
    if corners:
        x, y = zip(*corners, strict=True)
        line = {"shape": "hv", "color": colour, "dash": dash, "width": width}
        figure.add_scatter(x=x, y=y, mode="lines", name=name, line=line, hoverinfo="skip")


def _dots(figure: Any, archive: Archive, by: Scale) -> None:
    goal = archive.info.objectives.goals[0]
    spent = {result.id: total for result, total in archive.spending(by)}
    shown = look.thinned(archive.ranked, {t.number for t in archive.front})
    figure.add_scatter(
        x=[spent[t.judged.id] for t in shown if t.judged],
        y=[t.metrics[goal.metric] for t in shown],
        text=[look.hover(archive, t) for t in shown],
        mode="markers", name="trials", hovertemplate="%{text}<extra></extra>",
        marker={"color": look.DOT, "size": 6 if len(shown) < 500 else 4, "opacity": 0.7},
    )  # fmt: skip
