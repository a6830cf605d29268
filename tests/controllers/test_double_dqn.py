"""The controller as a whole, on a space of words whose best word is known."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from automl.controllers.double_dqn import DoubleDqn
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.core.space import Bounded, SearchSpace, Sequential
from automl.core.trainer import Trainer
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow

LENGTH = 8
BEST = "abcabcab"
MISMATCH = Objectives.parse(["min:mismatch"])
SMALL = {"hidden": (16,), "batch": 16, "learn_every": 2, "shift_every": 11, "overtime": 0}


@dataclass(frozen=True)
class Word:
    letters: str = ""


class WordSpace(SearchSpace[Word]):
    """Words of three letters; no letter follows itself. The bound lies one below the best."""

    def __init__(self, lowest: float | None = -1.0):
        self.lowest = lowest

    def build(self, choose):
        return Word(BEST)

    def load(self, json):
        return Word(json["letters"])

    def root(self):
        return Word()

    def alphabet(self):
        return ("a", "b", "c")

    def moves(self, candidate):
        full = len(candidate.letters) >= LENGTH
        return [] if full else [letter for letter in "abc" if not candidate.letters.endswith(letter)]

    def apply(self, candidate, move):
        return Word(candidate.letters + move)

    def observe(self, candidate):
        seen = np.zeros((LENGTH, 3))
        for place, letter in enumerate(candidate.letters):
            seen[place, "abc".index(letter)] = 1.0
        return seen

    def bound(self):
        return self.lowest

    def inherit(self, child, parent, weights):
        return {name: array.copy() for name, array in weights.items()}


def mismatch(word: str) -> float:
    """Return the share of the best word that is missing or wrong, judged up to the first wrong letter."""
    right = next((i for i, letter in enumerate(word) if letter != BEST[i]), len(word))
    return 1.0 - right / LENGTH


class WordTrainer(Trainer):
    """Measures the mismatch; the weights count the steps of the episode."""

    accepts = ("words",)
    metrics = {"mismatch": "min", "length": "max"}
    default_budget = {"trials": 60}

    def __init__(self):
        pass

    def fingerprint(self):
        return "words"

    def train(self, candidate, *, effort, weights, seed, report):
        steps = 1.0 + (weights["steps"][0] if weights else 0.0)
        metrics = {"mismatch": mismatch(candidate.letters), "length": float(len(candidate.letters))}
        return Outcome(metrics, weights={"steps": np.array([steps])})


class WordContract(ControllerContract):
    evaluations = 40
    every = 8

    @pytest.fixture
    def space(self):
        return WordSpace()

    @pytest.fixture
    def trainer(self):
        return WordTrainer()


class TestDoubleDqnContract(WordContract):
    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: DoubleDqn(space, objectives, seed, **SMALL, halting="negative_binomial")


class TestPaperContract(WordContract):
    every = 20

    @pytest.fixture
    def make(self):
        paper = {
            **DoubleDqn.profiles["paper"],
            "hidden": (32,) * 5,
            "batch": 16,
            "copy_every": 5,
            "shift_every": 11,
            "overtime": 0,
        }
        return lambda space, objectives, seed: DoubleDqn(space, objectives, seed, **paper)


def searched(episodes, space=None, seed=0, **settings):
    controller = DoubleDqn(space or WordSpace(), MISMATCH, seed, **{**SMALL, **settings})
    return controller, follow(controller, controller.space, WordTrainer(), episodes * LENGTH)


def test_the_space_has_what_the_controller_uses():
    assert isinstance(WordSpace(), Sequential)
    assert isinstance(WordSpace(), Bounded)


def test_an_episode_is_a_trial_that_grows_by_one_move_a_step():
    _, course = searched(3)
    for trial in (0, 1):
        words = [p.candidate.letters for p in course.proposals if p.trial == trial]
        assert [len(word) for word in words] == list(range(1 - (trial == 0), LENGTH + 1))
        assert all(longer[:-1] == shorter for shorter, longer in itertools.pairwise(words))


def test_weights_come_from_the_step_before():
    _, course = searched(3)
    for result in course.results:
        assert result.outcome.weights["steps"][0] == 1.0 + len(result.proposal.candidate.letters)


def test_it_learns_the_best_word():
    """A random walk finds all eight letters once in 3 * 2**7 = 384 episodes."""
    _, course = searched(120, overtime=2)
    assert min(mismatch(p.candidate.letters) for p in course.proposals) == 0.0


def test_episodes_run_side_by_side():
    controller = DoubleDqn(WordSpace(), MISMATCH, 0, **SMALL)
    course = follow(controller, controller.space, WordTrainer(), 40, workers=3)
    together = [event.proposals for event in course.events if hasattr(event, "proposals")]
    assert max(len({p.trial for p in proposals}) for proposals in together) == 3


class Steps:
    """A controller whose values the test decides, step by step."""

    def __init__(self, objectives=MISMATCH, space=None, **settings):
        self.controller = DoubleDqn(space or WordSpace(), objectives, 0, **{**SMALL, **settings})
        self.told = 0

    def step(self, value):
        (proposal,) = self.controller.ask(1, 0.0)
        number, self.told = self.told, self.told + 1
        metric = self.controller.objectives.goals[0].metric
        if value is None:
            result = Result(number, proposal, error=Failure("raised", ""))
        else:
            result = Result(number, proposal, Outcome({metric: value}))
        return proposal, tuple(self.controller.tell([result]))


def test_a_success_ends_the_episode_and_the_next_starts_anew():
    steps = Steps(start_bar=0.5)
    assert steps.step(1.0)[1] == ()
    assert steps.step(0.0)[1] == ()
    assert steps.step(-0.6)[1] == (0,)
    proposal, _ = steps.step(1.0)
    assert (proposal.trial, proposal.step, len(proposal.candidate.letters), proposal.parent) == (1, 0, 1, 0)
    assert steps.controller.diagnostics()["successes"] == 1.0


def test_a_maximised_objective_is_turned_around():
    steps = Steps(Objectives.parse(["max:match"]), WordSpace(lowest=2.0), start_bar=0.5)
    assert [steps.step(value)[1] for value in (0.0, 1.4, 1.6)] == [(), (), (0,)]


def test_a_failed_step_ends_the_episode():
    steps = Steps()
    steps.step(1.0)
    steps.step(0.9)
    assert steps.step(None)[1] == (0,)
    assert steps.controller.diagnostics()["replay"] == 2.0


def test_a_failed_root_is_measured_again():
    steps = Steps()
    assert steps.step(None)[1] == (0,)
    proposal, closed = steps.step(1.0)
    assert (proposal.trial, proposal.candidate, closed) == (1, Word(), ())


def test_with_a_lag_a_success_counts_one_step_late():
    steps = Steps(start_bar=0.5, lagged_reward=True)
    assert [steps.step(value)[1] for value in (1.0, -0.6, 0.5)] == [(), (), (0,)]


def test_episodes_have_at_most_so_many_moves():
    steps = Steps(most_moves=2)
    assert [steps.step(1.0)[1] for _ in range(3)] == [(), (), (0,)]


def test_halting_ends_episodes_early():
    halted = {"halting": "negative_binomial", "halting_failures": 3, "halting_range": (2, 5), "halting_draws": 1}
    _, course = searched(20, **halted)
    lengths = [len([p for p in course.proposals if p.trial == trial]) for trial in range(1, 15)]
    assert min(lengths) >= 3
    assert max(lengths) <= 6
    assert len(set(lengths)) > 1


def test_without_a_bound_gaps_are_measured_from_the_lowest_value():
    steps = Steps(space=WordSpace(lowest=None), start_bar=0.25)
    for value in (1.0, 0.5):
        steps.step(value)
    assert steps.controller.diagnostics()["lowest_gap"] == 0.0
    _, course = searched(40, space=WordSpace(lowest=None))
    assert len(course.closed) > 30


def test_only_legal_moves_are_made():
    _, course = searched(60)
    assert all(a != b for p in course.proposals for a, b in itertools.pairwise(p.candidate.letters))


def test_how_far_away_the_bound_is_makes_no_difference():
    near, far = (searched(40, space=WordSpace(lowest=lowest), overtime=2)[1] for lowest in (-1.0, -100.0))
    assert near.proposals == far.proposals


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": ()},
        {"batch": 0},
        {"gamma": 1.5},
        {"epsilon_end": 0.0},
        {"halting_range": (5, 2)},
        {"curriculum": "fixed"},
        {"most_moves": 0},
        {"elite": -1},
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(UsageError):
        DoubleDqn(WordSpace(), MISMATCH, 0, **wrong)
