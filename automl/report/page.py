"""The page: head, sections, one style sheet, one script, and Plotly once; nothing is fetched."""

from __future__ import annotations

import html
import time
from importlib.resources import files
from string import Template

from plotly.offline import get_plotlyjs

from automl.archive import Archive
from automl.report import curves, diagnostics, finals, growth, lineage, pareto, table, trade_off
from automl.report.headline import headline
from automl.report.section import Section

SECTIONS = (growth, lineage, pareto, trade_off, curves, finals, diagnostics, table)


def page(archive: Archive) -> str:
    """Return the report of a study as HTML."""
    sections = [section for part in SECTIONS if (section := part.section(archive))]
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


def _even(sections: list[Section]) -> list[Section]:
    """Let a narrow section without a neighbour take the full width."""
    narrow = [section for section in sections if not section.wide]
    if len(narrow) != 1:
        return sections
    return [Section(s.title, s.note, s.figures, s.body) for s in sections]


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
