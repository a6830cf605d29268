"""The fronts that the winner found with every seed, beside those of the default: what they attain, pair by pair.

Trainers whose metrics sum up a front leave the front itself in the extras: `fronts` is {name: points} in those of the
part of a test (`InParts`), and a list of points, one for each seed, in those of an evaluation. More is better. A fact
`true_front` is drawn beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from automl.archive import Archive
from automl.report import look, parts, words
from automl.report.attainment import Frame, staircase
from automl.report.section import Section

MOST_PAIRED = 4
"""With more objectives pairs would be many, and each point is drawn as a line over all objectives."""
MOST_LINES = 150
Fronts: TypeAlias = Mapping[str, Sequence[parts.Points]]
"""By name, the front (points, objectives) of every seed."""


def section(archive: Archive) -> Section | None:
    """Return what the fronts attain, or None if no trainer left any."""
    found = tested(archive) or searched(archive)
    if not found:
        return None
    known = _arrays([(archive.header.get("facts") or {}).get("true_front")])  # type: ignore[union-attr]
    objectives = next(iter(found.values()))[0].shape[1]
    if objectives > MOST_PAIRED:
        return Section("Fronts", _said(found, "Each line is a policy"), (_lines(found, objectives),))
    pairs = list(combinations(range(objectives), 2))
    figures = tuple(_plane(found, known, pair, alone=len(pairs) == 1) for pair in pairs)
    note = _said(found, "Lines bound what half of the seeds attain, bands reach from what all attain to what one does")
    seen = " Each pair of objectives is seen whatever the others are." if len(pairs) > 1 else ""
    return Section("Fronts", note + seen, figures)


def tested(archive: Archive) -> Fronts:
    """Return the fronts that the test of the winner left, by name."""
    fronts: dict[str, list[Any]] = {}
    for given in parts.extras(archive, "fronts"):
        for name, points in given.items():
            fronts.setdefault(str(name), []).append(points)
    return {name: arrays for name, points in fronts.items() if (arrays := _arrays(points))}


def searched(archive: Archive) -> Fronts:
    """Return the fronts of the best trial's evaluation, where nothing was tested."""
    judged = archive.best.judged if archive.best else None
    given = judged.outcome.extras.get("fronts") if judged and judged.outcome else None
    arrays = _arrays(given if isinstance(given, list) else [])
    return {f"trial {archive.best.number}": arrays} if archive.best and arrays else {}


def _arrays(fronts: Sequence[Any]) -> list[parts.Points]:
    """Return those of the fronts that are points in two objectives or more, all in as many."""
    found = [parts.points(given) for given in fronts]
    arrays = [points for points in found if points is not None and points.shape[1] >= 2]
    return [points for points in arrays if points.shape[1] == arrays[0].shape[1]]


def _said(found: Fronts, what: str) -> str:
    seeds = max(map(len, found.values()))
    held_out = "held-out " if len(found) > 1 else ""
    return f"{what}, over {words.counted(seeds, f'{held_out}seed')}. More is better in every objective."


def _plane(found: Fronts, known: Sequence[parts.Points], pair: tuple[int, int], *, alone: bool) -> Any:
    """Draw what each set of fronts attains in two of the objectives."""
    planes = {name: [front[:, pair] for front in fronts] for name, fronts in found.items()}
    truth = [front[:, pair] for front in known if front.shape[1] > max(pair)]
    frame = Frame.around(np.concatenate([*truth, *(front for fronts in planes.values() for front in fronts)]))
    figure = look.drawing(420 if alone else 300, showlegend=alone or pair == (0, 1))
    for place, name in reversed(list(enumerate(planes))):
        _attained(figure, planes[name], frame, name, look.beside(place))
    if truth:
        corners = staircase(truth, 1, frame)
        _line(figure, corners, "true front", {"color": look.INK, "width": 1, "dash": "dot"})
    figure.update_xaxes(range=[frame.left, frame.right], nticks=6)
    figure.update_yaxes(range=[frame.low, frame.high], nticks=6)
    look.name_axes(figure, f"objective {pair[0] + 1}", f"objective {pair[1] + 1}")
    return figure


def _attained(figure: Any, fronts: Sequence[parts.Points], frame: Frame, name: str, colour: str) -> None:
    """Draw the band between what all and what one attained, and the line of half of them."""
    if len(fronts) > 1:
        worst, best = staircase(fronts, len(fronts), frame), staircase(fronts, 1, frame)
        x, y = zip(*best, *reversed(worst), strict=True)
        figure.add_scatter(
            x=x, y=y, mode="lines", fill="toself", fillcolor=colour, line={"width": 0}, opacity=0.22,
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    median = staircase(fronts, (len(fronts) + 1) // 2, frame)
    _line(figure, median, name, {"color": colour, "width": 2.5})


def _line(figure: Any, corners: Sequence[tuple[float, float]], name: str, line: Mapping[str, Any]) -> None:
    x, y = zip(*corners, strict=True)
    figure.add_scatter(x=x, y=y, mode="lines", name=name, line=dict(line), hoverinfo="skip")


def _lines(found: Fronts, objectives: int) -> Any:
    """Draw every point as a line over the objectives, an even part where there are many."""
    figure = look.drawing(420)
    for place, name in reversed(list(enumerate(found))):
        points = np.unique(np.concatenate(found[name]), axis=0)
        some = points[:: -(-len(points) // MOST_LINES)]
        x = [axis for _ in some for axis in (*range(1, objectives + 1), None)]
        y = [value for point in some.tolist() for value in (*point, None)]
        style = {"color": look.beside(place), "width": 1}
        figure.add_scatter(x=x, y=y, mode="lines", name=name, line=style, opacity=0.5, hoverinfo="skip")
    figure.update_xaxes(tickvals=list(range(1, objectives + 1)), range=[0.9, objectives + 0.1])
    look.name_axes(figure, "objective", "return")
    return figure
