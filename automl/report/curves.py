"""How the best few trials went: what was measured on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeAlias

from automl.archive import Archive
from automl.core.objectives import Objective
from automl.core.records import Trial
from automl.core.tracker import thinned
from automl.report import frame, look, words
from automl.report.section import Section

BEST_FEW = 5
FEW = 12  # points up to which each is marked
MOST_OTHERS = 60
"""Of the trials behind the best few so many are drawn, thin, with `look.MOST_DOTS` points in all."""
Line: TypeAlias = Sequence[tuple[float, float]]


def section(archive: Archive) -> Section | None:
    """Return the courses of the best trials, or None if nothing in them was measured twice."""
    chosen = archive.ranked[:BEST_FEW]
    metric = _metric(archive, chosen)
    if metric is None:
        return None
    goal = next((g for g in archive.info.objectives.goals if g.metric == metric), None)
    figure = look.drawing(400)
    behind = _others(figure, archive, metric)
    for name, baseline in archive.baselines.items():
        if baseline.best and len(line := thinned(baseline.best.course(metric))) > 1:
            _curve(figure, line, name, look.BASELINE, 2)
    lines = [(trial, thinned(trial.course(metric), goal)) for trial in chosen]
    for colour, (trial, line) in reversed(list(zip(look.SERIES, lines, strict=False))):
        if line:
            _curve(figure, line, f"trial {trial.number}", colour, 3 if trial is chosen[0] else 2)
    longest = max(len(trace.name) for trace in figure.data)
    figure.update_layout(legend={"traceorder": "reversed", "entrywidth": 14 + 7 * longest})
    look.name_axes(figure, "step", words.spoken(metric))
    if max(x for trace in figure.data for x in trace.x if x is not None) <= FEW:
        figure.update_xaxes(dtick=1)
    cut = _upright(figure, metric, goal, [y for _, line in lines for _, y in line])
    return Section("Learning curves", _note(len(chosen), behind) + cut, (figure,), wide=False)


def _note(many: int, behind: int) -> str:
    others = f" Thin: {words.counted(behind, 'other trial')}." if behind else ""
    return (f"The best {many} trials, step by step." if many > 1 else "The best trial, step by step.") + others


def _upright(figure: Any, metric: str, goal: Objective | None, values: Sequence[float]) -> str:
    """Set up the axis of the metric, and say what its frame leaves out."""
    style = look.ticks(metric, values)
    figure.update_yaxes(**style)
    ends = frame.around(frame.better(values, goal), values)
    if ends is None or style.get("type") == "log":
        return ""
    figure.update_yaxes(range=ends)
    return " The frame holds the better half of the values; lines leave it where they were far worse."


def _others(figure: Any, archive: Archive, metric: str) -> int:
    """Draw an even part of the trials behind the best few as one thin trace; return how many."""
    courses = [thinned(course) for trial in archive.ranked[BEST_FEW:] if len(course := trial.course(metric)) > 1]
    longest = max(map(len, courses), default=0) + 1
    many = min(len(courses), MOST_OTHERS, max(1, look.MOST_DOTS // longest))
    drawn = [courses[i * len(courses) // many] for i in range(many)]
    points = list(chain.from_iterable([*line, (line[-1][0], None)] for line in drawn))  # None: the pen is lifted
    if points:
        x, y = zip(*points, strict=True)
        style = {"color": look.DOT, "width": 0.7}
        figure.add_scatter(x=x, y=y, mode="lines", name="other trials", line=style, opacity=0.5, hoverinfo="skip")
    return len(drawn)


def _metric(archive: Archive, chosen: Sequence[Trial]) -> str | None:
    """The first objective if it was measured on the way, else the first metric that was."""
    reported = {name: None for t in chosen for r in t.results for _, metrics in r.curve for name in metrics}
    reported |= {name: None for t in chosen if len(t.results) > 1 for name in t.metrics}
    names = [name for name in archive.info.objectives.metrics if name in reported] or list(reported)
    return next((name for name in names if any(len(t.course(name)) > 1 for t in chosen)), None)


def _curve(figure: Any, line: Line, name: str, colour: str, width: int) -> None:
    x, y = zip(*line, strict=True)
    style = {"color": colour, "width": width}
    mode = "lines" if len(line) > FEW else "lines+markers"
    figure.add_scatter(x=x, y=y, mode=mode, name=name, line=style, marker={"color": colour})
