"""Figures of the report for other pages: with colours by value and a title of their own."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from automl.report.section import Section

_NAMED = re.compile(r"var\((--[a-z0-9-]+)\)")


def plain_figures(section: Section) -> list[str]:
    """Return the figures of a section as JSON that Plotly draws anywhere, in light colours."""
    many = len(section.figures) > 1
    return [_plain(figure, section.title, many) for figure in section.figures]


def _plain(figure: Any, title: str, many: bool) -> str:
    body = json.loads(figure.to_json())
    layout = body["layout"]
    named = ((layout.get("title") or {}).get("text")) or ""
    above = [title, named] if not many else [f"{title}: {named}" if named else title]
    layout["title"] = {
        "text": "<br>".join([f"<b>{above[0]}</b>", *filter(None, above[1:])]),
        "x": 0.02,
        "font": {"size": 14},
    }
    layout["margin"] = {"l": 60, "r": 20, "t": 72, "b": 90 if layout.get("showlegend") is not False else 50}
    layout |= {"paper_bgcolor": "var(--panel)", "plot_bgcolor": "var(--panel)"}
    layout.pop("height", None)
    return _NAMED.sub(lambda found: _colours()[found[1]], json.dumps(body, separators=(",", ":")))


@cache
def _colours() -> dict[str, str]:
    """Return the colours of the style sheet by their names, those for light pages."""
    sheet = (files("automl.report") / "page.css").read_text(encoding="utf-8")
    light = sheet[: sheet.index("}")]
    return dict(re.findall(r"(--[a-z0-9-]+):\s*(#[0-9a-f]+)", light))
