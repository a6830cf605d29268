"""What the controller said about itself: rewards, entropies, temperatures, one small figure each."""

from __future__ import annotations

import math
from typing import Any

from automl.archive import Archive
from automl.report import look
from automl.report.section import Section

MOST = 9


def section(archive: Archive) -> Section | None:
    """Return small multiples of the controller's diagnostics, or None if it recorded none."""
    series = _series(archive.header.get("diagnostics"))
    if not series:
        return None
    note = f"What the controller {archive.info.controller} recorded about itself, against evaluations."
    if len(series) > MOST:
        note += f" The first {MOST} of {len(series)} are shown."
    figures = tuple(_panel(name, line) for name, line in series[:MOST])
    return Section("Inside the controller", note, figures)


def _series(recorded: Any) -> list[tuple[str, list[tuple[float, float]]]]:
    """Turn the records around: one line per name, of its finite numbers."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for evaluations, numbers in recorded if isinstance(recorded, list) else []:
        for name, value in numbers.items():
            if isinstance(value, int | float) and math.isfinite(value):
                lines.setdefault(name, []).append((float(evaluations), float(value)))
    return list(lines.items())


def _panel(name: str, line: list[tuple[float, float]]) -> Any:
    x, y = zip(*line, strict=True)
    figure = look.drawing(190, showlegend=False, margin={"l": 8, "r": 12, "t": 30, "b": 28})
    mode = "lines" if len(line) > 1 else "markers"
    figure.add_scatter(x=x, y=y, mode=mode, line={"color": look.ACCENT, "width": 2}, name="")
    figure.update_xaxes(nticks=5)
    figure.update_yaxes(nticks=5, tickformat="~s" if max(map(abs, y)) >= 1000 else "~g")
    if len(line) == 1:  # around one point there is no scale to show
        figure.update_xaxes(tickvals=list(x))
        figure.update_yaxes(tickvals=list(y))
    look.name_axes(figure, "", name)
    return figure
