"""One session of a search: the study, its baselines at equal budget, the finale, and what is written at the end."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from automl import __version__
from automl.archive import Archive
from automl.assembly import Parts, claims
from automl.audience import Audience
from automl.core.budget import Budget
from automl.core.controller import Controller
from automl.core.errors import AutomlError, LedgerError, StopSearch
from automl.core.records import Json
from automl.core.space import Defaulting
from automl.core.surroundings import for_baseline
from automl.core.tracker import Tracker
from automl.core.trainer import Finishing, Picturing
from automl.exports import load_model
from automl.finale import Finale
from automl.ledger import FILE, Ledger
from automl.reading import BASELINES, SUMMARY, archive_of, open_archive, study_info
from automl.study import Study
from automl.summary import summarise
from automl.workshop import Workshop

_log = logging.getLogger("automl")

# Shares of a time budget. Training the winner in full belongs to the search; so does an honest comparison.
_FINALE_SHARE = 0.2
_BASELINE_SHARE = 0.4


@dataclass(frozen=True)
class Clock:
    """How a time budget is divided. All None where there is none.

    Attributes:
        search, baseline: seconds each search may take.
        finale: seconds the full trainings of one search may take.
    """

    search: float | None
    baseline: float | None
    finale: float | None

    @classmethod
    def divide(cls, seconds: float | None, baselines: int) -> Clock:
        """Divide a time budget between the search, its baselines and the full trainings of each."""
        if seconds is None:
            return cls(None, None, None)
        finale = _FINALE_SHARE * seconds / (1 + baselines)
        baseline = _BASELINE_SHARE * seconds / baselines if baselines else 0.0
        return cls(seconds * (1 - _FINALE_SHARE - (_BASELINE_SHARE if baselines else 0.0)), baseline, finale)


class Session:
    """Runs a search to its end, or takes one up where it was left.

    Args:
        parts: the assembled search.
        trackers: whoever shows the main study; baselines are shown in the report only.
        resuming: True to take up what the directory holds, False to refuse a directory that holds a study.
        lasting: False for a directory that is removed at once: no report, and no picture, that nobody will see.
        halt: once it is set, the search ends soon, with a summary and a report of what there is; it can be resumed.
    """

    def __init__(
        self,
        parts: Parts,
        trackers: Sequence[Tracker],
        *,
        resuming: bool,
        lasting: bool = True,
        halt: threading.Event | None = None,
    ) -> None:
        self._parts = parts
        self._halt = halt or threading.Event()
        self._audience = Audience(trackers)
        self._resuming = resuming
        self._lasting = lasting
        self._directory = Path(str(parts.config.out))
        self._names = list(parts.config.baselines or [])
        self._clock = Clock.divide(parts.budget.seconds, len(self._names))

    def run(self) -> dict[str, Any]:
        """Run everything that is not done yet; return the summary."""
        try:
            with ExitStack() as open_things:
                workshop = open_things.enter_context(Workshop(self._parts.trainer, self._parts.config, self._halt))
                main = open_things.enter_context(
                    self._open(self._directory, self._parts.config.model_dump(by_alias=True))
                )
                self._write_config()
                self._audience.opened(study_info(main))
                budget = replace(self._parts.budget, seconds=self._clock.search)
                study = self._run_study(main, self._parts.controller(), budget, workshop, self._audience)
                with suppress(StopSearch):
                    self._finish(study, main, workshop)
                    for name in self._names:
                        self._baseline(name, study, workshop)
                summary = summarise(self._archive(main, study), self._parts.space, self._parts.trainer)
                for trial in study.history.unfinished():
                    self._audience.closed(trial)
            self._conclude(summary)
        finally:
            self._audience.close()
        return summary

    def _open(self, directory: Path, config: Mapping[str, Any]) -> Ledger:
        if self._resuming and (directory / FILE).is_file():
            ledger = Ledger.resume(directory)
            if ledger.header["fingerprint"] != self._parts.trainer.fingerprint():
                ledger.close()
                raise LedgerError(
                    f"The data or the trainer's settings are not those that {directory} was started with.",
                    "Resume with the same data, or start a new search with another --out.",
                )
            ledger.amend("config", dict(config))
            (directory / SUMMARY).unlink(missing_ok=True)  # it tells of an end from which the search now goes on
            return ledger
        header: dict[str, Json] = {
            "identity": uuid.uuid4().hex,
            "name": directory.name,
            "config": dict(config),
            "facts": dict(self._parts.trainer.facts()),
            "fingerprint": self._parts.trainer.fingerprint(),
            "cost_unit": type(self._parts.trainer).cost_unit,
            **claims(self._parts.trainer),
            "version": __version__,
        }
        return Ledger.create(directory, header)

    def _run_study(
        self, ledger: Ledger, controller: Controller, budget: Budget, workshop: Workshop, audience: Audience
    ) -> Study:
        """Run one study to its end."""
        study = Study(
            space=self._parts.space,
            controller=controller,
            runner=workshop.runner,
            objectives=self._parts.objectives,
            budget=budget,
            ledger=ledger,
            seed=self._parts.config.seed,
            audience=audience,
            keep=self._parts.config.keep,
            halt=self._halt,
        )
        workshop.listener = study.reported
        try:
            study.run()
        finally:
            workshop.listener = None
            if study.abandoned:
                workshop.clear()
        return study

    def _archive(self, ledger: Ledger, study: Study) -> Archive:
        return archive_of(ledger, study.history, self._parts.space.dump)

    def _finish(self, study: Study, ledger: Ledger, workshop: Workshop) -> None:
        """Train the best few in full, if the trainer can; then the winners among them meet the test data."""
        if self._halt.is_set():
            raise StopSearch
        trainer, space = self._parts.trainer, self._parts.space
        usual = space.defaults() if isinstance(space, Defaulting) else ()
        finalists = self._archive(ledger, study).finalists(self._parts.config.finalists, usual)
        if not finalists or not isinstance(trainer, Finishing):
            return
        runner = workshop.runner
        runner.deadline = None if self._clock.finale is None else time.monotonic() + self._clock.finale
        try:
            finale = Finale(study, trainer, runner, ledger, self._parts.config.seed)
            finale.train(finalists, trainer.starts)
            finale.test(self._archive(ledger, study).winners(finalists))
        finally:
            if runner.deadline is not None and time.monotonic() >= runner.deadline:
                workshop.clear()
            runner.deadline = None

    def _baseline(self, name: str, study: Study, workshop: Workshop) -> None:
        """Run another controller for what the main one has used: its cost if counted, else its evaluations."""
        spent = study.history.spent
        if not spent.evaluations:
            return
        budget = (
            Budget(cost=spent.cost, seconds=self._clock.baseline)
            if spent.cost
            else Budget(evaluations=spent.evaluations, seconds=self._clock.baseline)
        )
        config = {**self._parts.config.model_dump(by_alias=True), "controller": name, "baselines": []}
        controller = self._parts.baseline(name)
        with self._open(self._directory / BASELINES / name, config) as ledger, for_baseline(name):
            other = self._run_study(ledger, controller, budget, workshop, Audience())
            self._finish(other, ledger, workshop)

    def _show_model(self, summary: Mapping[str, Any]) -> None:
        """Hand the best model to the trackers; one that cannot be loaded is no reason to fail at the very end."""
        if not summary["best"] or not isinstance(self._parts.trainer, Finishing):
            return
        try:
            model = load_model(self._directory, summary["best"]["trial"])
            self._audience.best_model(model, type(self._parts.trainer).example(self._parts.trainer.facts()))
            self._show_picture(model)
        except AutomlError as error:
            _log.warning("The best model was not logged: %s", error)

    def _show_picture(self, model: Any) -> None:
        """Draw the best model, if its trainer can; a bad drawing is no reason to fail at the very end."""
        if not isinstance(self._parts.trainer, Picturing):
            return
        from automl.report import picture

        try:
            svg = type(self._parts.trainer).picture(model)
        except Exception as error:
            _log.warning("The best model was not drawn: %r", error)
            return
        if not picture.is_harmless(svg):
            _log.warning("The picture of the best model is left out: it is no plain SVG image.")
            return
        (self._directory / picture.FILE).write_text(svg, encoding="utf-8")
        self._audience.pictured(svg)

    def _write_config(self) -> None:
        try:
            (self._directory / "config.toml").write_text(self._parts.config.to_toml(), encoding="utf-8")
        except OSError as error:
            raise LedgerError(f"Cannot write to {self._directory}: {error.strerror or error}.") from error

    def _conclude(self, summary: Mapping[str, Any]) -> None:
        """Write what the search leaves beside its ledger; all of it can be made again from the ledger."""
        try:
            (self._directory / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
            self._audience.finished(summary)
            if not self._lasting:
                return
            if not self._halt.is_set():
                self._show_model(summary)
            self._report()
        except OSError as error:
            _log.warning("The search is finished, but not all files could be written: %s.", error)

    def _report(self) -> None:
        from automl.report import sections_of, write_report

        archive = open_archive(self._directory)
        sections = sections_of(archive)
        write_report(archive, sections=sections)
        self._audience.drawn(archive, sections)
