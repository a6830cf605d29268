"""The finals: the best candidates trained in full, and tested once, beside those of the baselines."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from automl.archive import Archive
from automl.report import words
from automl.report.section import Section

_STARTS = {"kept": "kept weights", "scratch": "from scratch"}


def section(archive: Archive) -> Section | None:
    """Return the table of the finals, or None if nothing was trained in full.

    `summary["finals"]` is a list of {"trial", "start": "kept" or "scratch", "metrics": validation, "test": metrics}.
    """
    rows = [(name, final) for name, a in _everyone(archive).items() for final in _finals(a)]
    if not rows:
        return None
    names = {kind: _names(archive, kind, [final for _, final in rows]) for kind in ("metrics", "test")}
    head = ["search", "trial", "start", *(words.spoken(n) for n in names["metrics"])]
    head += [words.spoken(n) if n.startswith("test") else f"test {words.spoken(n)}" for n in names["test"]]
    cells = "".join(_row(name, final, names, archive.info.controller) for name, final in rows)
    titles = "".join(f"<th{_side(i)}>{html.escape(title)}</th>" for i, title in enumerate(head))
    table = f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{cells}</tbody></table></div>'
    note = "The best candidates, trained in full from kept weights and from scratch. Test data was used once, here."
    return Section("Finals", note, body=table)


def _everyone(archive: Archive) -> dict[str, Archive]:
    return {archive.info.controller: archive, **archive.baselines}


def _finals(archive: Archive) -> list[Mapping[str, Any]]:
    finals = (archive.summary or {}).get("finals") or []
    return [final for final in finals if isinstance(final, Mapping)]


def _names(archive: Archive, kind: str, finals: list[Mapping[str, Any]]) -> list[str]:
    """The metrics of a kind that the table shows: the objectives first, four at most."""
    known = list(dict.fromkeys(name for final in finals for name in final.get(kind) or {}))
    first = [name for name in archive.info.objectives.metrics if name in known]
    return list(dict.fromkeys([*first, *known]))[:4]


def _side(column: int) -> str:
    return "" if column in (0, 2) else ' class="n"'


def _row(name: str, final: Mapping[str, Any], names: Mapping[str, list[str]], own: str) -> str:
    start = str(final.get("start", ""))
    cells = [name, str(final.get("trial", words.DASH)), _STARTS.get(start, start)]
    for kind in ("metrics", "test"):
        measured = final.get(kind) or {}
        cells += [words.measured(metric, measured.get(metric)) for metric in names[kind]]
    kind = "" if name == own else ' class="other"'
    return f"<tr{kind}>" + "".join(f"<td{_side(i)}>{html.escape(c)}</td>" for i, c in enumerate(cells)) + "</tr>"
