"""How the figures look: quiet axes, colours by name, the same in light and dark.

Colours are CSS variables (`var(--accent)`); the page's script replaces them by what the reader's theme says,
and draws again when the theme changes. Nothing here knows a colour by value.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from automl.archive import Archive
from automl.core.records import Trial
from automl.report import words

INK, MUTED, LINE, EDGE, PANEL = "var(--ink)", "var(--muted)", "var(--line)", "var(--edge)", "var(--panel)"
ACCENT, DOT, BEST, BASELINE, BAD = (
    "var(--accent)",
    "var(--dot)",
    "var(--best)",
    "var(--baseline)",
    "var(--bad)",
)
SERIES = ("var(--best)", "var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)")
RAMP = [[0.0, "var(--ramp-0)"], [0.5, "var(--ramp-1)"], [1.0, "var(--ramp-2)"]]
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
MOST_DOTS = 1500
"""Beyond it the browser becomes slow without showing more."""


def drawing(height: int = 380, **layout: Any) -> Any:
    """Return an empty figure in the style of the report."""
    figure = go.Figure(
        layout={
            "template": go.layout.Template(),
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 34, "b": 84},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {
                "family": "system-ui, -apple-system, 'Segoe UI', sans-serif",
                "size": 13,
                "color": MUTED,
            },
            "hovermode": "closest",
            "hoverlabel": {"bgcolor": PANEL, "bordercolor": LINE, "font": {"color": INK}, "align": "left"},
            "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
            **layout,
        }
    )
    figure.update_xaxes(showgrid=False, linecolor=LINE, ticks="outside", tickcolor=LINE, ticklen=4)
    figure.update_yaxes(gridcolor=LINE, linecolor="rgba(0,0,0,0)")
    figure.update_xaxes(automargin=True, zeroline=False, title_standoff=8)
    figure.update_yaxes(automargin=True, zeroline=False, ticklabelstandoff=4)
    return figure


def beside(place: int) -> str:
    """Return the colour of the winner (0), of what it is compared with (1), and of others."""
    return (BEST, BASELINE, *SERIES[1:])[place % (1 + len(SERIES))]


def name_axes(figure: Any, x: str, y: str) -> None:
    """Write the name of the x axis below it and that of the y axis above it, where it can be read upright."""
    figure.update_xaxes(title={"text": html.escape(x), "font": {"size": 13}})
    title = {"text": html.escape(y), "font": {"size": 13}, "automargin": False}
    figure.update_layout(title={**title, "x": 0, "xref": "container", "y": 1, "yanchor": "top", "pad": {"t": 6}})


def ticks(metric: str, values: Sequence[float]) -> dict[str, Any]:
    """Return the settings of an axis that shows a metric: per cent, prefixes, logarithmic."""
    if words.is_share(metric) and all(0 <= value <= 1 for value in values):
        return {"tickformat": ".2~%"}
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low > 0 and high / low > 1e6:
        return {"type": "log", "tickformat": ".0e", "dtick": math.ceil(math.log10(high / low) / 8)}
    if low > 0 and high / low > 30:
        format_ = "~s" if high >= 1000 or low >= 1 else "~g"
        return {"type": "log", "tickformat": format_, "dtick": 1 if high / low > 300 else "D2"}
    return {"tickformat": "~s"} if high >= 1000 else {}


def hover(archive: Archive, trial: Trial) -> str:
    """Describe a trial in the few lines that appear under the pointer."""
    lines = [f"<b>trial {trial.number}</b>"]
    if trial.judged:
        lines += map(html.escape, words.listed(trial.metrics, archive.info.objectives.metrics))
    else:
        lines.append(html.escape(words.shortened(words.failure(trial), 90)))
    if made := words.decisions(trial):
        lines += map(html.escape, _wrapped("choices: " + made, 70, 2))
    lines += map(html.escape, _wrapped(words.compact(trial.candidate), 70, 2))
    return "<br>".join(lines)


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Break a long line, and cut it where it has too many."""
    text = words.shortened(text, width * most)
    return [text[i : i + width] for i in range(0, len(text), width)]


def thinned(trials: Sequence[Trial], keep: set[int], most: int = MOST_DOTS) -> list[Trial]:
    """Return the trials to draw: all if they are few, else those to keep and an even part of the others."""
    if len(trials) <= most:
        return list(trials)
    rest = [trial for trial in trials if trial.number not in keep]
    room = max(most - (len(trials) - len(rest)), 0)
    chosen = {rest[i * len(rest) // room].number for i in range(room)} if room else set()
    return [trial for trial in trials if trial.number in keep or trial.number in chosen]
