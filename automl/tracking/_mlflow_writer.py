"""Writing one study into one MLflow store. Imports MLflow; runs in the thread of `ToMlflow`."""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlflow.entities import Metric, Param, Run, RunTag

from automl.core.records import Trial
from automl.core.tracker import StudyInfo
from automl.tracking._mlflow_entries import Merit, chunks, finals, key, metrics, milliseconds, params
from automl.tracking._mlflow_store import IDENTITY, KIND, experiment_id, find_study, known_run, open_client

NUMBER = "automl.trial"
STOPPED_EARLY = "automl.stopped_early"
_CLOSED, _DIAGNOSED = "automl.closed", "automl.diagnosed"  # how far the series of the parent run are written
_PAGE = 1000
_LONGEST = 2000  # characters of a failure's message

_log = logging.getLogger(__name__)


class MlflowWriter:
    """Finds or creates the parent run of a study and writes its trials below it."""

    def __init__(
        self, uri: str, study: StudyInfo, *, children: int, experiment: str | None, outer: str | None = None
    ) -> None:
        self._study = study
        self._client = open_client(uri)
        found, around = find_study(self._client, study.identity), known_run(self._client, outer)
        home = found or (around if experiment is None else None)
        self._experiment = str(home.info.experiment_id) if home else experiment_id(self._client, uri, experiment)
        self._merit = Merit(study.objectives, children)
        run = self._taken_up(found) if found else self._create(around)
        self._parent = str(run.info.run_id)
        self._artifacts = str(run.info.artifact_uri)
        self._written = int(run.data.tags.get(_CLOSED, 0))
        self._diagnosed = int(run.data.tags.get(_DIAGNOSED, -1))
        self._children = self._existing()
        self._seen: set[int] = set()
        self._rows: list[dict[str, Any]] = []
        self._cut: list[dict[str, Any]] = []
        self._points: list[Metric] = []
        self._last = time.time()
        self._finished = False

    def trial(self, trial: Trial) -> None:
        """Add a trial to the series of the parent run, and a run of its own where it merits one."""
        if trial.number in self._seen:
            return
        self._seen.add(trial.number)
        admitted = self._merit.admit(trial)
        self._last = trial.finished
        if admitted and self._children.get(trial.number, ("", ""))[1] not in ("FINISHED", "FAILED"):
            self._child(trial)
        if trial.open:  # the series of the parent run are of closed trials, in their order
            self._cut.append(_row(trial))
            return
        self._rows.append(_row(trial))
        if len(self._rows) > self._written:
            at, step = milliseconds(trial.finished), len(self._rows)
            for name, value in self._merit.best.items():
                self._points.append(Metric(key(f"best/{name}"), value, at, step))
            for goal in self._study.objectives.goals:
                if goal.metric in trial.metrics:
                    value = float(trial.metrics[goal.metric])
                    self._points.append(Metric(key(f"trial/{goal.metric}"), value, at, step))

    def diagnosed(self, evaluations: int, numbers: Mapping[str, float]) -> None:
        """Add the controller's diagnostics to the parent run."""
        if evaluations > self._diagnosed:
            self._diagnosed = evaluations
            at = milliseconds(self._last)
            for name, value in numbers.items():
                self._points.append(Metric(key(f"controller/{name}"), float(value), at, evaluations))

    def flush(self) -> None:
        """Write what the parent run has gathered, and how far it has got."""
        if not self._points:
            return
        for points, _ in chunks(self._points, []):
            self._client.log_batch(self._parent, metrics=points)
        self._points = []
        self._written = max(self._written, len(self._rows))
        tags = [RunTag(_CLOSED, str(self._written)), RunTag(_DIAGNOSED, str(self._diagnosed))]
        self._client.log_batch(self._parent, tags=tags)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the summary and the table of trials, and end the parent run."""
        at = milliseconds(self._last)
        counts = {name: summary.get(name) for name in ("trials", "evaluations", "failed", "seconds", "cost")}
        numbers = {f"study/{name}": value for name, value in counts.items() if isinstance(value, int | float)}
        self._points += [Metric(key(n), float(v), at, 0) for n, v in [*numbers.items(), *finals(summary)]]
        self.flush()
        self._artifact(self._parent, self._artifacts, "summary.json", json.dumps(summary, indent=2, default=str))
        self._artifact(self._parent, self._artifacts, "trials.csv", _table([*self._rows, *self._cut]))
        self._client.set_terminated(self._parent, "FINISHED")
        self._finished = True

    def log_model(self, model: Any, example: Any) -> list[str]:
        """Log a network; return its URI, or nothing if it cannot be stored as a graph."""
        from automl.tracking._mlflow_log import About, Place, log_model
        from automl.tracking._mlflow_model import Logged

        try:
            place = Place(self._client, self._experiment, self._parent)
            number, _ = log_model(place, Logged(model, example), About("best"))
        except Exception as error:
            first = str(error).strip().splitlines()[:1]
            _log.warning("MLflow did not take the model (%s); `automl export` writes it.", *first or [repr(error)])
            return []
        uri = f"models:/{number}"
        self._client.set_tag(self._parent, "automl.model", uri)
        return [uri]

    def picture(self, svg: str) -> None:
        """Write the picture of the best candidate beside the summary."""
        self._artifact(self._parent, self._artifacts, "best.svg", svg)

    def close(self) -> None:
        """Mark the parent run as interrupted if the study has not finished."""
        self.flush()
        if not self._finished:
            self._client.set_terminated(self._parent, "KILLED")

    @property
    def place(self) -> tuple[str, str]:
        """The experiment and the run of the study."""
        return self._experiment, self._parent

    def _taken_up(self, run: Run) -> Run:
        """Go on in the parent run of an earlier session of this study."""
        if not run.data.params:  # it was interrupted before they were written
            self._log_settings(run.info.run_id)
        self._client.update_run(run.info.run_id, status="RUNNING")
        return run

    def _create(self, around: Run | None) -> Run:
        """Make the parent run; below another one, if that is in the same experiment."""
        study = self._study
        told = f"Space **{study.space}**, controller **{study.controller}**, seed {study.seed}: {study.objectives}."
        tags = {IDENTITY: study.identity, KIND: "study", "mlflow.note.content": told}
        tags |= {"automl.space": study.space, "automl.controller": study.controller}
        tags |= {"mlflow.source.name": f"automl search {study.space}", "mlflow.source.type": "LOCAL"}
        if around is not None and around.info.experiment_id == self._experiment:
            tags["mlflow.parentRunId"] = str(around.info.run_id)
        run = self._client.create_run(self._experiment, tags=tags, run_name=study.name)
        self._log_settings(run.info.run_id)
        return run

    def _log_settings(self, run_id: str) -> None:
        study = self._study
        named = {"name": study.name, "trainer": study.trainer, "objectives": str(study.objectives)}
        named |= {"space": study.space, "controller": study.controller, "seed": str(study.seed)}
        settings = params({name: value for name, value in study.settings.items() if value is not None})
        self._log_batches(run_id, [], list({p.key: p for p in [*settings, *params(named)]}.values()))

    def _existing(self) -> dict[int, tuple[str, str]]:
        """Return the runs of trials that are there: their ids and states, by the number of the trial."""
        below, token, known = f"tags.`mlflow.parentRunId` = '{self._parent}'", None, {}
        while True:
            page = self._client.search_runs([self._experiment], below, max_results=_PAGE, page_token=token)
            for run in page:
                if NUMBER in run.data.tags:
                    known[int(run.data.tags[NUMBER])] = (str(run.info.run_id), str(run.info.status))
            token = page.token
            if not token:
                return known

    def _child(self, trial: Trial) -> None:
        """Write a trial's own run; its end state comes last, so that one which was cut off is written again.

        That of a trial which the budget had cut short is made anew: it has gone on, and a run keeps its parameters.
        """
        if self._children.get(trial.number, ("", ""))[1] == "KILLED":
            self._client.delete_run(self._children.pop(trial.number)[0])
        if trial.number in self._children:
            run_id = self._children[trial.number][0]
            artifacts = str(self._client.get_run(run_id).info.artifact_uri)
        else:
            started = milliseconds(trial.started)
            run = self._client.create_run(
                self._experiment, started, _tags(trial, self._parent), f"trial {trial.number}"
            )
            run_id, artifacts = str(run.info.run_id), str(run.info.artifact_uri)
        chosen = params({name: choice.value for name, choice in trial.choices.items()})
        self._log_batches(run_id, metrics(trial, self._study.objectives), [*chosen, *_circumstances(trial)])
        self._artifact(run_id, artifacts, "candidate.json", json.dumps(trial.candidate, indent=2))
        state = "KILLED" if trial.open or trial.stopped else "FINISHED" if trial.judged else "FAILED"
        self._client.set_terminated(run_id, state, milliseconds(trial.finished))
        self._children[trial.number] = (run_id, state)

    def _log_batches(self, run_id: str, points: list[Metric], parameters: list[Param]) -> None:
        for some_points, some_parameters in chunks(points, parameters):
            self._client.log_batch(run_id, metrics=some_points, params=some_parameters)

    def _artifact(self, run_id: str, artifacts: str, name: str, text: str) -> None:
        """Write a text artifact; straight into a local folder, where the client needs 8 ms to do the same."""
        parts = urlsplit(artifacts)
        if parts.scheme in ("", "file"):
            folder = Path(unquote(parts.path) if parts.scheme else artifacts)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        else:
            self._client.log_text(run_id, text, name)


def _tags(trial: Trial, parent: str) -> dict[str, str]:
    tags = {"mlflow.parentRunId": parent, KIND: "trial", NUMBER: str(trial.number)}
    failures = [f"{r.error.kind}: {r.error.message}" for r in trial.results if r.error]
    said = failures[-1][:_LONGEST] if failures else ""
    if trial.stopped_early:
        tags[STOPPED_EARLY] = "true"
    if said:
        tags["mlflow.note.content"] = said
    return tags | ({"automl.failure": said} if said and not trial.stopped else {})


def _circumstances(trial: Trial) -> list[Param]:
    """Return what a trial started from, as parameters beside its choices."""
    proposal = (trial.judged or trial.results[-1]).proposal
    known = {"trial.effort": proposal.effort, "trial.parent": proposal.parent, "trial.evaluations": len(trial.results)}
    return params({name: value for name, value in known.items() if value is not None})


def _state(trial: Trial) -> str:
    if trial.open:
        return "open"
    if trial.stopped_early:
        return "stopped early"
    return "finished" if trial.judged else "failed"


def _row(trial: Trial) -> dict[str, Any]:
    row: dict[str, Any] = {
        "trial": trial.number,
        "state": _state(trial),
    }
    row |= {name: float(value) for name, value in trial.metrics.items()}
    row["cost"] = sum(result.outcome.cost for result in trial.results if result.outcome)
    row["seconds"] = round(sum(result.seconds for result in trial.results), 3)
    return row | {"candidate": json.dumps(trial.candidate, separators=(",", ":"))}


def _table(rows: list[dict[str, Any]]) -> str:
    """Return the trials as CSV, which MLflow shows as a table."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    columns.sort(key=lambda name: name == "candidate")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or ["trial"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
