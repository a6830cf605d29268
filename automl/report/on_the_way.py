"""What the trainings of a test measured on the way: the winner beside the default, and the middle half of their seeds.

Trainers leave it in the extras of the parts of a test (`InParts`): `curves` is {metric: {name: [[step, value], ...]}}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from automl.archive import Archive
from automl.report import look, parts, words
from automl.report.section import Section

Curves: TypeAlias = Sequence[parts.Points]
"""The steps and the values (points, 2) of every seed."""


def section(archive: Archive) -> Section | None:
    """Return the courses of the trainings, or None if no two points were measured in any."""
    given = [part for part in parts.extras(archive, "curves") if all(isinstance(own, dict) for own in part.values())]
    metric = next((name for part in given for name in part), "")
    names = dict.fromkeys(name for part in given for name in part.get(metric, ()))
    found = {name: curves for name in names if (curves := _curves(given, metric, name))}
    if not found:
        return None
    figure = look.drawing(420)
    for place, name in reversed(list(enumerate(found))):
        _course(figure, found[name], name, look.beside(place))
    look.name_axes(figure, "step of the training", words.spoken(metric))
    figure.update_xaxes(tickformat="~s", rangemode="tozero")
    seeds = words.counted(max(map(len, found.values())), "held-out seed")
    return Section("Over a training", f"The median over {seeds}; bands hold the middle half.", (figure,), wide=False)


def _curves(given: Sequence[Any], metric: str, name: str) -> Curves:
    """Return the curves of a name that have two points or more, all as many."""
    found = [parts.points(part.get(metric, {}).get(name)) for part in given]
    curves = [curve for curve in found if curve is not None and len(curve) > 1 and curve.shape[1] == 2]
    return [curve for curve in curves if len(curve) == len(curves[0])]


def _course(figure: Any, curves: Curves, name: str, colour: str) -> None:
    steps = np.mean([curve[:, 0] for curve in curves], axis=0).tolist()
    low, middle, high = np.quantile([curve[:, 1] for curve in curves], [0.25, 0.5, 0.75], axis=0).tolist()
    if len(curves) > 1:
        figure.add_scatter(
            x=[*steps, *reversed(steps)], y=[*high, *reversed(low)], mode="lines", fill="toself", fillcolor=colour,
            line={"width": 0}, opacity=0.22, showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    style = {"color": colour, "width": 2.5}
    figure.add_scatter(x=steps, y=middle, mode="lines+markers", name=name, line=style, marker={"color": colour})
