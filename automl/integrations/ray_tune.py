"""Our controllers as search algorithms of Ray Tune.

    algorithm = AsTuneSearcher("evolution", seed=0, population=20)
    tuner = tune.Tuner(trainable, param_space={"lr": tune.loguniform(1e-4, 1e-1)},
                       tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=50, search_alg=algorithm))

What is searched is Tune's own `param_space`; or a search space of ours, and then the trainable gets the candidate:

    algorithm = AsTuneSearcher("bayesian", TowerSpace(), metric="val_accuracy", mode="max")
    def trainable(config): candidate = candidate_of(config, TowerSpace()); ...
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import automl.telemetry  # noqa: F401 - before Ray

# isort: split
from ray.tune.search import Searcher

from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Metrics, Outcome, Proposal
from automl.core.space import SearchSpace
from automl.integrations.tune_session import Factory, TuneSession
from automl.integrations.tune_space import TuneSpace, has_choices
from automl.integrations.tune_state import read_state, write_state
from automl.settings import configured

CANDIDATE = "candidate"
"""The key of a config under which the candidate of a search space of ours lies, as the space dumps it."""
_ITERATION = "training_iteration"


def candidate_of(config: Mapping[str, Any], space: SearchSpace[Any]) -> Any:
    """Return the candidate that a trainable is to measure.

    Args:
        config: what Tune gave the trainable.
        space: the search space that is searched.
    """
    return space.load(config[CANDIDATE])


class AsTuneSearcher(Searcher):  # type: ignore[misc]
    """Lets a controller choose the configs of a Tune experiment.

    It works with every controller that needs nothing of a space but `build` and measures each candidate once and in
    full. Trials may run side by side. A trial that fails, or ends with something that is no number, is a failed
    evaluation; what is reported of a trial that has ended is not heard.

    Args:
        controller: its name, or what makes it from (space, objectives, seed).
        space: what to search; None for Tune's `param_space`.
        metric: what is better, or several; Tune's own setting if None.
        mode: `min` or `max`, one for each metric.
        seed: of the controller.
        settings: of the controller, where it is named.

    Raises:
        UnknownName: if there is no controller or no setting of that name.
        Incompatible: if the controller needs more of a space.
    """

    def __init__(
        self,
        controller: str | Factory = "bayesian",
        space: SearchSpace[Any] | None = None,
        metric: str | Sequence[str] | None = None,
        mode: str | Sequence[str] | None = None,
        *,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(metric=metric, mode=mode)
        self._factory = _factory(controller, settings)
        self._space = space
        self._seed = seed
        self._session: TuneSession | None = None
        self._curves: dict[str, list[tuple[int, Metrics]]] = {}
        self._begin()

    # What Tune calls.

    def set_search_properties(self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any) -> bool:
        """Take what Tune was given; return False if something else is searched already."""
        if self._session is not None or (self._space is not None and has_choices(config)):
            return False
        self._metric: Any = self._metric or metric
        self._mode: Any = self._mode or mode
        self._space = self._space or TuneSpace(config)
        self._begin()
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return a config; None if there is none before a trial ends, FINISHED if there will be none."""
        session = self._the_session()
        proposal = session.propose(trial_id)
        if proposal is None:
            return None if session.open else str(Searcher.FINISHED)
        return self._config(proposal)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep what a trial reports on its way."""
        metrics = self._metrics(result)
        if trial_id in self._the_session().open and metrics:
            curve = self._curves.setdefault(trial_id, [])
            curve.append((int(result.get(_ITERATION, len(curve) + 1)), metrics))

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, *, error: bool = False) -> None:
        """Tell the controller what came of a trial."""
        self._the_session().end(trial_id, self._came(result, failed=error), self._curves.pop(trial_id, ()))

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float | Sequence[float],
        *,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,
    ) -> None:
        """Let the controller learn from a config that was measured elsewhere.

        One that failed, or was pruned, is a failed evaluation.

        Raises:
            UsageError: if the config is none of what is searched, or the controller cannot be told.
        """
        metrics = _listed(self._metric)
        values = [value] if isinstance(value, int | float) or value is None else value
        came = self._came(dict(zip(metrics, values, strict=False)), failed=error or pruned)
        between = [
            (step, self._metrics({metrics[0]: number})) for step, number in enumerate(intermediate_values or (), 1)
        ]
        if not self._the_session().learn(self._answers(parameters), came, between):
            hint = "Use another, for example evolution."
            raise UsageError("The controller cannot learn from what it did not propose.", hint)

    # How it is kept.

    def save(self, checkpoint_path: str) -> None:
        """Write everything learned, and the open trials, as JSON and arrays."""
        write_state(Path(checkpoint_path), self._state())

    def restore(self, checkpoint_path: str) -> None:
        """Take up what `save` wrote, on one made with the same controller."""
        self._take_up(read_state(Path(checkpoint_path)))

    def __getstate__(self) -> dict[str, Any]:
        plain = {name: value for name, value in self.__dict__.items() if name != "_session"}
        return {**plain, "_state": self._state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        learned = state.pop("_state")
        self.__dict__.update(state, _session=None)
        self._take_up(learned)

    def _state(self) -> dict[str, Any]:
        return {
            "metric": self._metric,
            "mode": self._mode,
            "space": self._space.state() if isinstance(self._space, TuneSpace) else None,
            "session": self._session.state_dict() if self._session else None,
            "curves": self._curves,
        }

    def _take_up(self, state: Mapping[str, Any]) -> None:
        self._metric, self._mode = state["metric"], state["mode"]
        if self._space is None and state["space"] is not None:
            self._space = TuneSpace.of_state(state["space"])
        self._curves = {trial: [(step, m) for step, m in curve] for trial, curve in state["curves"].items()}
        self._session = None
        self._begin()
        if state["session"] is not None:
            self._the_session().load_state_dict(state["session"])

    # Between Tune and the controller.

    def _begin(self) -> None:
        """Make the controller, as soon as all is known that it needs."""
        if self._space is not None and self._metric and self._mode:
            goals = [
                f"{mode}:{name}" for name, mode in zip(_PLACES, _listed(self._mode), strict=False) if mode != "obs"
            ]
            self._session = TuneSession(self._factory, self._space, Objectives.parse(goals), self._seed)

    def _the_session(self) -> TuneSession:
        if self._session is None:
            raise UsageError(
                "It is not known what is searched, or what for.",
                "Give Tune a param_space with distributions, or a space to AsTuneSearcher; and a metric and a mode.",
            )
        return self._session

    def _config(self, proposal: Proposal) -> dict[str, Any]:
        if isinstance(self._space, TuneSpace):
            return dict(proposal.candidate)
        choices = {name: choice.value for name, choice in proposal.choices.items()}
        return {**choices, CANDIDATE: self._the_session().space.dump(proposal.candidate)}

    def _answers(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(self._space, TuneSpace):
            return {name: value for name, value in config.items() if name != CANDIDATE}
        try:
            return self._space.answers(config)
        except (LookupError, ValueError, TypeError) as error:
            raise UsageError(f"The parameters {config} are none of this param_space: {error}.") from error

    def _came(self, result: Mapping[str, Any] | None, *, failed: bool) -> Outcome | Failure:
        metrics = self._metrics(result or {})
        if failed:
            return Failure("raised", "The Tune trial failed.")
        if len(metrics) < len(_listed(self._metric)):
            return Failure("not_finite", f"Not a number, or not there: {', '.join(_listed(self._metric))}.")
        return Outcome(metrics)

    def _metrics(self, result: Mapping[str, Any]) -> Metrics:
        """Return those metrics of a result that are numbers, under the names by which the controller knows them."""
        found: Any = ((name, result.get(metric)) for name, metric in zip(_PLACES, _listed(self._metric), strict=False))
        return {name: float(value) for name, value in found if _is_number(value)}


_PLACES = tuple(f"value{place}" for place in range(64))
"""Metrics as the controller knows them: Tune's may be named in any way."""


def _factory(controller: str | Factory, settings: Mapping[str, Any]) -> Factory:
    if not isinstance(controller, str):
        return partial(controller, **settings)
    return configured(controller, settings)


def _listed(one_or_several: str | Sequence[str] | None) -> Sequence[str]:
    return [one_or_several] if isinstance(one_or_several, str) else one_or_several or []


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, ValueError):
        return False
