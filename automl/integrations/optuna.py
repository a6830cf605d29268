"""Our controllers as samplers of Optuna.

    study = optuna.create_study(sampler=sampler("evolution", seed=0, population=20))
    study.optimize(objective, n_trials=100)

The objective stays an ordinary Optuna objective that suggests what it likes.
"""

from __future__ import annotations

import secrets
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automl.core.controller import Controller
from automl.core.errors import Incompatible
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result
from automl.core.space import SearchSpace
from automl.integrations.optuna_domains import answers_of, domain_of, suggestion
from automl.integrations.optuna_space import SeenSpace
from automl.integrations.prescription import is_followed, is_measured_once
from automl.registry import load, usable
from automl.settings import configured

Factory: TypeAlias = Callable[[SearchSpace[Any], Objectives, int], Controller]
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def sampler(controller: str, *, seed: int | None = None, **settings: Any) -> AsOptunaSampler:
    """Return a registered controller as a sampler.

    Args:
        controller: its name, one of `samplers()` or of a plug-in.
        seed: see `AsOptunaSampler`.
        settings: of the controller, as after `--set`; `profile` is one of them.

    Raises:
        UnknownName: if there is no controller or no setting of that name.
        Incompatible: if the controller needs more than names.
    """
    _refuse_unfit(load("controllers", controller))
    return AsOptunaSampler(configured(controller, settings), seed)


def samplers() -> list[str]:
    """Return the names of all registered controllers that can be samplers."""
    return sorted(name for name, cls in usable("controllers").items() if not cls.requires and _is_plain(cls))


class AsOptunaSampler(BaseSampler):  # type: ignore[misc]
    """Lets a controller answer the suggestions of an Optuna study.

    It works with every controller that needs nothing of a space but `build`. The names are known only when the
    objective suggests them, so the controller searches a `SeenSpace`. Its proposal is replayed by name; a name it
    did not expect, or expected with another range, is answered at random.

    The controller learns from every trial of the study that has ended. Those it did not propose (the first one, of
    which no name was known, enqueued and added ones, those of other processes and of an earlier session) are
    prescribed to it as defaults of the space before it proposes again. So a study is resumed by a sampler made anew,
    and the same seed does not repeat what was tried; where all names are always suggested, `random`, `evolution` and
    `bayesian` even go on as if nothing had happened.

    Failed and pruned trials count as failed evaluations, the pruned ones with their intermediate values.

    Args:
        factory: makes the controller from (space, objectives, seed), for example its class.
        seed: seed of the controller and of the random answers; None for another one each time. Processes that share a
            study need different ones, or they propose the same side by side.

    Raises:
        Incompatible: at the first trial, if the controller needs a space that can do more.
        ValueError: at the first trial of several objectives, if the controller learns from one only.
    """

    def __init__(self, factory: Factory, seed: int | None = None) -> None:
        self._factory = factory
        self._seed = secrets.randbelow(2**31) if seed is None else seed
        self._space = SeenSpace()
        self._controller: Controller | None = None
        self._proposals: dict[int, Proposal] = {}
        """What was proposed for the trials of the study that have not ended, by their numbers."""
        self._forces = False
        """Whether the controller asks no space for defaults, so that nothing else may be left to answer."""
        self._known: set[int] = set()
        """The trials of the study that the controller has been told."""
        self._told = 0
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: every name is answered when it is suggested, conditional ones too."""
        with self._lock:
            self._the_controller(study)
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
        domain = domain_of(param_distribution)
        with self._lock:
            proposal = self._proposal(study, trial)
        known = proposal.choices.get(param_name) if proposal else None
        if known is not None and known.value in domain:
            return suggestion(param_distribution, known.value)
        name = zlib.crc32(param_name.encode())
        drawn = domain.sample(np.random.default_rng((self._seed, trial.number, name)))
        return suggestion(param_distribution, drawn)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Tell the controller what came of its proposal; what was changed on the way it learns as somebody else's."""
        with self._lock:
            proposal, used = self._proposals.pop(trial.number, None), answers_of(trial)
            if proposal is not None and is_followed(proposal, used):
                self._tell(study, proposal, trial, state, values)

    # What the controller learns from.

    def _catch_up(self, study: Study) -> None:
        """Tell the controller the trials it does not know, in their order."""
        for trial in study.get_trials(deepcopy=False, states=_ENDED):
            if trial.number not in self._known and trial.number not in self._proposals:
                self._prescribe(study, trial)

    def _prescribe(self, study: Study, trial: FrozenTrial) -> None:
        """Let the controller propose a trial that has ended already, and tell it what came of it."""
        used = answers_of(trial)
        with self._space.prescribed(used, force=self._forces):
            proposal = self._asked(study)
        if proposal is not None and is_followed(proposal, used):
            self._tell(study, proposal, trial, trial.state, trial.values)
        elif proposal is not None and not self._forces:
            self._forces = True
            self._prescribe(study, trial)
        else:
            self._know(trial)

    def _tell(
        self,
        study: Study,
        proposal: Proposal,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        used = answers_of(trial)
        candidate = {name: choice.value for name, choice in used.items()}
        proposal = replace(proposal, candidate=candidate, choices=used)
        self._the_controller(study).tell([_result(self._told, proposal, trial, state, values)])
        self._told += 1
        self._know(trial)

    def _know(self, trial: FrozenTrial) -> None:
        self._known.add(trial.number)
        self._space.saw(answers_of(trial))

    # What the controller proposes.

    def _proposal(self, study: Study, trial: FrozenTrial) -> Proposal | None:
        """Return what is proposed for a trial; None while no name is known."""
        if trial.number not in self._proposals:
            self._the_controller(study)
            self._catch_up(study)
            if not self._space.seen:
                return None
            proposal = self._asked(study)
            if proposal is None:
                raise Incompatible("The controller has nothing more to propose to this Optuna study.")
            self._proposals[trial.number] = proposal
        return self._proposals[trial.number]

    def _asked(self, study: Study) -> Proposal | None:
        """Ask the controller; None if it has nothing to propose."""
        controller = self._the_controller(study)
        asked = controller.ask(1, 0.0)
        if asked and not is_measured_once(asked[0]):
            raise _needs_more(type(controller))
        return asked[0] if asked else None

    def _the_controller(self, study: Study) -> Controller:
        if self._controller is None:
            self._controller = self._new_controller(study.directions)
        return self._controller

    def _new_controller(self, directions: Sequence[StudyDirection]) -> Controller:
        goals = [
            f"{'max' if direction == StudyDirection.MAXIMIZE else 'min'}:value{place}"
            for place, direction in enumerate(directions)
        ]
        made: Any = getattr(self._factory, "func", self._factory)
        if len(goals) > 1 and not getattr(made, "many_objectives", True):
            raise ValueError(f"{made.__name__} learns from one objective only, not from {len(goals)}.")
        controller = self._factory(self._space, Objectives.parse(goals), self._seed)
        _refuse_needy(type(controller))
        return controller


def _result(
    number: int, proposal: Proposal, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
) -> Result:
    """Return an outcome for a complete trial, a failure for any other."""
    curve = tuple((step, {"value0": value}) for step, value in sorted(trial.intermediate_values.items()))
    if state != TrialState.COMPLETE or values is None:
        failure = Failure("raised", f"The Optuna trial ended as {state.name}.")
        return Result(number, proposal, error=failure, curve=curve)
    metrics = {f"value{place}": float(value) for place, value in enumerate(values)}
    return Result(number, proposal, Outcome(metrics), curve=curve)


# Which controllers can be samplers.


def _refuse_unfit(cls: type[Controller]) -> None:
    """Refuse a controller that Optuna's suggestions do not suffice for.

    Raises:
        Incompatible: saying what it needs.
    """
    _refuse_needy(cls)
    if not _is_plain(cls):
        raise _needs_more(cls)


def _refuse_needy(cls: type[Controller]) -> None:
    if cls.requires:
        needs = ", ".join(capability.__name__ for capability in cls.requires)
        raise Incompatible(
            f"{cls.__name__} cannot answer Optuna's suggestions: it needs a space that is {needs}, with moves or "
            "weights, and an objective has neither.",
            f"Use a controller that needs none of these: {', '.join(samplers())}.",
        )


def _needs_more(cls: type[Controller]) -> Incompatible:
    return Incompatible(
        f"{cls.__name__} decides how long a candidate is measured, and no Optuna objective can be told.",
        "Use the controller inside as the sampler, and optuna.pruners.SuccessiveHalvingPruner beside it.",
    )


def _is_plain(cls: type[Controller]) -> bool:
    """Say whether a controller measures each candidate once and in full, as far as its first proposal shows."""
    space = SeenSpace()
    asked = cls(space, Objectives.parse(["max:value0"]), 0).ask(1, 0.0)
    return bool(asked) and is_measured_once(asked[0])
