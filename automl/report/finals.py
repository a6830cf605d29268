"""The finals: finalists trained in full, and the winners among them tested once, beside those of the baselines."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from automl.archive import Archive
from automl.final import Final
from automl.report import words
from automl.report.section import Section

MOST_METRICS = 6
_STARTS = {"kept": "kept weights", "scratch": "from scratch"}


def section(archive: Archive) -> Section | None:
    """Return the table of the full trainings, or None if nothing was trained in full.

    Metrics of the test data have names in `test_`. Two metrics `NAME_low` and `NAME_high` are the interval of a metric
    NAME, and stand beside it.
    """
    rows = [(a, final) for a in (archive, *archive.baselines.values()) for final in a.finals_of_best_first]
    if not rows:
        return None
    metrics = _metrics(archive, [final for _, final in rows])
    titles = ["search", "trial", "trained", *map(words.spoken, metrics), "time"]
    head = "".join(f"<th{_side(i)}>{html.escape(title)}</th>" for i, title in enumerate(titles))
    body = "".join(_row(a, final, metrics, a is archive) for a, final in rows)
    table = f'<div class="scroll finals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    lost = any(final.metrics and not final.tested for _, final in rows)
    return Section("Finals", _NOTE_OF_RIVALS if lost else _NOTE, body=table)


_NOTE = "The best candidates, trained in full and tested. No test data before this."
_NOTE_OF_RIVALS = "The best candidates, trained in full; the best by that was tested. No test data before this."


def _metrics(archive: Archive, finals: Sequence[Final]) -> list[str]:
    """The metrics that the table shows: the objectives, the test data, then others."""
    known = list(dict.fromkeys(name for final in finals for name in final.metrics))
    ends = {name + end for name in known for end in ("_low", "_high")}
    known = [name for name in known if name not in ends]
    first = [name for name in archive.info.objectives.metrics if name in known]
    test = [name for name in known if name.startswith("test")]
    return list(dict.fromkeys([*first, *test, *known]))[:MOST_METRICS]


def _side(column: int) -> str:
    return "" if column in (0, 2) else ' class="n"'


def _row(archive: Archive, final: Final, metrics: Sequence[str], own: bool) -> str:
    start = str(final.start)
    cells = [html.escape(text) for text in (archive.info.controller, str(final.trial), _STARTS.get(start, start))]
    if final.metrics:
        cells += [_measured(name, final.metrics) for name in metrics]
        cells.append(html.escape(words.duration(final.seconds)))
        shown = "".join(f"<td{_side(i)}>{cell}</td>" for i, cell in enumerate(cells))
    else:
        shown = "".join(f"<td{_side(i)}>{cell}</td>" for i, cell in enumerate(cells))
        said = f"{final.error.kind.replace('_', ' ')}: {final.error.message}" if final.error else "no result"
        why = html.escape(words.shortened(said, 200))
        shown += f'<td class="bad" colspan="{len(metrics) + 1}">{why}</td>'
    winner = own and final.tested and archive.best and final.trial == archive.best.number
    kind_of = ' class="best"' if winner else "" if own else ' class="other"'
    return f"<tr{kind_of}>{shown}</tr>"


def _measured(name: str, metrics: Mapping[str, float]) -> str:
    """Say a metric, with its interval if it has one."""
    said = html.escape(words.measured(name, metrics.get(name)))
    ends = [metrics.get(f"{name}{end}") for end in ("_low", "_high")]
    if None in ends:
        return said
    return f"{said} <small>[{', '.join(html.escape(words.measured(name, end)) for end in ends)}]</small>"
