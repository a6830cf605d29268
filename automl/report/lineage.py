"""The family tree of the growth: who inherited whose weights, and the path that led to the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automl.archive import Archive
from automl.core.records import Trial
from automl.report import look, words
from automl.report.forest import Places, layout
from automl.report.section import Section

MOST_NODES = 400
"""Beyond it the branches cannot be told apart."""


def section(archive: Archive) -> Section | None:
    """Return the tree of the trials that inherited or bequeathed weights, or None if none did."""
    family = archive.parents
    if not family:
        return None
    parents, path = _pruned(archive, family), archive.lineage(archive.best.number) if archive.best else []
    places = layout(parents, path)
    figure = look.drawing(_height(places), margin={"l": 12, "r": 12, "t": 8, "b": 64}, showlegend=False)
    _edges(figure, places, parents, look.EDGE, 1)
    _edges(figure, places, dict(zip(path[1:], path, strict=False)), look.BEST, 3)
    _nodes(figure, archive, places, path)
    figure.update_layout(meta={"least": round(40 + 20 * max(x for x, _ in places.values()))})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    return Section("Lineage", _note(archive, family, parents, path), (figure,))


def _note(archive: Archive, family: Mapping[int, int], parents: Mapping[int, int], path: Sequence[int]) -> str:
    note = "Each node is a trial, and its line leads to the trial whose weights it inherited."
    if len(path) > 1 and archive.best:
        steps = words.counted(len(path) - 1, "step")
        note += f" The marked path leads to the best, trial {archive.best.number}, in {steps}."
    alone = len(archive.trials) - len({*family, *family.values()})
    if alone:
        note += f" {words.counted(alone, 'trial')} without relatives {'is' if alone == 1 else 'are'} left out."
    if len(parents) < len(family):
        note += f" Only the best {len(parents):,} of {len(family):,} descendants are drawn, with their ancestors."
    return note


def _pruned(archive: Archive, family: Mapping[int, int]) -> dict[int, int]:
    """Keep the best trials and their ancestors, as many as can be told apart."""
    if len(family) <= MOST_NODES:
        return dict(family)
    kept: dict[int, int] = {}
    for trial in archive.ranked:
        number = trial.number
        while number in family and number not in kept:
            kept[number] = family[number]
            number = family[number]
        if len(kept) >= MOST_NODES:
            break
    return kept


def _height(places: Places) -> int:
    rows = max(y for _, y in places.values()) - min(y for _, y in places.values())
    return round(min(900, 150 + rows * 30))


def _edges(figure: Any, places: Places, parents: Mapping[int, int], colour: str, width: int) -> None:
    """Draw the lines as one trace, with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for child, parent in parents.items():
        (x0, y0), (x1, y1) = places[parent], places[child]
        x += [x0, x1, None]
        y += [y0, y1, None]
    figure.add_scatter(x=x, y=y, mode="lines", hoverinfo="skip", line={"color": colour, "width": width})


def _nodes(figure: Any, archive: Archive, places: Places, path: Sequence[int]) -> None:
    shown = [trial for trial in archive.trials if trial.number in places]
    good = [trial for trial in shown if trial.judged]
    goal = archive.info.objectives.goals[0]
    values = [float(trial.metrics[goal.metric]) for trial in good]
    size = 12 if len(places) < 80 else 9 if len(places) < 200 else 7
    outline = [look.BEST if trial.number in path else look.PANEL for trial in good]
    marker = {
        "color": values, "colorscale": look.RAMP, "reversescale": goal.direction == "min", "size": size,
        "line": {"color": outline, "width": [2.5 if trial.number in path else 1 for trial in good]},
        "colorbar": _scale(goal.metric, values), **_span(values, goal.direction == "max"),
    }  # fmt: skip
    _markers(figure, archive, places, good, marker)
    failed = [trial for trial in shown if not trial.judged]
    cross = {"symbol": "x-thin", "size": size - 2, "line": {"color": look.BAD, "width": 2}}
    _markers(figure, archive, places, failed, cross)


def _markers(figure: Any, archive: Archive, places: Places, trials: Sequence[Trial], marker: Any) -> None:
    x, y = zip(*(places[t.number] for t in trials), strict=True) if trials else ((), ())
    text = [look.hover(archive, trial) for trial in trials]
    figure.add_scatter(x=x, y=y, text=text, mode="markers", marker=marker, hovertemplate="%{text}<extra></extra>")


def _span(values: Sequence[float], up: bool) -> dict[str, float]:
    """Where the colours begin and end: a few very bad trials must not make all others look the same."""
    if not values:
        return {}
    ordered = sorted(values, reverse=not up)
    bad, good = ordered[len(ordered) // 20], ordered[-1]
    return {"cmin": min(bad, good), "cmax": max(bad, good)}


def _scale(metric: str, values: Sequence[float]) -> dict[str, Any]:
    shares = look.ticks(metric, values).get("tickformat", "~s")
    return {
        "orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom",
        "len": 260, "lenmode": "pixels", "thickness": 8, "outlinewidth": 0, "nticks": 4, "tickformat": shares,
        "title": {"text": words.spoken(metric), "side": "top", "font": {"size": 13}}, "ypad": 4, "xpad": 12,
    }  # fmt: skip
