"""Optuna's own conformance suites, on every registered controller that can be a sampler."""

import optuna
import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from automl import registry
from automl.integrations.optuna import sampler as make
from automl.integrations.optuna import samplers

optuna.logging.set_verbosity(optuna.logging.WARNING)
NAMES = samplers()
MANY = [name for name in NAMES if registry.load("controllers", name).many_objectives]
SMALL = {"evolution": {"population": 4, "sample": 2}, "bayesian": {"startup": 4}}
"""Settings with which so few trials are enough to learn from."""


def of(name):
    return lambda: make(name, **SMALL.get(name, {}))


class _Samplers:
    @pytest.fixture(params=NAMES)
    def sampler(self, request):
        return of(request.param)


class TestBasic(_Samplers, BasicSamplerTestCase):
    pass


class TestRelative(_Samplers, RelativeSamplerTestCase):
    pass


class TestMultiObjective(MultiObjectiveSamplerTestCase):
    @pytest.fixture(params=MANY)
    def sampler(self, request):
        return of(request.param)


class TestSingleOnly(SingleOnlySamplerTestCase):
    @pytest.fixture(params=sorted({*NAMES} - {*MANY}))
    def sampler(self, request):
        return of(request.param)


def test_the_controllers_that_ask_nothing_but_names_are_among_them():
    assert {"random", "evolution", "bayesian", "conservative", "reinforce"} <= {*NAMES}
    assert {"halving", "anneal", "hill_climb", "pbt", "double_dqn"}.isdisjoint(NAMES)
