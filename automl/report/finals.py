"""The finals: the best candidates trained in full, and tested once, beside those of the baselines."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from automl.archive import Archive
from automl.report import words
from automl.report.section import Section

MOST_METRICS = 6
_STARTS = {"kept": "kept weights", "scratch": "from scratch"}
Final: TypeAlias = Mapping[str, Any]


def section(archive: Archive) -> Section | None:
    """Return the table of the full trainings, or None if nothing was trained in full.

    `header["finals"]` is a list of {"trial": number, "start": "kept" or "scratch", "seconds": number} with "metrics",
    those of the test data with names in `test_`, or with "error": [kind, message].
    """
    rows = [(a, final) for a in (archive, *archive.baselines.values()) for final in _finals(a)]
    if not rows:
        return None
    metrics = _metrics(archive, [final for _, final in rows])
    titles = ["search", "trial", "trained", *map(words.spoken, metrics), "time"]
    head = "".join(f"<th{_side(i)}>{html.escape(title)}</th>" for i, title in enumerate(titles))
    body = "".join(_row(a, final, metrics, a is archive) for a, final in rows)
    table = f'<div class="scroll finals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return Section("Finals", "The best candidates, trained in full and tested. No test data before this.", body=table)


def _finals(archive: Archive) -> Sequence[Final]:
    finals = archive.header.get("finals")
    return finals if isinstance(finals, list) else []


def _metrics(archive: Archive, finals: Sequence[Final]) -> list[str]:
    """The metrics that the table shows: the objectives, the test data, then others."""
    known = list(dict.fromkeys(name for final in finals for name in final.get("metrics", ())))
    first = [name for name in archive.info.objectives.metrics if name in known]
    test = [name for name in known if name.startswith("test")]
    return list(dict.fromkeys([*first, *test, *known]))[:MOST_METRICS]


def _side(column: int) -> str:
    return "" if column in (0, 2) else ' class="n"'


def _row(archive: Archive, final: Final, metrics: Sequence[str], own: bool) -> str:
    start = str(final["start"])
    cells = [archive.info.controller, str(final["trial"]), _STARTS.get(start, start)]
    if "metrics" in final:
        cells += [words.measured(name, final["metrics"].get(name)) for name in metrics]
        cells.append(words.duration(final.get("seconds", 0.0)))
        shown = "".join(f"<td{_side(i)}>{html.escape(cell)}</td>" for i, cell in enumerate(cells))
    else:
        kind, message = final.get("error", ["", "no result"])
        shown = "".join(f"<td{_side(i)}>{html.escape(cell)}</td>" for i, cell in enumerate(cells))
        why = html.escape(words.shortened(f"{kind.replace('_', ' ')}: {message}", 200))
        shown += f'<td class="bad" colspan="{len(metrics) + 1}">{why}</td>'
    kind_of = "" if own else ' class="other"'
    return f"<tr{kind_of}>{shown}</tr>"
