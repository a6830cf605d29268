"""Successive halving, Hyperband and racing over seeds around other controllers."""

import functools
from dataclasses import dataclass

import numpy as np
import pytest
from counted_spaces import SharedCnns, SharedGnns

from automl.controllers.bayesian import Bayesian
from automl.controllers.evolution import Evolution
from automl.controllers.halving import Halving
from automl.controllers.hill_climb import HillClimb
from automl.controllers.random import Random
from automl.core.domains import Reals
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.judging import Judging
from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer
from automl.settings import assign, complete
from automl.testing.controllers import ControllerContract
from automl.testing.drive import drive


class TestAroundBayesian(ControllerContract):
    evaluations = 24
    every = 6

    @pytest.fixture
    def make(self):
        return functools.partial(Halving, inner=functools.partial(Bayesian, startup=4), eta=2, min_effort=0.25)


class TestAroundEvolutionWithSeeds(ControllerContract):
    evaluations = 24
    every = 3

    @pytest.fixture
    def make(self):
        return functools.partial(Halving, inner=Evolution, seeds=3, brackets=2, min_effort=1 / 9)


class TestAroundGrowth(ControllerContract):
    """The controller inside inherits weights itself."""

    evaluations = 24
    every = 3

    @pytest.fixture
    def make(self):
        return functools.partial(Halving, inner=HillClimb, seeds=2, min_effort=0.5, eta=2)


class Sized(Trainer):
    """Measures any candidate of a space by how much there is to say about it, with noise that fades with effort."""

    metrics = {"val_accuracy": "max", "size": "min"}

    def fingerprint(self):
        return "sized"

    def train(self, candidate, *, effort, weights, seed, report):
        trained = effort + (float(weights["trained"][0]) if weights else 0.0)
        size = float(len(repr(candidate)))
        noise = 0.1 * np.random.default_rng(seed).standard_normal() / trained
        return Outcome({"val_accuracy": np.tanh(size / 2000) + noise, "size": size}, {"trained": np.array([trained])})


@pytest.mark.parametrize("space", [SharedCnns(), SharedGnns()], ids=["cnn", "gnn"])
class TestOnRealSpaces(ControllerContract):
    evaluations = 16
    every = 8

    @pytest.fixture
    def make(self):
        return functools.partial(Halving, inner=Random, seeds=2)

    @pytest.fixture
    def trainer(self):
        return Sized()


@dataclass(frozen=True, slots=True)
class Dial:
    """One number."""

    x: float


class DialSpace(SearchSpace[Dial]):
    """Dials from 0 to 1; with `inherits` a dial goes on where another of the same number stopped."""

    def build(self, choose):
        return Dial(choose("x", Reals(0.0, 1.0)))

    def load(self, json):
        return Dial(**json)


class InheritableDials(DialSpace):
    def inherit(self, child, parent, weights):
        return {name: array.copy() for name, array in weights.items()}


class DialTrainer(Trainer):
    """A bowl seen through a measurement that converges with effort and is noisy from seed to seed.

    value = -(x - 0.3)² - bias(x) (1 - trained) + noise; `bias` shuffles early values a little, the same on every seed.
    """

    metrics = {"value": "max"}
    cost_unit = "effort"

    def __init__(self, *, noise: float = 0.0, shuffle: float = 0.0) -> None:
        self.noise, self.shuffle = noise, shuffle

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        trained = effort + (float(weights["trained"][0]) if weights else 0.0)
        early = self.shuffle * np.sin(1e4 * candidate.x) * max(0.0, 1.0 - trained)
        noise = self.noise * np.random.default_rng(seed).standard_normal()
        value = true_value(candidate) + early + noise
        return Outcome({"value": value}, {"trained": np.array([trained])}, cost=effort)


def true_value(candidate):
    return -((candidate.x - 0.3) ** 2)


VALUE = Objectives.parse(["max:value"])


def trials_of(results):
    paths = {}
    for result in results:
        paths.setdefault(result.proposal.trial, []).append(result)
    return paths


def best_trial(results):
    """Return the results of the trial that a study would name the best."""
    judged = {}
    for trial, path in trials_of(results).items():
        judged[trial] = Judging(VALUE)
        for result in path:
            judged[trial].add(result)
    stands = {t: j for t, j in judged.items() if j.judged}
    return max(stands.values(), key=lambda j: (not j.tentative, j.metrics["value"]))


@pytest.mark.parametrize(("space", "most"), [(DialSpace(), 0.78), (InheritableDials(), 0.65)], ids=["afresh", "on"])
def test_halving_finds_the_same_best_for_less(space, most):
    """The same 60 candidates, whose early values are correlated with their late ones."""
    trainer, count = DialTrainer(shuffle=0.05), 60
    for seed in range(3):
        whole = drive(Random(space, VALUE, seed), space, trainer, count)
        halving = Halving(space, VALUE, seed, inner=Random)
        found = drive(halving, space, trainer, 4 * count)
        found = [r for r in found if r.proposal.trial < count]
        assert best_trial(found).judged.proposal.candidate == best_trial(whole).judged.proposal.candidate
        assert sum(r.outcome.cost for r in found) <= most * sum(r.outcome.cost for r in whole)


def test_rungs_continue_the_weights_of_the_trial_and_add_up_to_the_whole_effort():
    space = InheritableDials()
    results = drive(Halving(space, VALUE, 0, inner=Random, eta=2, min_effort=0.25), space, DialTrainer(), 40)
    first = trials_of(results)[0]  # the first trial always gets to the end
    assert [r.proposal.effort for r in first] == [0.25, 0.25, 0.5]
    assert [r.proposal.parent for r in first] == [None, first[0].id, first[1].id]
    assert [r.proposal.tentative for r in first] == [True, True, False]
    assert all(len(path) <= 3 for path in trials_of(results).values())
    afresh = drive(Halving(DialSpace(), VALUE, 0, inner=Random, eta=2, min_effort=0.25), space, DialTrainer(), 40)
    assert [r.proposal.effort for r in trials_of(afresh)[0]] == [0.25, 0.5, 1.0]
    assert all(r.proposal.parent is None for r in afresh)


def test_about_one_in_eta_climbs_on_and_only_the_best():
    shares = []
    for seed in range(5):
        halving = Halving(DialSpace(), VALUE, seed, inner=Random, eta=3, min_effort=1 / 9)
        paths = trials_of(drive(halving, DialSpace(), DialTrainer(), 200)).values()
        climbed = np.array([len(path) > 1 for path in paths])
        values = np.array([true_value(path[0].proposal.candidate) for path in paths])
        assert values[climbed].mean() > np.quantile(values, 0.7)
        shares.append(climbed.mean())
    assert 0.3 <= np.mean(shares) <= 0.4


def test_brackets_share_trials_out_as_hyperband_does():
    space = DialSpace()
    halving = Halving(space, VALUE, 0, inner=Random, eta=3, min_effort=1 / 9, brackets=3)
    results = drive(halving, space, DialTrainer(), 400)
    starts = [path[0].proposal.effort for path in trials_of(results).values()]
    share = [np.mean(np.isclose(starts, effort)) for effort in (1 / 9, 1 / 3, 1.0)]
    assert share == pytest.approx([9 / 17, 5 / 17, 3 / 17], abs=0.02)


class Board(SearchSpace):
    """Four dials, so that good candidates are rare."""

    def build(self, choose):
        return tuple(choose(f"dial{i}", Reals(0.0, 1.0)) for i in range(4))

    def load(self, json):
        return tuple(json)


def board_value(candidate):
    return -sum((x - 0.3) ** 2 for x in candidate)


class BoardTrainer(DialTrainer):
    """The sum of four bowls, whose standard deviation over random candidates is 0.27, with noise of 0.25."""

    def train(self, candidate, *, effort, weights, seed, report):
        return Outcome({"value": board_value(candidate) + 0.25 * np.random.default_rng(seed).standard_normal()})


def winner(seed, runs, level):
    """Spend so many runs; return the true value of what is named the best."""
    halving = Halving(Board(), VALUE, seed, inner=Random, min_effort=1.0, seeds=3, level=level)
    results = drive(halving, Board(), BoardTrainer(), runs, seed=seed)
    return board_value(best_trial(results).judged.proposal.candidate)


@pytest.mark.slow
def test_racing_beats_fixed_repetition_at_equal_runs():
    """Ninety runs, as thirty candidates with three seeds each, or as many as the race allows. Seeds 0 to 99."""
    raced = np.array([winner(seed, 90, 0.1) for seed in range(100)])
    fixed = np.array([winner(seed, 90, 0.0) for seed in range(100)])
    assert raced.mean() > fixed.mean()
    assert np.mean(raced > fixed) + 0.5 * np.mean(raced == fixed) >= 0.55


def test_who_is_clearly_worse_gets_no_further_seed():
    halving = Halving(DialSpace(), VALUE, 0, inner=Random, min_effort=1.0, seeds=3)
    paths = trials_of(drive(halving, DialSpace(), DialTrainer(noise=0.01), 90)).values()
    assert next(len(path) for path in paths) == 3  # nobody to compare it with
    raced = [path for path in paths if len(path) == 3]
    dropped = [path for path in list(paths)[:-1] if len(path) < 3]
    assert np.mean([true_value(p[0].proposal.candidate) for p in raced]) > -0.05
    assert np.mean([true_value(p[0].proposal.candidate) for p in dropped]) < -0.05
    for path in raced:
        assert [r.proposal.repeats for r in path] == [None, path[0].id, path[0].id]
        assert [r.proposal.tentative for r in path] == [True, True, False]
        assert [r.proposal.effort for r in path] == [1.0] * 3


def test_the_controller_inside_is_told_one_result_per_trial():
    told = []

    class Listens(Random):
        def tell(self, results):
            told.extend(results)
            return super().tell(results)

    space = DialSpace()
    halving = Halving(space, VALUE, 0, inner=Listens, seeds=2, level=0.0)
    results = drive(halving, space, DialTrainer(noise=0.1), 40, faults=lambda number: "fail" if number == 8 else None)
    assert [r.proposal.trial for r in told] == sorted({r.proposal.trial for r in told})
    for one in told:
        path = trials_of(results)[one.proposal.trial]
        top = [r.metrics["value"] for r in path if r.proposal.effort == path[-1].proposal.effort and r.outcome]
        assert one.proposal.step == 0
        assert one.error is path[0].error if not top else one.metrics["value"] == pytest.approx(np.mean(top))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"eta": 1}, "eta"), ({"min_effort": 0.0}, "min_effort"), ({"brackets": 3}, "brackets must be 1 to 2"),
        ({"seeds": 0}, "seeds"), ({"level": 0.7}, "level"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(settings, said):
    with pytest.raises(UsageError, match=said):
        Halving(DialSpace(), VALUE, 0, **settings)


def test_a_controller_inside_that_does_not_fit_is_refused():
    with pytest.raises(Incompatible, match="Growable"):
        Halving(DialSpace(), VALUE, 0, inner=HillClimb)


def test_the_controller_inside_is_set_by_name_with_its_settings():
    chosen = assign({"inner": "bayesian startup=5 sampler=random", "seeds": "2"}, {"controller": Halving})["controller"]
    made = Halving(DialSpace(), VALUE, 0, **chosen)
    assert (made.seeds, type(made.inner), made.inner.startup, made.inner.sampler) == (2, Bayesian, 5, "random")
    assert complete(Halving, chosen, {})["inner"] == "bayesian startup=5 sampler=random"
    assert complete(Halving, {}, {})["inner"] == "bayesian"
    with pytest.raises(UnknownName, match="Did you mean 'bayesian'"):
        assign({"inner": "bayesan"}, {"controller": Halving})
    with pytest.raises(UnknownName, match="startup"):
        assign({"inner": "bayesian startups=5"}, {"controller": Halving})
