"""The page: head, sections, one style sheet, one script, and Plotly once; nothing is fetched."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import groupby
from string import Template

from plotly.offline import get_plotlyjs

from automl.archive import Archive
from automl.report import (
    choices,
    curves,
    diagnostics,
    finals,
    fronts,
    growth,
    importance,
    lineage,
    on_the_way,
    pareto,
    table,
    trade_off,
)
from automl.report.headline import headline
from automl.report.section import Section

SECTIONS = (
    growth, fronts, on_the_way, lineage, pareto, trade_off, curves, importance, choices, finals, diagnostics, table,
)  # fmt: skip


def sections(archive: Archive) -> tuple[Section, ...]:
    """Return the sections of a study that have something to show, in their order."""
    found = ((part.__name__.rpartition(".")[2], part.section(archive)) for part in SECTIONS)
    return tuple(replace(section, name=name) for name, section in found if section)


def page(archive: Archive, sections: Sequence[Section]) -> str:
    """Return the report of a study as HTML."""
    here = files("automl.report")
    text = {name: (here / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    drawn = any(section.figures for section in sections)
    return Template(text["html"]).substitute(
        title=html.escape(f"{archive.info.name} · automl"),
        style=text["css"],
        head=headline(archive),
        sections="\n".join(map(_render, _even(sections))),
        written=time.strftime("%Y-%m-%d %H:%M"),
        plotly=get_plotlyjs() if drawn else "",
        script=text["js"],
    )


def _even(sections: Sequence[Section]) -> list[Section]:
    """Let a narrow section without a neighbour take the full width."""
    even: list[Section] = []
    for wide, group in groupby(sections, key=lambda section: section.wide):
        run = list(group)
        even += run[:-1] if not wide and len(run) % 2 else run
        if not wide and len(run) % 2:
            even.append(replace(run[-1], wide=True))
    return even


def _render(section: Section) -> str:
    many = "grid" if len(section.figures) > 1 else "single"
    figures = "".join(_figure(figure, section.title) for figure in section.figures)
    drawn = f'<div class="{many}">{figures}</div>' if figures else ""
    width = "" if section.wide else ' class="narrow"'
    return (
        f"<section{width}><h2>{html.escape(section.title)}</h2><p>{html.escape(section.note)}</p>"
        f"{drawn}{section.body}</section>"
    )


def _figure(figure: object, title: str) -> str:
    """Write a figure as JSON that the script draws; no text in it can end the element it stands in."""
    json = figure.to_json().replace("<", "\\u003c")  # type: ignore[attr-defined]
    height = figure.layout.height  # type: ignore[attr-defined]
    least = (figure.layout.meta or {}).get("least", 0)  # type: ignore[attr-defined]
    return (
        f'<figure style="height:{height}px;min-width:min({least}px,720px)" role="img" '
        f'aria-label="{html.escape(title)}">'
        f'<script type="application/json">{json}</script></figure>'
    )
