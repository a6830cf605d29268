"""Figures of the report for other pages: one for a section, with colours by value and a title of its own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from automl.report.section import Section

_NAMED = re.compile(r"var\((--[a-z0-9-]+)\)")
_COLUMNS = 3  # of small multiples
_GAP_X, _GAP_Y = 0.09, 0.16  # between them, as shares of the whole
_INK = "var(--ink)"


def plain_figure(section: Section) -> str:
    """Return the figures of a section as one, as JSON that Plotly draws anywhere, in light colours."""
    drawn = [json.loads(figure.to_json()) for figure in section.figures]
    body = drawn[0] if len(drawn) == 1 else _grid(drawn)
    layout = body["layout"]
    below = (layout.get("title") or {}).get("text")
    text = f"<b>{section.title}</b>" + (f"<br>{below}" if below else "")
    layout["title"] = {"text": text, "x": 0.02, "font": {"size": 14, "color": _INK}}
    layout["margin"] = {"l": 60, "r": 20, "t": 72, "b": 50 if layout.get("showlegend") is False else 90}
    layout |= {"paper_bgcolor": "var(--panel)", "plot_bgcolor": "var(--panel)"}
    layout.pop("height", None)
    return _NAMED.sub(lambda found: _colours()[found[1]], json.dumps(body, separators=(",", ":")))


def _grid(drawn: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return several figures as one: small multiples, each with its own axes and its title above it."""
    columns = min(_COLUMNS, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    width, height = (1 - _GAP_X * (columns - 1)) / columns, (1 - _GAP_Y * (rows - 1)) / rows
    traces: list[Any] = []
    layout = {**drawn[0]["layout"], "showlegend": False, "annotations": [], "title": None}
    for place, body in enumerate(drawn):
        left, top = place % columns * (width + _GAP_X), 1 - place // columns * (height + _GAP_Y)
        own, number = body["layout"], str(place + 1) if place else ""
        layout[f"xaxis{number}"] = {**own["xaxis"], "domain": [left, left + width], "anchor": f"y{number}"}
        layout[f"yaxis{number}"] = {**own["yaxis"], "domain": [max(0, top - height), top], "anchor": f"x{number}"}
        traces += [{**trace, "xaxis": f"x{number}", "yaxis": f"y{number}"} for trace in body["data"]]
        layout["annotations"].append(_named((own.get("title") or {}).get("text", ""), left, top))
    return {"data": traces, "layout": layout}


def _named(text: str, x: float, y: float) -> dict[str, Any]:
    placed = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {**placed, "text": text, "showarrow": False, "font": {"size": 12}}


@cache
def _colours() -> dict[str, str]:
    """Return the colours of the style sheet by their names, those for light pages."""
    sheet = (files("automl.report") / "page.css").read_text(encoding="utf-8")
    light = sheet[: sheet.index("}")]
    return dict(re.findall(r"(--[a-z0-9-]+):\s*(#[0-9a-f]+)", light))
