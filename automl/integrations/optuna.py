"""Our controllers as samplers of Optuna.

    sampler = AsOptunaSampler(Evolution)                                   # or functools.partial(Evolution, sample=3)
    study = optuna.create_study(sampler=sampler, direction="maximize")
    study.optimize(objective, n_trials=100)

The objective stays an ordinary Optuna objective that suggests what it likes.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automl.core.choices import Choice, Choose
from automl.core.controller import Controller
from automl.core.domains import Domain, Integers, Options, Reals, Value
from automl.core.errors import Incompatible
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result
from automl.core.space import SearchSpace

Factory: TypeAlias = Callable[[SearchSpace[Any], Objectives, int], Controller]


class AsOptunaSampler(BaseSampler):  # type: ignore[misc]
    """Lets a controller answer the suggestions of an Optuna study.

    It works with every controller that needs nothing of a space but `build` (`random`, `evolution`,
    `bayesian`). The names are known only when the objective suggests them, so the controller searches a space
    that asks every name seen so far. Its proposal is replayed by name; a name it never met, or met with
    another range, is answered at random. When the trial ends the controller is told the answers that were
    really used.

    Args:
        factory: makes the controller from (space, objectives, seed), for example its class.
        seed: seed of the controller and of the random answers.

    Raises:
        Incompatible: at the first trial, if the controller needs a space that can do more.
    """

    def __init__(self, factory: Factory, seed: int = 0) -> None:
        self._factory = factory
        self._seed = seed
        self._space = _SeenSpace()
        self._controller: Controller | None = None
        self._proposals: dict[int, Proposal] = {}
        """What was proposed for the trials of the study that have not ended, by their numbers."""
        self._told = 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Have a proposal ready."""
        self._proposal(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: every name is answered when it is suggested, conditional ones too."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Answer several names at once."""
        return {name: self.sample_independent(study, trial, name, asked) for name, asked in search_space.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Answer one name."""
        domain = _domain(param_distribution)
        known = self._proposal(study, trial).choices.get(param_name)
        with self._lock:
            self._space.seen[param_name] = domain
        if known is not None and known.value in domain:
            return _suggestion(param_distribution, known.value)
        name = zlib.crc32(param_name.encode())
        drawn = domain.sample(np.random.default_rng((self._seed, trial.number, name)))
        return _suggestion(param_distribution, drawn)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Tell the controller what came of its proposal."""
        proposal = self._proposal(study, trial)
        used = {
            name: Choice(_value(asked, trial.params[name]), _domain(asked))
            for name, asked in trial.distributions.items()
        }
        candidate = {name: choice.value for name, choice in used.items()}
        proposal = replace(proposal, candidate=candidate, choices=used)
        with self._lock:
            number, self._told = self._told, self._told + 1
            assert self._controller is not None
            self._controller.tell([_result(number, proposal, state, values)])
            del self._proposals[trial.number]

    def _proposal(self, study: Study, trial: FrozenTrial) -> Proposal:
        with self._lock:
            if self._controller is None:
                self._controller = self._new_controller(study.directions)
            if trial.number not in self._proposals:
                asked = self._controller.ask(1, 0.0)
                if not asked:
                    raise Incompatible("The controller has nothing more to propose to this Optuna study.")
                self._proposals[trial.number] = asked[0]
            return self._proposals[trial.number]

    def _new_controller(self, directions: Sequence[StudyDirection]) -> Controller:
        goals = [
            f"{'max' if direction == StudyDirection.MAXIMIZE else 'min'}:value{place}"
            for place, direction in enumerate(directions)
        ]
        controller = self._factory(self._space, Objectives.parse(goals), self._seed)
        if controller.requires:
            needs = ", ".join(capability.__name__ for capability in controller.requires)
            raise Incompatible(
                f"{type(controller).__name__} cannot answer Optuna's suggestions: it needs a space that is {needs}.",
                "Use a controller that needs none of these, for example Evolution.",
            )
        if len(goals) > 1 and not controller.many_objectives:
            raise ValueError(f"{type(controller).__name__} learns from one objective only.")
        return controller


class _SeenSpace(SearchSpace[dict[str, Value]]):
    """All names that were suggested so far, each asked with the range it was last suggested with."""

    def __init__(self) -> None:
        self.seen: dict[str, Domain] = {}

    def build(self, choose: Choose) -> dict[str, Value]:
        return {name: choose(name, domain) for name, domain in self.seen.items()}

    def load(self, json: Any) -> dict[str, Value]:
        return dict(json)

    def dump(self, candidate: dict[str, Value]) -> Any:
        return dict(candidate)


def _result(number: int, proposal: Proposal, state: TrialState, values: Sequence[float] | None) -> Result:
    """Return an outcome for a complete trial; failed and pruned ones count as failures."""
    if state != TrialState.COMPLETE or values is None:
        return Result(number, proposal, error=Failure("raised", f"The Optuna trial ended as {state.name}."))
    return Result(number, proposal, Outcome({f"value{place}": value for place, value in enumerate(values)}))


def _domain(asked: BaseDistribution) -> Domain:
    """Return the domain of a distribution: options by position, steps of a real range by number."""
    if isinstance(asked, CategoricalDistribution):
        return Options(tuple(range(len(asked.choices))))
    if isinstance(asked, IntDistribution):
        return Integers(asked.low, asked.high, asked.step, asked.log)
    assert isinstance(asked, FloatDistribution)
    if asked.step is not None:
        return Integers(0, round((asked.high - asked.low) / asked.step))
    return Reals(asked.low, asked.high, asked.log)


def _suggestion(asked: BaseDistribution, value: Value) -> Any:
    """Return what Optuna expects for a value of `_domain`."""
    if isinstance(asked, CategoricalDistribution):
        return asked.choices[value]
    if isinstance(asked, FloatDistribution) and asked.step is not None:
        assert isinstance(value, int)
        return min(asked.low + value * asked.step, asked.high)
    return value


def _value(asked: BaseDistribution, suggestion: Any) -> Value:
    """Return the value of `_domain` for what Optuna has stored; the inverse of `_suggestion`."""
    if isinstance(asked, CategoricalDistribution):
        return int(asked.to_internal_repr(suggestion))
    if isinstance(asked, FloatDistribution):
        return round((suggestion - asked.low) / asked.step) if asked.step is not None else float(suggestion)
    return int(suggestion)
