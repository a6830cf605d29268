"""The controller on circuits: the contract, and hydrogen on two qubits."""

import pytest

from automl.controllers.double_dqn import DoubleDqn
from automl.core.objectives import Objectives
from automl.search_spaces.circuits.space import CircuitSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.trainers.circuits import CircuitsTrainer

ENERGY = Objectives.parse(["min:priced_energy"])
CHEMICAL_ACCURACY = 1.6e-3


@pytest.fixture(scope="module")
def hydrogen():
    return CircuitsTrainer("h2-2q")


def circuits(trainer, **settings):
    return CircuitSpace(qubits=2, lower_bound=trainer.facts()["lower_bound"], **settings)


class TestDoubleDqnOnCircuits(ControllerContract):
    evaluations = 30
    every = 10

    @pytest.fixture
    def space(self, hydrogen):
        return circuits(hydrogen, max_gates=6)

    @pytest.fixture
    def trainer(self, hydrogen):
        return hydrogen

    @pytest.fixture
    def make(self):
        small = {"hidden": (16,), "batch": 16, "learn_every": 2, "overtime": 1}
        return lambda space, objectives, seed: DoubleDqn(space, objectives, seed, **small)


def errors(trainer, episodes, **settings):
    """Return the lowest error of each episode."""
    space = circuits(trainer, max_gates=8)
    course = follow(DoubleDqn(space, ENERGY, 0, **settings), space, trainer, 9 * episodes)
    lowest = dict.fromkeys(course.closed, 9.0)
    for result in course.results:
        trial = result.proposal.trial
        if trial in lowest:
            lowest[trial] = min(lowest[trial], result.metrics["error"])
    return list(lowest.values())


def test_it_learns_to_solve_hydrogen(hydrogen):
    found = errors(hydrogen, 120, learn_every=2, epsilon_decay=0.99)
    late = found[-len(found) // 3 :]
    assert min(found) < 1e-6
    assert sum(error < CHEMICAL_ACCURACY for error in late) > 0.7 * len(late)


def test_a_pruning_move_does_not_make_an_episode_endless(hydrogen):
    space = circuits(hydrogen, max_gates=4, pruning=True)
    course = follow(DoubleDqn(space, ENERGY, 0, most_moves=10), space, hydrogen, 60)
    assert len(course.closed) >= 5


def test_published_settings_run(hydrogen):
    space = circuits(hydrogen, masking="paper", symmetry="wires", max_gates=6)
    paper = {**DoubleDqn.profiles["paper"], "hidden": (32,) * 5, "batch": 32, "start_bar": 0.97}
    controller = DoubleDqn(space, ENERGY, 0, **paper)
    course = follow(controller, space, hydrogen, 80)
    assert controller.diagnostics()["updates"] > 10
    assert len(course.closed) > 10
