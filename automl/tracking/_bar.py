"""A progress bar on a terminal. Imports Rich."""

from __future__ import annotations

from rich.console import Console as Terminal
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from automl.tracking.numbers import duration

_WIDE = 120
"""Columns of a terminal from which on a long bar takes no room from the words."""


class _InFlight(ProgressColumn):
    """What is in flight, on one line: the first to be cut where the terminal is narrow."""

    def render(self, task: Task) -> Text:
        return Text(task.fields["now"], style="dim", no_wrap=True, overflow="ellipsis")

    def get_table_column(self) -> Column:
        return Column()  # that of other columns never gives room


class Bar:
    """One bar with the controller, the best result, what is in flight, and the time left.

    Args:
        title: what stands before the bar.
        total: what the bar counts to; None draws a moving bar.
        seconds: the time budget, shown where there is no total.
    """

    def __init__(self, title: str, total: int | None, seconds: float | None) -> None:
        ending: list[ProgressColumn] = [TimeElapsedColumn()]
        if total:
            ending = [MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True)]
        elif seconds:
            ending.append(TextColumn(f"of {duration(seconds)}"))
        terminal = Terminal(stderr=True, force_terminal=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24 if terminal.width >= _WIDE else 12),
            *ending,
            TextColumn("{task.fields[best]}", style="green"),
            _InFlight(),
            console=terminal,
            refresh_per_second=4,
            redirect_stdout=False,  # results must stay clean
        )
        self._task = self._progress.add_task(title, total=total, best="", now="")
        self._progress.start()

    def now(self, text: str) -> None:
        """Say what is in flight."""
        self._progress.update(self._task, now=text)

    def move(self, done: float, best: str, now: str = "") -> None:
        """Move the bar; part of a trial moves it by part of its length."""
        self._progress.update(self._task, completed=done, best=best, now=now)

    def close(self) -> None:
        """Leave the bar as it is and give the terminal back."""
        self._progress.stop()
