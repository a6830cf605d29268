"""What the controller said about itself: rewards, entropies, temperatures, one small figure each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeAlias

from automl.archive import Archive
from automl.report import look
from automl.report.section import Section

MOST = 9
Line: TypeAlias = list[tuple[float, float]]
"""Evaluations and a number after them."""
_LEAST_SPAN = 0.02
"""Share of its largest number that the axis of a figure spans at least."""


def section(archive: Archive) -> Section | None:
    """Return small multiples of the controller's diagnostics, or None if it recorded none."""
    series = _series(archive.header.get("diagnostics"))
    if not series:
        return None
    moving, still = _told_apart(series)
    note = f"What the controller {archive.info.controller} recorded about itself, against evaluations."
    if len(moving) > MOST:
        note += f" The first {MOST} of {len(moving)} are shown."
    if still:
        note += f" Never changed: {', '.join(still)}."
    figures = tuple(_panel(name, line) for name, line in moving[:MOST])
    return Section("Inside the controller", note, figures)


def _series(recorded: Any) -> list[tuple[str, Line]]:
    """Turn the records around: one line per name, of its finite numbers."""
    lines: dict[str, Line] = {}
    for evaluations, numbers in recorded if isinstance(recorded, list) else []:
        for name, value in numbers.items():
            if isinstance(value, int | float) and math.isfinite(value):
                lines.setdefault(name, []).append((float(evaluations), float(value)))
    return list(lines.items())


def _told_apart(series: Iterable[tuple[str, Line]]) -> tuple[list[tuple[str, Line]], list[str]]:
    """Return the lines that move, and of those that never do, which need no figure, the names and values."""
    moving: list[tuple[str, Line]] = []
    still: list[str] = []
    for name, line in series:
        values = {y for _, y in line}
        if len(line) > 1 and len(values) == 1:
            still.append(f"{name} {values.pop():g}")
        else:
            moving.append((name, line))
    return moving, still


def _panel(name: str, line: Line) -> Any:
    x, y = zip(*line, strict=True)
    figure = look.drawing(190, showlegend=False, margin={"l": 8, "r": 12, "t": 30, "b": 28})
    mode = "lines" if len(line) > 1 else "markers"
    figure.add_scatter(x=x, y=y, mode=mode, line={"color": look.ACCENT, "width": 2}, name="")
    figure.update_xaxes(nticks=5)
    figure.update_yaxes(nticks=5, tickformat="~s" if max(map(abs, y)) >= 1000 else "~g")
    room = _LEAST_SPAN * max(map(abs, y)) - (max(y) - min(y))
    if room > 0:  # what hardly moves shall look like it, and have ticks that can be told apart
        figure.update_yaxes(range=[min(y) - room / 2, max(y) + room / 2])
    if len(line) == 1:  # around one point there is no scale to show
        figure.update_xaxes(tickvals=list(x))
        figure.update_yaxes(tickvals=list(y))
    look.name_axes(figure, "", name)
    return figure
