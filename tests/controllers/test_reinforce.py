import numpy as np
import pytest

from automl.controllers._agnn.rewards import Baseline, reward
from automl.controllers._agnn.standings import Standings
from automl.controllers.random import Random
from automl.controllers.reinforce import Reinforce
from automl.core.choices import replay, run
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result
from automl.core.space import SearchSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import drive
from automl.testing.towers import TowerSpace, TowerTrainer, landscape

ACCURACY = Objectives.parse(["max:val_accuracy"])


class TestReinforceContract(ControllerContract):
    evaluations = 15
    every = 4

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Reinforce(space, objectives, seed, units=8)


class TestGraphnasContract(ControllerContract):
    evaluations = 10
    every = 5

    @pytest.fixture
    def make(self):
        graphnas = {**Reinforce.profiles["graphnas"], "units": 8}
        return lambda space, objectives, seed: Reinforce(space, objectives, seed, **graphnas)


class Bits(SearchSpace):
    """Six bits, of which the last may not equal the first."""

    def build(self, choose):
        bits = [choose(f"bit{i}", (0, 1)) for i in range(5)]
        return (*bits, choose("last", (0, 1, 2), allowed=[b for b in (0, 1, 2) if b != bits[0]]))

    def load(self, json):
        return tuple(json)


def searched(evaluations, **settings):
    controller = Reinforce(Bits(), Objectives.parse(["max:ones"]), 0, **settings)
    scores = []
    for number in range(evaluations):
        (proposal,) = controller.ask(1, 0.0)
        assert proposal.candidate[0] != proposal.candidate[-1]
        scores.append(float(sum(proposal.candidate[:5])))
        controller.tell([Result(number, proposal, Outcome({"ones": scores[-1]}))])
    return controller, scores


def test_it_learns_to_answer_well():
    controller, scores = searched(200, units=16, redraws=0, lr=1e-2)
    assert np.mean(scores[-30:]) > np.mean(scores[:30]) + 1.0
    assert controller.diagnostics()["entropy"] < 0.8 * 6 * np.log(2)
    assert controller.diagnostics()["baseline"] > 0.4


def test_on_towers_it_ends_above_chance_with_every_seed():
    for seed in range(2):
        controller = Reinforce(TowerSpace(), ACCURACY, seed, units=16)
        learned = drive(controller, controller.space, TowerTrainer(), 100, seed=seed)[-25:]
        drawn = drive(Random(TowerSpace(), ACCURACY, seed), TowerSpace(), TowerTrainer(), 25, seed=seed)
        mine, chance = (np.mean([landscape(r.proposal.candidate) for r in results]) for results in (learned, drawn))
        assert mine > chance + 0.05


def test_the_published_constants_hardly_learn():
    _, scores = searched(150, **Reinforce.profiles["graphnas"])
    assert abs(np.mean(scores[-30:]) - np.mean(scores[:30])) < 0.6


def test_nothing_is_proposed_twice_while_something_new_is_left():
    controller = Reinforce(TowerSpace(), ACCURACY, 0, units=8)
    results = drive(controller, controller.space, TowerTrainer(), 40)
    assert len({result.proposal.candidate for result in results}) == 40
    for result in results:
        again, _ = run(controller.space.build, replay(result.proposal.choices, _refuse))
        assert again == result.proposal.candidate


def entered(*scores):
    standings = Standings(ACCURACY)
    for number, score in enumerate(scores):
        result = Result(number, Proposal(number, 0, "x"), Outcome({"val_accuracy": score}))
        last = standings.enter(result)
    return standings, last


def test_rewards():
    standings, last = entered(0.2, 0.4, 0.3)
    assert reward("rank", standings, last) == pytest.approx(0.5)
    assert reward("raw", standings, last) == pytest.approx(0.3)
    assert reward("top_average", standings, last) == pytest.approx(0.0)
    standings, last = entered(*[0.1] * 5, *[0.5] * 10, 0.6)
    assert reward("top_average", standings, last) == pytest.approx(0.1)
    standings, last = entered(90.0, 10.0)
    assert reward("top_average", standings, last) == -0.5


def test_a_failure_stands_with_the_worst():
    standings, _ = entered(0.2, 0.4)
    failed = Result(2, Proposal(2, 0, "x"), error=Failure("raised", "no"))
    assert standings.enter(failed) == (0.0, 0.2)
    assert Standings(ACCURACY).enter(failed) is None


def test_beyond_a_limit_is_worse_than_within_it():
    standings = Standings(Objectives.parse(["max:val_accuracy", "params<=100"]))
    within, beyond = (
        standings.enter(Result(i, Proposal(i, 0, "x"), Outcome({"val_accuracy": accuracy, "params": params})))
        for i, (accuracy, params) in enumerate([(0.5, 90.0), (0.9, 110.0)])
    )
    assert standings.rank(beyond) < standings.rank(within)
    assert standings.raw(beyond) == 0.5


def test_a_baseline_follows_the_rewards():
    baseline = Baseline(0.9)
    assert baseline.advantage("op", 0.5) == 0.0
    assert baseline.advantage("op", 1.0) == pytest.approx(0.5)
    assert baseline.values["op"] == pytest.approx(0.55)
    assert baseline.advantage("link", 1.0) == 0.0


@pytest.mark.parametrize("settings", [{"lr": 0.0}, {"units": 0}, {"decay": 1.0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError):
        Reinforce(TowerSpace(), ACCURACY, 0, **settings)


def test_two_objectives_are_refused():
    with pytest.raises(Incompatible, match="one objective"):
        Reinforce(TowerSpace(), Objectives.parse(["max:val_accuracy", "min:params"]), 0)


def _refuse(name, domain, allowed):
    raise AssertionError(f"{name} was not replayed")
