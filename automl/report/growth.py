"""The best result so far against what was spent, beside the baselines."""

from __future__ import annotations

from typing import Any

from automl.archive import Archive, Scale
from automl.report import look, words
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
    figure.update_yaxes(**look.ticks(goal.metric, [y for _, y in archive.best_so_far(by)]))
    figure.update_xaxes(tickformat="~s", rangemode="tozero")
    return Section("Best so far", _note(archive), (figure,))


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
