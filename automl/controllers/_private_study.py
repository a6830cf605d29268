"""An Optuna study of a controller's own, in memory: domains become distributions, results become trials.

Optuna's samplers carry state in three places: attributes of trials and study, a random generator, and caches.
Here each proposal gets a fresh sampler seeded from (seed, trial), so only the attributes are left, and they
are JSON; the one cache that is passed on follows from the trials. A sampler that would put more into the attributes
(CMA-ES pickles its optimiser), or that is not one of Optuna's own (`_samplers`), is brought back by asking it again
instead: nothing is ever unpickled.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeAlias

import optuna
from optuna.trial import TrialState

from automl.controllers._merit import excess
from automl.controllers._samplers import Samplers
from automl.core.choices import Answer, Choice, Choose, run
from automl.core.domains import Domain, Integers, Options, Reals, Value
from automl.core.errors import Incompatible
from automl.core.generators import borrowed
from automl.core.objectives import Objectives
from automl.core.records import Metrics

Defaults: TypeAlias = Sequence[Mapping[str, Value]]
Course: TypeAlias = Sequence[tuple[int, float]]
"""The score of a trial that was stopped early, by step."""


class PrivateStudy:
    """Asks one Optuna sampler, and remembers what it needs to go on."""

    def __init__(self, objectives: Objectives, sampler: str, startup: int, seed: int) -> None:
        self.objectives = objectives
        self.exhausted = False
        """True once the sampler has said that it has tried everything (`brute_force`)."""
        self._calls: list[int] = []
        """What happened, in order: t for asking trial t, -1 - t for telling it."""
        with quiet():
            self._samplers = Samplers(sampler, startup, seed, len(objectives.goals))
            self._storage = optuna.storages.InMemoryStorage()
            directions = ["maximize"] * len(objectives.goals)
            self._study = optuna.create_study(storage=self._storage, directions=directions)
        self._id = self._storage.get_study_id_from_name(self._study.study_name)
        self._study.stop = self._exhaust  # Optuna's own works in `optimize` only

    def ask(self, build: Callable[[Choose], Any], defaults: Defaults = ()) -> tuple[int, Any, dict[str, Choice]]:
        """Return the number of the next trial, its candidate and its trace; the first ones are the defaults."""
        number = len(self._trials())
        with self._sampler_of(number):
            if number < len(defaults):
                self._study.enqueue_trial(dict(defaults[number]))
            trial = self._study.ask()
            self._calls.append(trial.number)
            candidate, trace = run(build, self._answer(trial))
            return trial.number, candidate, trace

    @contextmanager
    def _sampler_of(self, number: int) -> Iterator[None]:
        """Have the sampler of a trial in place; a stranger, which may draw from anywhere, finds everything seeded."""
        with quiet(), borrowed(self._samplers.seed_of(number)) if self._samplers.lasting else nullcontext():
            self._study.sampler = self._samplers.of(number)
            yield

    def _answer(self, trial: Any) -> Answer:
        refusal = Exception if self._samplers.lasting else ValueError  # who knows what a stranger raises

        def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
            try:
                return _suggested(trial, name, domain)
            except refusal as error:
                said = f"{type(error).__name__}: {error}" if self._samplers.lasting else str(error)
                raise Incompatible(f"The sampler '{self._samplers.name}' cannot answer '{name}': {said}") from error

        return answer

    def tell(self, number: int, metrics: Metrics | None, course: Course = ()) -> None:
        """Finish a trial with what was measured, as pruned with the course of its score, or as failed."""
        values = limits = None
        if metrics is not None:
            values = list(self.objectives.score(metrics))
            limits = {str(limit): excess(limit, metrics) for limit in self.objectives.limits}
        self._finish(number, values, limits or {}, course)

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON."""
        trials = [_dump_trial(trial) for trial in self._trials()]
        state: dict[str, Any] = {"trials": trials, "exhausted": self.exhausted}
        if self._samplers.plain:
            state["attributes"] = dict(self._storage.get_study_system_attrs(self._id))
        else:
            state["calls"] = list(self._calls)
        return state

    def load(self, state: Mapping[str, Any], build: Callable[[Choose], Any], defaults: Defaults = ()) -> None:
        """Take up a state of `dump`, in a study that is new."""
        self.exhausted = state["exhausted"]
        if "calls" in state:
            self._repeat(state["calls"], state["trials"], partial(self.ask, build, defaults))
            return
        with quiet():
            for trial in state["trials"]:
                self._study.add_trial(_load_trial(trial))
            for key, value in state["attributes"].items():
                self._storage.set_study_system_attr(self._id, key, value)

    def _repeat(self, calls: Sequence[int], trials: Sequence[Mapping[str, Any]], ask: Callable[[], object]) -> None:
        """Ask and tell everything again, in the same order."""
        for call in calls:
            if call >= 0:
                ask()
            else:
                told = trials[-1 - call]
                values = told["values"] if told["state"] == TrialState.COMPLETE.name else None
                self._finish(-1 - call, values, told["limits"], told.get("course", ()))

    def _finish(self, number: int, values: list[float] | None, limits: Mapping[str, float], course: Course) -> None:
        self._calls.append(-1 - number)
        with self._sampler_of(number):
            trial = optuna.trial.Trial(self._study, self._trials()[number]._trial_id)
            for name, beyond in limits.items():
                trial.set_constraint(name, beyond)
            for step, score in course:
                trial.report(score, step)
            unfinished = TrialState.PRUNED if course else TrialState.FAIL
            self._study.tell(number, values, unfinished if values is None else TrialState.COMPLETE)

    def _exhaust(self) -> None:
        self.exhausted = True

    def _trials(self) -> list[Any]:
        trials: list[Any] = self._study.get_trials(deepcopy=False)
        return trials


def _suggested(trial: Any, name: str, domain: Domain) -> Value:
    """Ask the sampler; steps on a logarithmic scale, unknown to Optuna, are asked on a linear one."""
    if isinstance(domain, Options):
        value: Value = trial.suggest_categorical(name, list(domain.values))
    elif isinstance(domain, Integers):
        high = domain.low + (domain.high - domain.low) // domain.step * domain.step
        log = domain.log and domain.step == 1
        value = trial.suggest_int(name, domain.low, high, step=domain.step, log=log)
    else:
        assert isinstance(domain, Reals)
        value = trial.suggest_float(name, domain.low, domain.high, log=domain.log)
    return value


def _dump_trial(trial: Any) -> dict[str, Any]:
    distributions = {
        name: optuna.distributions.distribution_to_json(distribution)
        for name, distribution in trial.distributions.items()
    }
    attributes = {key: value for key, value in trial.system_attrs.items() if not key.startswith("cma:")}
    return {
        "state": trial.state.name,
        "values": None if trial.values is None else list(trial.values),
        "params": dict(trial.params),
        "distributions": distributions,
        "limits": dict(trial.constraints),
        "attributes": attributes,
        "notes": dict(trial.user_attrs),
        "course": [[step, value] for step, value in trial.intermediate_values.items()],
    }


def _load_trial(state: Mapping[str, Any]) -> Any:
    distributions = {
        name: optuna.distributions.json_to_distribution(text) for name, text in state["distributions"].items()
    }
    return optuna.trial.create_trial(
        state=TrialState[state["state"]],
        values=state["values"],
        params=dict(state["params"]),
        distributions=distributions,
        system_attrs=dict(state["attributes"]),
        user_attrs=dict(state["notes"]),
        intermediate_values={int(step): value for step, value in state.get("course", ())},
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's log lines and warnings about experimental parts to ourselves, here and nowhere else."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
