"""Population based training."""

import functools

import numpy as np
import pytest
from counted_spaces import SharedCnns, SharedGnns
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.controllers._pbt.explore import explored
from automl.controllers.pbt import Pbt
from automl.controllers.random import Random
from automl.core.choices import at_random, run
from automl.core.domains import Integers, Options, Reals
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer
from automl.testing.controllers import ControllerContract
from automl.testing.drive import drive

LOSS = Objectives.parse(["min:loss"])


class TestPbt(ControllerContract):
    evaluations = 40
    every = 4

    @pytest.fixture
    def make(self):
        return functools.partial(Pbt, population=4, interval=0.25)


class Counting(Trainer):
    """Measures any candidate of a space by how much there is to say about it, and counts how long it was trained."""

    metrics = {"val_accuracy": "max", "size": "min"}

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        trained = effort + (float(weights["trained"][0]) if weights else 0.0)
        size = float(len(repr(candidate)))
        value = np.tanh(size / 2000) * (1 - np.exp(-trained)) + 0.01 * np.random.default_rng(seed).standard_normal()
        return Outcome({"val_accuracy": value, "size": size}, {"trained": np.array([trained])})


@pytest.mark.parametrize("space", [SharedCnns(), SharedGnns()], ids=["cnn", "gnn"])
class TestOnRealSpaces(ControllerContract):
    evaluations = 24
    every = 8

    @pytest.fixture
    def make(self):
        return functools.partial(Pbt, population=4, interval=0.25)

    @pytest.fixture
    def trainer(self):
        return Counting()


class RateSpace(SearchSpace):
    """A step size, and a name for the optimiser."""

    def build(self, choose):
        return choose("rate", Reals(1e-3, 1.0, log=True)), choose("optimiser", ("sgd", "other"))

    def load(self, json):
        return tuple(json)

    def inherit(self, child, parent, weights):
        return {name: array.copy() for name, array in weights.items()}


class NoisyDescent(Trainer):
    """Stochastic gradient descent on a bowl of 50 dimensions, 200 iterations for effort 1.

    A constant rate must choose between arriving late and jumping about in the end; a falling one need not.
    """

    metrics = {"loss": "min"}
    cost_unit = "iterations"

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        rng, rate = np.random.default_rng(seed), candidate[0]
        w = weights["w"].copy() if weights else np.full(50, 10.0)
        slopes = np.geomspace(0.05, 1.0, 50)
        for noise in rng.standard_normal((round(200 * effort), 50)):
            w -= rate * (w * slopes + noise)
        return Outcome({"loss": float(np.mean(w**2))}, {"w": w}, cost=200 * effort)


def best_at_the_end(results):
    return min(r.metrics["loss"] for r in results if not r.proposal.tentative)


def test_a_schedule_beats_the_best_constant_of_random_search():
    """Equal iterations: 8 members of 8 steps, or 8 whole trainings. Seeds 0 to 9."""
    space, trainer = RateSpace(), NoisyDescent()
    pbt = np.array([best_at_the_end(drive(Pbt(space, LOSS, s), space, trainer, 64, seed=s)) for s in range(10)])
    chance = np.array([best_at_the_end(drive(Random(space, LOSS, s), space, trainer, 8, seed=s)) for s in range(10)])
    assert np.median(pbt) < np.median(chance)
    assert np.mean(pbt < chance) >= 0.7


def test_the_worst_go_on_from_the_best_and_the_others_from_themselves():
    space, trainer = RateSpace(), NoisyDescent()
    results = drive(Pbt(space, LOSS, 0), space, trainer, 64)
    at = {r.id: r for r in results}
    copied = [r for r in results if r.proposal.step and at[r.proposal.parent].proposal.trial != r.proposal.trial]
    assert len(copied) >= 7
    for result in results:
        proposal = result.proposal
        if not proposal.step:
            assert proposal.parent is None
            continue
        origin = at[proposal.parent]
        assert origin.proposal.step == proposal.step - 1  # trained for just as long
        step = sorted(r.metrics["loss"] for r in results if r.proposal.step == proposal.step - 1)
        if result in copied:
            assert origin.metrics["loss"] <= step[1]
            ratio = proposal.candidate[0] / origin.proposal.candidate[0]
            redrawn = ratio != pytest.approx(0.8) and ratio != pytest.approx(1.25)
            assert redrawn or proposal.candidate[1] == origin.proposal.candidate[1]
            assert proposal.choices["rate"].value == proposal.candidate[0]
        else:
            assert proposal.candidate == origin.proposal.candidate
    assert [r.proposal.tentative for r in results if r.proposal.trial == 3] == [True] * 7 + [False]
    assert {r.proposal.effort for r in results} == {0.125}


class Alike(Trainer):
    """Cannot tell candidates apart."""

    metrics = {"loss": "min"}

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        return Outcome({"loss": 1.0}, {"trained": np.zeros(1)})


def test_nobody_copies_an_equal():
    controller = Pbt(SharedCnns(), LOSS, 0, population=4, interval=0.25)
    results = drive(controller, controller.space, Alike(), 16)
    assert controller.diagnostics()["exploited"] == 0
    trial_of = {result.id: result.proposal.trial for result in results}
    continued = [result.proposal for result in results if result.proposal.parent is not None]
    assert len(continued) == 12
    assert all(trial_of[proposal.parent] == proposal.trial for proposal in continued)


def test_a_member_that_fails_goes_on_from_one_of_the_best():
    space = RateSpace()
    results = drive(
        Pbt(space, LOSS, 0), space, NoisyDescent(), 64, faults=lambda number: "fail" if number in (3, 12) else None
    )
    at = {r.id: r for r in results}
    for failed in (at[3], at[12]):
        after = [r for r in results if r.proposal.trial == failed.proposal.trial and r.id > failed.id]
        assert after
        assert at[after[0].proposal.parent].proposal.trial != failed.proposal.trial


def test_another_population_begins_when_one_is_done():
    space = RateSpace()
    results = drive(Pbt(space, LOSS, 0, population=4, interval=0.5), space, NoisyDescent(), 24)
    assert [r.proposal.trial // 4 for r in results] == [0] * 8 + [1] * 8 + [2] * 8


DOMAINS = st.one_of(
    st.builds(lambda low, n, log: Integers(low, low + n, 1, log), st.integers(1, 9), st.integers(0, 50), st.booleans()),
    st.builds(lambda low, span: Integers(low, low + 3 * span, 3), st.integers(-9, 9), st.integers(0, 9)),
    st.builds(lambda low, span: Reals(low, low + span), st.floats(-2, 2), st.floats(0, 3)),
    st.just(Options((1, 2, 4, 8))), st.just(Options(("a", "b", "c"))), st.just(Options((False, True))),
)  # fmt: skip


@settings(max_examples=200)
@given(DOMAINS, st.integers(0, 1000), st.sampled_from([0.0, 0.5]), st.booleans())
def test_what_is_explored_stays_in_its_domain(domain, seed, resample, names):
    rng = np.random.default_rng(seed)
    _, genome = run(lambda choose: choose("x", domain), at_random(rng))
    value, _ = run(lambda choose: choose("x", domain), explored(genome, resample, rng, names=names))
    assert value in domain
    if resample == 0 and domain == Options(("a", "b", "c")):
        assert value == genome["x"].value
    if resample == 0 and domain == Options((1, 2, 4, 8)):
        assert abs(domain.values.index(value) - domain.values.index(genome["x"].value)) <= 1
    if resample == 0 and isinstance(domain, Reals) and genome["x"].value > 0:
        known = genome["x"].value
        assert value == pytest.approx(np.clip(known * (0.8 if value < known else 1.25), domain.low, domain.high))


def test_what_is_explored_is_allowed():
    _, genome = run(lambda choose: choose("x", (1, 2, 4, 8)), lambda name, domain, allowed: 4)
    for seed in range(20):
        answer = explored(genome, 0.3, np.random.default_rng(seed), names=False)
        assert run(lambda choose: choose("x", (1, 2, 4, 8), allowed=[1, 2]), answer)[0] in (1, 2)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"interval": 0.9}, "interval"), ({"share": 0.8}, "share"), ({"population": 3}, "is nobody"),
        ({"resample": 2.0}, "resample"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(given_, said):
    with pytest.raises(UsageError, match=said):
        Pbt(RateSpace(), LOSS, 0, **given_)
