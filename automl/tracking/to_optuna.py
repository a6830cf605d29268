"""The tracker that shows a study in Optuna: its dashboard, its plots, its importances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from automl.core.records import Trial
from automl.core.tracker import StudyInfo, Tracker
from automl.tracking.background import Background
from automl.tracking.light_trials import public_url, without_weights

if TYPE_CHECKING:
    from automl.archive import Archive
    from automl.tracking._optuna_page import Page
    from automl.tracking._optuna_writer import OptunaWriter

DEFAULT_URL = "sqlite:///runs/optuna.db"
_Event: TypeAlias = "StudyInfo | Trial | Mapping[str, Any] | Page"


class ToOptuna(Tracker):
    """Writes closed trials into an Optuna storage, in the background and in batches.

    One Optuna study per study, found again by its identity; a different study of the same name gets a suffix.
    Parameters are the choices, values the objectives in their order, intermediate values the course of the
    first objective; metrics, candidate, parent, effort, cost and failure are user attributes; limits are
    constraints. When the study has ended, the dashboard also gets figures, drawings of the best trials as their notes,
    and, where the storage is a file, the picture of the best and its export as artifacts in a folder beside it.

    Args:
        url: storage URL of Optuna: any database, `grpc://`, `redis://`, or a path.

    Settings:
        patient: wait for the storage wherever it is slow, for `automl sync`; otherwise `finished` and `close`
            wait `seconds` at most.
        seconds: how long the end of a study may wait for the storage.
    """

    def __init__(self, url: str = DEFAULT_URL, *, patient: bool = False, seconds: float = 30.0) -> None:
        import optuna  # noqa: F401 - here, because two threads that import it at once can both fail

        self.url = url
        self._seconds = None if patient else seconds
        self._behind: Background[_Event] = Background(f"Optuna ({public_url(url)})", self._write, patient=patient)
        self._writer: OptunaWriter | None = None
        self._svg = ""

    def opened(self, study: StudyInfo) -> None:
        self._behind.put(study)

    def closed(self, trial: Trial) -> None:
        self._behind.put(without_weights(trial))

    def finished(self, summary: Mapping[str, Any]) -> None:
        self._behind.put(dict(summary))
        self._behind.flush(self._seconds)

    def pictured(self, svg: str) -> None:
        self._svg = svg

    def drawn(self, archive: Archive, sections: Sequence[Any]) -> None:
        from automl.tracking._optuna_page import exported_files, page_of
        from automl.tracking._optuna_store import artifacts_beside

        here = artifacts_beside(self.url) is not None
        files = exported_files(archive, self._svg) if here else {}
        self._behind.put(page_of(archive, sections, files))
        self._behind.flush(self._seconds)

    def close(self) -> None:
        if self._behind.close(self._seconds) and self._writer is not None:
            self._writer.close()

    def _write(self, events: list[_Event]) -> None:
        """Write a batch; runs in the background thread."""
        for kind, group in groupby(events, key=lambda event: isinstance(event, Trial)):
            if kind:
                assert self._writer is not None
                self._writer.write([event for event in group if isinstance(event, Trial)])
                continue
            for event in group:
                self._turn(event)

    def _turn(self, event: _Event) -> None:
        from automl.tracking._optuna_writer import OptunaWriter

        if isinstance(event, StudyInfo):
            self._writer = OptunaWriter(self.url, event)
        elif self._writer is None or isinstance(event, Trial):
            return
        elif isinstance(event, Mapping):
            self._writer.finish(event)
        else:
            self._writer.show(event)
