"""The finals: finalists trained in full, and the winners among them tested once, beside those of the baselines."""

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
    those of the test data with names in `test_`, or with "error": [kind, message]. Two metrics `NAME_low` and
    `NAME_high` are the interval of a metric NAME, and stand beside it.
    """
    rows = [(a, final) for a in (archive, *archive.baselines.values()) for final in _finals(a)]
    if not rows:
        return None
    metrics = _metrics(archive, [final for _, final in rows])
    titles = ["search", "trial", "trained", *map(words.spoken, metrics), "time"]
    head = "".join(f"<th{_side(i)}>{html.escape(title)}</th>" for i, title in enumerate(titles))
    body = "".join(_row(a, final, metrics, a is archive) for a, final in rows)
    table = f'<div class="scroll finals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    lost = any(final.get("tested") is False for _, final in rows)
    return Section("Finals", _NOTE_OF_RIVALS if lost else _NOTE, body=table)


_NOTE = "The best candidates, trained in full and tested. No test data before this."
_NOTE_OF_RIVALS = "The best candidates, trained in full; the best by that was tested. No test data before this."


def _finals(archive: Archive) -> Sequence[Final]:
    """Return the finals of a search, those of its best trial first."""
    finals: Any = archive.header.get("finals")
    best = archive.best.number if archive.best else None
    return sorted(finals, key=lambda final: final["trial"] != best) if isinstance(finals, list) else []


def _metrics(archive: Archive, finals: Sequence[Final]) -> list[str]:
    """The metrics that the table shows: the objectives, the test data, then others."""
    known = list(dict.fromkeys(name for final in finals for name in final.get("metrics", ())))
    ends = {name + end for name in known for end in ("_low", "_high")}
    known = [name for name in known if name not in ends]
    first = [name for name in archive.info.objectives.metrics if name in known]
    test = [name for name in known if name.startswith("test")]
    return list(dict.fromkeys([*first, *test, *known]))[:MOST_METRICS]


def _side(column: int) -> str:
    return "" if column in (0, 2) else ' class="n"'


def _row(archive: Archive, final: Final, metrics: Sequence[str], own: bool) -> str:
    start = str(final["start"])
    cells = [html.escape(text) for text in (archive.info.controller, str(final["trial"]), _STARTS.get(start, start))]
    if "metrics" in final:
        cells += [_measured(name, final["metrics"]) for name in metrics]
        cells.append(html.escape(words.duration(final.get("seconds", 0.0))))
        shown = "".join(f"<td{_side(i)}>{cell}</td>" for i, cell in enumerate(cells))
    else:
        kind, message = final.get("error", ["", "no result"])
        shown = "".join(f"<td{_side(i)}>{cell}</td>" for i, cell in enumerate(cells))
        why = html.escape(words.shortened(f"{kind.replace('_', ' ')}: {message}", 200))
        shown += f'<td class="bad" colspan="{len(metrics) + 1}">{why}</td>'
    winner = own and final.get("tested") is True and archive.best and final["trial"] == archive.best.number
    kind_of = ' class="best"' if winner else "" if own else ' class="other"'
    return f"<tr{kind_of}>{shown}</tr>"


def _measured(name: str, metrics: Mapping[str, float]) -> str:
    """Say a metric, with its interval if it has one."""
    said = html.escape(words.measured(name, metrics.get(name)))
    ends = [metrics.get(f"{name}{end}") for end in ("_low", "_high")]
    if None in ends:
        return said
    return f"{said} <small>[{', '.join(html.escape(words.measured(name, end)) for end in ends)}]</small>"
