"""Writing one study into one Optuna storage. Imports Optuna; runs in the thread of `ToOptuna`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection

from automl.core.records import Trial
from automl.core.tracker import StudyInfo
from automl.tracking._optuna_bulk import add_trials, set_study_attributes, trial_ids
from automl.tracking._optuna_page import (
    PICTURE,
    Page,
    drawing,
    figure_attributes,
    file_attributes,
    file_id,
    note_attributes,
)
from automl.tracking._optuna_store import artifacts_beside, open_storage
from automl.tracking._optuna_trials import Projected, Projection
from automl.tracking.numbers import number

IDENTITY = "identity"
"""User attribute of an Optuna study that holds `StudyInfo.identity`."""
_FIGURES = "dashboard:plot_data:automl-"
_METRIC_NAMES = "study:metric_names"  # where Study.set_metric_names keeps them, without its warning
# Where optuna_dashboard.save_note keeps a note, and the length of its parts.
_NOTE_VERSION, _NOTE, _NOTE_PART = "dashboard:note_ver", "dashboard:note_str:", 2045


class OptunaWriter:
    """Finds or creates the Optuna study of a search and adds its trials."""

    def __init__(self, url: str, study: StudyInfo) -> None:
        self._storage: BaseStorage = open_storage(url)
        self._study = study
        self._files = artifacts_beside(url)
        self._told = ""
        self._projection = Projection(study.objectives)
        self._id = self._find_or_create()
        self._present = None if isinstance(self._storage, RDBStorage) else self._numbers()

    def write(self, trials: Sequence[Trial]) -> None:
        """Add the trials that are not there yet."""
        projected = [self._projection.project(trial) for trial in trials]
        if isinstance(self._storage, RDBStorage):
            add_trials(self._storage, self._id, projected)
        else:
            self._add_one_by_one(projected)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Show the result in the note of the study."""
        self._told = _describe(self._study) + _result(summary)
        self._save_note(self._told)

    def show(self, page: Page) -> None:
        """Show figures, drawings of trials, and files."""
        ids = self._ids()
        best = None if page.best is None else ids.get(page.best)
        notes = {ids[number]: text for number, text in page.notes.items() if number in ids}
        attributes = figure_attributes(page.figures)
        if self._files is not None and page.files:
            attributes |= self._keep(self._files, page.files, best)
            if PICTURE in page.files:
                shown = f"![the best candidate](/artifacts/{self._id}/{file_id(self._study.identity, PICTURE)})\n"
                notes |= {best: f"{shown}\n{notes[best]}"} if best in notes else {}
                self._save_note(f"{self._told}\n{shown}")
        attributes |= note_attributes(notes)
        if isinstance(self._storage, RDBStorage):
            set_study_attributes(self._storage, self._id, attributes, stale=_FIGURES)
        else:
            for key, value in attributes.items():
                self._storage.set_study_system_attr(self._id, key, value)

    def _keep(self, folder: Path, files: Mapping[str, bytes], best: int | None) -> dict[str, str]:
        """Write files where the dashboard looks for them; return the attributes that name them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / file_id(self._study.identity, name)).write_bytes(content)
        return file_attributes(self._study.identity, list(files), best)

    def _ids(self) -> dict[int, int]:
        """Return what the storage calls the trials of the study, by their numbers in it."""
        if isinstance(self._storage, RDBStorage):
            return trial_ids(self._storage, self._id)
        held = self._storage.get_all_trials(self._id, deepcopy=False)
        return {t.user_attrs["trial"]: t._trial_id for t in held if "trial" in t.user_attrs}

    def close(self) -> None:
        """Let go of the storage."""
        if isinstance(self._storage, RDBStorage):
            self._storage.remove_session()
            self._storage.engine.dispose()

    def _add_one_by_one(self, trials: Sequence[Projected]) -> None:
        """Add trials to a storage that is no database; there Optuna counts the numbers itself."""
        assert self._present is not None
        for trial in trials:
            if trial.number not in self._present:
                self._storage.create_new_trial(self._id, template_trial=trial.freeze())
                self._present.add(trial.number)

    def _numbers(self) -> set[int]:
        trials = self._storage.get_all_trials(self._id, deepcopy=False)
        return {t.user_attrs["trial"] for t in trials if "trial" in t.user_attrs}

    def _find_or_create(self) -> int:
        """Return the study of this identity; another study of the same name gets this one a suffix."""
        mine = self._study.identity
        known = {s.study_name: s for s in self._storage.get_all_studies()}
        for study in known.values():
            if study.user_attrs.get(IDENTITY) == mine:
                return int(study._study_id)
        attempt = 1
        while True:
            name = self._study.name if attempt == 1 else f"{self._study.name}-{attempt}"
            if name not in known:
                try:
                    return self._create(name)
                except DuplicatedStudyError:
                    pass  # another process was faster
            attempt += 1

    def _create(self, name: str) -> int:
        goals = self._study.objectives.goals
        directions = {"max": StudyDirection.MAXIMIZE, "min": StudyDirection.MINIMIZE}
        study_id: int = self._storage.create_new_study([directions[goal.direction] for goal in goals], name)
        attributes = {
            IDENTITY: self._study.identity,
            "space": self._study.space,
            "controller": self._study.controller,
            "trainer": self._study.trainer,
            "objectives": str(self._study.objectives),
            "seed": self._study.seed,
            "settings": dict(self._study.settings),
        }
        for key, value in attributes.items():
            self._storage.set_study_user_attr(study_id, key, value)
        self._storage.set_study_system_attr(study_id, _METRIC_NAMES, [goal.metric for goal in goals])
        self._id = study_id
        self._save_note(_describe(self._study))
        return study_id

    def _save_note(self, text: str) -> None:
        """Write the Markdown note that the dashboard shows; importing the dashboard for it would take 2 s."""
        system = self._storage.get_study_system_attrs(self._id)
        parts = [text[i : i + _NOTE_PART] for i in range(0, len(text), _NOTE_PART)]
        stale = sum(key.startswith(_NOTE) for key in system) - len(parts)
        if [system.get(f"{_NOTE}{i}") for i in range(len(parts))] == parts:
            return
        self._storage.set_study_system_attr(self._id, _NOTE_VERSION, int(system.get(_NOTE_VERSION, 0)) + 1)
        for i, part in enumerate(parts + [""] * max(0, stale)):
            self._storage.set_study_system_attr(self._id, f"{_NOTE}{i}", part)


def _describe(study: StudyInfo) -> str:
    return (
        f"# {study.name}\n\n"
        f"Space **{study.space}**, controller **{study.controller}**, trainer **{study.trainer}**, "
        f"seed {study.seed}.\n\nObjectives: {study.objectives}.\n\n"
        f"Run directory: `{study.directory}`\n"
    )


def _result(summary: Mapping[str, Any]) -> str:
    best = summary.get("best") or {}
    rows = "".join(f"| {name} | {number(value)} |\n" for name, value in (best.get("metrics") or {}).items())
    drawn = f"```text\n{drawing(best['text'])}\n```\n\n" if best.get("text") else ""
    head = f"\n## Best: trial {best.get('trial')}\n\n{drawn}| metric | value |\n|---|---|\n" if best else ""
    said = "".join(f"\n{remark}\n" for remark in summary.get("remarks") or ())
    return f"{head}{rows}{said}\n{summary.get('trials')} trials, {summary.get('failed') or 0} failed evaluations.\n"
