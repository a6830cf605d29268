"""All trials at once: one line each, over the choices it made to what came out (parallel coordinates)."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.archive import Archive
from automl.core.choices import Choice
from automl.core.domains import Domain, Options
from automl.core.records import Trial
from automl.report import look, words
from automl.report.importance import FEWEST, considered, importances
from automl.report.section import Section

MOST_AXES, MOST_LABELS = 11, 6
_BELOW = -0.1
"""Where a line goes that made no such choice."""
_GROUPS = (("the rest", 1.0, "var(--ramp-0)", 1.0), ("best half", 0.5, "var(--ramp-1)", 1.0),
           ("best tenth", 0.1, "var(--ramp-2)", 1.6))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """An upright axis.

    Attributes:
        name: of what is on it.
        at: where each trial's line crosses it, by number of the trial; 0 is its lower end, 1 its upper one.
        labels: texts beside it, by their places.
    """

    name: str
    at: Mapping[int, float]
    labels: Mapping[float, str]


def section(archive: Archive) -> Section | None:
    """Return the lines of all trials, or None with too few of them or fewer than two choices that differ."""
    trials = considered(archive)
    names = _varied(trials)
    if len(trials) < FEWEST or len(names) < 2:
        return None
    shown = _most_telling(archive, names)
    shared = words.common_prefix(shown)
    axes = [_choice_axis(name, name.removeprefix(shared), trials) for name in shown]
    axes.append(_result_axis(archive, trials))
    figure = look.drawing(440, margin={"l": 16, "r": 24, "t": 64, "b": 48})
    count = _lines(figure, archive, axes)
    figure.update_layout(  # at once: one by one, each would have all before it checked again
        shapes=[_line_of_axis(place) for place in range(len(axes))],
        annotations=[text for place, axis in enumerate(axes) for text in _texts_of_axis(place, axis)],
    )
    figure.update_xaxes(visible=False, range=[-0.35, len(axes) - 0.55])
    figure.update_yaxes(visible=False, range=[_BELOW - 0.05, 1.03])
    return Section("Choices and results", _note(len(trials), count, len(axes) - 1, len(names)), (figure,))


def _note(trials: int, drawn: int, axes: int, names: int) -> str:
    note = (
        "Each line is a trial, from its choices to its result on the right; below an axis where it had no such choice."
    )
    if axes < names:
        note += f" The {axes} choices of {names} that mattered most."
    return note + (f" Of {trials:,} trials {drawn:,} are drawn." if drawn < trials else "")


def _varied(trials: Sequence[Trial]) -> list[str]:
    """Return the names of choices that many trials made, and not all alike, in the order they were met."""
    values: dict[str, list[Any]] = {}
    for trial in trials:
        for name, choice in trial.choices.items():
            values.setdefault(name, []).append(choice.value)
    return [name for name, made in values.items() if len(made) >= FEWEST and len(set(map(repr, made))) > 1]


def _most_telling(archive: Archive, names: Sequence[str]) -> list[str]:
    """Return the names in their order; of more than there is room for, those that mattered most."""
    if len(names) <= MOST_AXES:
        return list(names)
    telling = [name for name in importances(archive) if name in names][:MOST_AXES]
    return [name for name in names if name in telling]


def _choice_axis(name: str, said: str, trials: Sequence[Trial]) -> Axis:
    made: dict[int, Choice] = {trial.number: trial.choices[name] for trial in trials if name in trial.choices}
    domain = next(iter(made.values())).domain
    at = {number: _place(choice, domain) for number, choice in made.items()}
    return Axis(said, at, _labels(domain))


def _place(choice: Choice, domain: Domain) -> float:
    """Return where a value lies on an axis of a domain; of another domain under the same name, at its nearest end."""
    if isinstance(domain, Options):
        return (
            _share(domain.values.index(choice.value), 0, len(domain.values) - 1)
            if choice.value in domain.values
            else 0.0
        )
    value = choice.value
    if not isinstance(value, int | float):
        return 0.0
    low, high = (math.log(end) if domain.log else end for end in (domain.low, domain.high))
    value = min(max(value, domain.low), domain.high)
    return _share(math.log(value) if domain.log else value, low, high)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _labels(domain: Domain) -> dict[float, str]:
    if not isinstance(domain, Options):
        return {0.0: words.number(domain.low), 1.0: words.number(domain.high)}
    many = len(domain.values)
    shown = range(many) if many <= MOST_LABELS else (0, many - 1)
    return {_share(i, 0, many - 1): words.shortened(_text(domain.values[i]), 12) for i in shown}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.number(value) if isinstance(value, float) else str(value)


def _result_axis(archive: Archive, trials: Sequence[Trial]) -> Axis:
    """Return the axis of the first objective, logarithmic where it spans decades."""
    metric = archive.info.objectives.goals[0].metric
    values = {trial.number: float(trial.metrics[metric]) for trial in trials}
    low, high = min(values.values()), max(values.values())
    log = look.ticks(metric, list(values.values())).get("type") == "log"
    ends = (math.log(low), math.log(high)) if log else (low, high)
    at = {number: _share(math.log(v) if log else v, *ends) for number, v in values.items()}
    return Axis(words.spoken(metric), at, {0.0: words.measured(metric, low), 1.0: words.measured(metric, high)})


def _lines(figure: Any, archive: Archive, axes: Sequence[Axis]) -> int:
    """Draw the trials, the better ones on top; return how many."""
    trials = considered(archive)
    room, count = look.MOST_DOTS // (len(axes) + 1), 0
    places = [math.ceil(share * len(trials)) for _, share, _, _ in _GROUPS]
    for (name, _, colour, width), end, start in zip(_GROUPS, places, [*places[1:], 0], strict=True):
        group = look.thinned(trials[start:end], set(), room)
        count += len(group)
        _line(figure, group, axes, name, {"color": colour, "width": width})
    if archive.best and archive.best in trials:
        _line(figure, [archive.best], axes, f"the best, trial {archive.best.number}", {"color": look.BEST, "width": 3})
    return count


def _line(figure: Any, trials: Sequence[Trial], axes: Sequence[Axis], name: str, style: Mapping[str, Any]) -> None:
    if not trials:
        return
    x = [place for _ in trials for place in (*range(len(axes)), None)]
    y = [at for trial in trials for at in (*(axis.at.get(trial.number, _BELOW) for axis in axes), None)]
    figure.add_scatter(x=x, y=y, mode="lines", name=name, line=dict(style), hoverinfo="skip")


def _line_of_axis(place: int) -> Mapping[str, Any]:
    line = {"color": look.MUTED, "width": 1}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": line, "layer": "below"}


def _texts_of_axis(place: int, axis: Axis) -> list[Mapping[str, Any]]:
    """Return the name of an axis above it, and the labels beside it."""
    beside = {"showarrow": False, "x": place, "font": {"size": 11, "color": look.MUTED}, "xanchor": "left", "xshift": 4}
    above = {"y": 1.0, "yref": "paper", "yanchor": "bottom", "align": "center", "showarrow": False, "x": place}
    name = {"text": _broken(html.escape(_short(axis.name))), "font": {"size": 12}, **above}
    labels = [
        {"text": html.escape(label), "y": at, "bgcolor": look.PANEL, "opacity": 0.85, **beside}
        for at, label in axis.labels.items()
    ]
    return [name, *labels]


def _short(name: str) -> str:
    """Return the last two parts of a name with many."""
    return "/".join(name.split("/")[-2:])


def _broken(name: str, width: int = 13) -> str:
    """Break a name into lines at its underscores and slashes."""
    lines = [""]
    for part in re.findall(r"[^_/ ]+[_/ ]?", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "<br>".join(lines)
