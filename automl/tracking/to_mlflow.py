"""The tracker that shows a study in MLflow: a parent run for the study, a nested run per trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import automl.telemetry  # noqa: F401 - sets MLflow's switches; everything of MLflow is imported later
from automl.core.errors import UsageError
from automl.core.records import Trial
from automl.core.surroundings import SURROUND
from automl.core.tracker import StudyInfo, Tracker
from automl.tracking._autologged import evaluation, outer_run, store_in_use
from automl.tracking.background import Background
from automl.tracking.light_trials import public_url, without_weights

if TYPE_CHECKING:
    from automl.tracking._mlflow_writer import MlflowWriter

DEFAULT_URI = "sqlite:///runs/mlflow.db"


@dataclass(frozen=True)
class _Diagnosed:
    evaluations: int
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class _Finished:
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class _Model:
    model: Any
    example: Any
    uri: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Picture:
    svg: str


class _Closed:
    """The study goes away, finished or interrupted."""


_Happening: TypeAlias = StudyInfo | Trial | _Diagnosed | _Finished | _Model | _Picture | _Closed


class ToMlflow(Tracker):
    """Writes a study into an MLflow tracking store, in the background, one batch per trial.

    The parent run holds the settings, the course of the best result, the controller's diagnostics, and at the end
    `summary.json` and `trials.csv`. The first `children` trials get a nested run each, with choices, metrics per epoch
    and the candidate as an artifact; of the later ones improvements, front members and failures do.
    Runs are found again by the identity of the study, so nothing appears twice after a resume. Where a run is active,
    or this is an MLflow project, the parent run is a child of that one. What MLflow's autologging writes of evaluations
    in this process goes into runs below the parent run.

    Args:
        uri: tracking URI; artifacts of an SQLite store lie in `mlartifacts` beside it.

    Settings:
        children: how many trials get a nested run whatever they brought.
        experiment: name of the MLflow experiment. If None, that of the run it is a child of, else
            `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_EXPERIMENT_ID`, or `automl`.
        patient: wait for the store wherever it is slow, for `automl sync`; otherwise `finished` and `close` wait
            `seconds` at most.
        seconds: how long the end of a study may wait for the store.
    """

    store_in_use = staticmethod(store_in_use)

    def __init__(
        self,
        uri: str = DEFAULT_URI,
        *,
        children: int = 200,
        experiment: str | None = None,
        patient: bool = False,
        seconds: float = 30.0,
    ) -> None:
        if children < 0:
            raise UsageError(f"'children' must not be negative, got {children}.")
        import mlflow  # noqa: F401 - here, because two threads that import the same packages at once can both fail

        self.uri = uri
        self._children = children
        self._experiment = experiment
        self._seconds = None if patient else seconds
        self._outer = None if patient else outer_run()
        title = f"MLflow ({public_url(uri)})"
        self._behind: Background[_Happening] = Background(title, self._write, patient=patient)
        self._writer: MlflowWriter | None = None

    def opened(self, study: StudyInfo) -> None:
        self._behind.put(study)
        SURROUND.set(lambda job, baseline: evaluation(job, baseline, self._place))

    def closed(self, trial: Trial) -> None:
        self._behind.put(without_weights(trial))

    def diagnosed(self, evaluations: int, numbers: Mapping[str, float]) -> None:
        self._behind.put(_Diagnosed(evaluations, dict(numbers)))

    def finished(self, summary: Mapping[str, Any]) -> None:
        self._behind.put(_Finished(dict(summary)))
        self._behind.flush(self._seconds)

    def best_model(self, model: Any, example: Any) -> None:
        if hasattr(model, "named_parameters") and example is not None:  # anything else is a file of `automl export`
            self.log_model(model, example)

    def pictured(self, svg: str) -> None:
        self._behind.put(_Picture(svg))
        self._behind.flush(self._seconds)

    def log_model(self, model: Any, example: Any, *, seconds: float = 120.0) -> str | None:
        """Log a trained network to the parent run; `mlflow.pytorch.load_model` gives it back.

        Args:
            model: an `nn.Module` whose `forward` can be traced (it is stored as a graph, never as a pickle).
            example: a batch of inputs, tensor or array, at least one row.
            seconds: how long to wait for the store.

        Returns:
            The URI of the model, None if it could not be logged; a warning says why.
        """
        event = _Model(model, example)
        self._behind.put(event)
        self._behind.flush(seconds)
        return event.uri[0] if event.uri else None

    def close(self) -> None:
        SURROUND.set(None)
        self._behind.put(_Closed())
        self._behind.close(self._seconds)

    def _place(self) -> tuple[str, str] | None:
        """Return experiment and run of the study, None if the store does not answer."""
        if self._writer is None:
            self._behind.flush(self._seconds)
        return self._writer.place if self._writer else None

    def _write(self, events: list[_Happening]) -> None:
        """Write a batch; runs in the background thread."""
        for event in events:
            self._turn(event)
        if self._writer is not None:
            self._writer.flush()

    def _turn(self, event: _Happening) -> None:
        if isinstance(event, StudyInfo):
            from automl.tracking._mlflow_writer import MlflowWriter

            self._writer = MlflowWriter(
                self.uri, event, children=self._children, experiment=self._experiment, outer=self._outer
            )
        elif self._writer is None:
            return
        elif isinstance(event, Trial):
            self._writer.trial(event)
        elif isinstance(event, _Diagnosed):
            self._writer.diagnosed(event.evaluations, event.numbers)
        elif isinstance(event, _Finished):
            self._writer.finish(event.summary)
        elif isinstance(event, _Model):
            event.uri.extend(self._writer.log_model(event.model, event.example))
        elif isinstance(event, _Picture):
            self._writer.picture(event.svg)
        else:
            self._writer.close()
