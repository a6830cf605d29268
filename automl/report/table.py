"""The table of trials: sorted by a click on a column, filtered by typing, failures with their message."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.archive import Archive
from automl.core.records import Trial
from automl.report import words
from automl.report.section import Section

MOST_BEST, MOST_FAILED, MOST_METRICS = 400, 100, 5


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and what it is sorted by; a text is sorted as it reads."""

    shown: str
    value: float | None = None
    numeric: bool = True


def section(archive: Archive) -> Section | None:
    """Return the table of the best trials and the latest failures, or None if no trial has ended."""
    if not archive.trials:
        return None
    failed = archive.failed[-MOST_FAILED:]
    shown = [*archive.ranked[:MOST_BEST], *failed]
    metrics, parents = _metrics(archive), archive.parents
    several = len(archive.info.objectives.goals) > 1
    front = {trial.number for trial in archive.front} if several else set()
    rows = [_row(archive, trial, metrics, parents.get(trial.number), front) for trial in shown]
    head = "".join(_title(name, i) for i, name in enumerate(_titles(archive, metrics)))
    table = f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    search = '<input type="search" placeholder="Filter" aria-label="Filter the trials">'
    note = "Best first. A click on a column sorts by it." + " A dot marks the trials on the front." * several
    if len(shown) < len(archive.trials):
        note += f" Of {len(archive.trials):,} trials: the best {len(shown) - len(failed):,}"
        note += f" and the latest {len(failed):,} failures." if failed else "."
    return Section("Trials", note, body=f'{search}<div class="scroll">{table}</div>')


def _metrics(archive: Archive) -> list[str]:
    """The metrics the table shows: those of the objectives, then others that trials measured."""
    known = [name for trial in archive.ranked[:50] for name in trial.metrics]
    return list(dict.fromkeys([*archive.info.objectives.metrics, *known]))[:MOST_METRICS]


def _titles(archive: Archive, metrics: Sequence[str]) -> list[str]:
    cost = ["cost"] if archive.counts_cost else []
    parent = ["parent"] if archive.parents else []
    return ["trial", *map(words.spoken, metrics), "time", *cost, *parent, "candidate"]


def _title(name: str, column: int) -> str:
    side = "" if name == "candidate" else ' class="n"'
    return f'<th{side} data-column="{column}"><button>{html.escape(name)}</button></th>'


def _row(archive: Archive, trial: Trial, metrics: Sequence[str], parent: int | None, front: set[int]) -> str:
    mark = '<i class="dot" title="on the front"></i>' if trial.number in front else ""
    cells = [Cell(f"{mark}{trial.number}", trial.number)]
    for name in metrics:
        value = trial.metrics.get(name)
        cells.append(Cell(words.measured(name, value), value))
    seconds = sum(result.seconds for result in trial.results)
    cells.append(Cell(words.duration(seconds), seconds))
    if archive.counts_cost:
        cost = sum(result.outcome.cost for result in trial.results if result.outcome)
        cells.append(Cell(words.number(cost) if cost else words.DASH, cost or None))
    if archive.parents:
        cells.append(Cell(words.DASH if parent is None else str(parent), parent))
    cells.append(_story(archive, trial))
    kind = ' class="best"' if archive.best and trial.number == archive.best.number else ""
    return f"<tr{kind}>{''.join(map(_cell, cells))}</tr>"


def _story(archive: Archive, trial: Trial) -> Cell:
    """The candidate, or why there is no result."""
    text = html.escape(words.shortened(words.compact(trial.candidate), 240))
    if trial.judged is None:
        why = html.escape(words.shortened(words.failure(trial), 240))
        tone = "" if trial.stopped else ' class="bad"'
        return Cell(f"<span{tone}>{why}</span> <code>{text}</code>", numeric=False)
    beyond = "" if archive.info.objectives.feasible(trial.metrics) else '<b class="badge">beyond a limit</b> '
    early = '<b class="badge">stopped early</b> ' if trial.stopped_early else ""
    return Cell(f"{early}{beyond}<code>{text}</code>", numeric=False)


def _cell(cell: Cell) -> str:
    if not cell.numeric:
        return f"<td>{cell.shown}</td>"
    known = cell.value is not None and math.isfinite(cell.value)
    return f'<td class="n" data-v="{cell.value if known else ""}">{cell.shown}</td>'
