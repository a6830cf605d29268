"""Optuna's own conformance suites, on every controller that answers names, and what they do not cover."""

import functools
import pickle

import optuna
import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
)

from automl.controllers.bayesian import Bayesian
from automl.controllers.evolution import Evolution
from automl.controllers.hill_climb import HillClimb
from automl.controllers.random import Random
from automl.core.errors import Incompatible
from automl.integrations.optuna import AsOptunaSampler

optuna.logging.set_verbosity(optuna.logging.WARNING)
CONTROLLERS = {
    "random": Random,
    "evolution": functools.partial(Evolution, population=4, sample=2),
    "bayesian": functools.partial(Bayesian, startup=4),
}


class _Samplers:
    @pytest.fixture(params=sorted(CONTROLLERS))
    def sampler(self, request):
        return lambda: AsOptunaSampler(CONTROLLERS[request.param])


class TestBasic(_Samplers, BasicSamplerTestCase):
    pass


class TestRelative(_Samplers, RelativeSamplerTestCase):
    pass


class TestMultiObjective(_Samplers, MultiObjectiveSamplerTestCase):
    pass


def objective(trial):
    kind = trial.suggest_categorical("kind", ["near", "far"])
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_int("y", 0, 20, step=2)
    z = trial.suggest_float("far/z", 0, 1, step=0.25) if kind == "far" else 0.0
    return x**2 + (y - 8) ** 2 + 10 * (kind == "far") + z


def best(controller, seed, n_trials=60):
    study = optuna.create_study(sampler=AsOptunaSampler(controller, seed))
    study.optimize(objective, n_trials=n_trials)
    return study.best_value


def test_the_same_seed_gives_the_same_trials():
    for controller in CONTROLLERS.values():
        assert best(controller, 3, 20) == best(controller, 3, 20) != best(controller, 4, 20)


def test_a_controller_that_learns_beats_chance_through_optuna():
    chance = sum(best(Random, seed) for seed in range(6))
    assert sum(best(CONTROLLERS["evolution"], seed) for seed in range(6)) < 0.7 * chance


def test_failed_and_pruned_trials_are_survived():
    def fragile(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        if trial.number % 3 == 2:
            raise RuntimeError
        return x

    for controller in CONTROLLERS.values():
        study = optuna.create_study(sampler=AsOptunaSampler(controller))
        study.optimize(fragile, n_trials=15, catch=RuntimeError)
        assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 5


def test_a_sampler_survives_pickling():
    sampler = AsOptunaSampler(Evolution)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=15)
    study.sampler = pickle.loads(pickle.dumps(sampler))
    study.optimize(objective, n_trials=15)
    assert len(study.trials) == 30


def test_a_controller_that_needs_more_than_names_is_refused():
    study = optuna.create_study(sampler=AsOptunaSampler(HillClimb))
    with pytest.raises(Incompatible, match="Growable"):
        study.optimize(objective, n_trials=1)
