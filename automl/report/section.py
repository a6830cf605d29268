"""A section of the page: a title, a sentence, and a figure or a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    Attributes:
        title: its heading.
        note: one or two sentences that say how to read it; plain text.
        figures: Plotly figures whose colours are names of CSS variables; several are laid out as a grid.
        body: HTML below the figures, escaped by whoever wrote it.
        wide: whether it takes the full width of a large screen.
        name: of the module that it comes from; set where sections are gathered.
    """

    title: str
    note: str
    figures: tuple[Any, ...] = ()
    body: str = ""
    wide: bool = True
    name: str = ""
