import pytest

from automl.controllers.hill_climb import HillClimb
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.testing.towers import Tower, TowerSpace, TowerTrainer

ACCURACY = Objectives.parse(["max:val_accuracy"])
BOTH = Objectives.parse(["max:val_accuracy", "min:params"])


class TestHillClimbContract(ControllerContract):
    every = 3

    @pytest.fixture
    def make(self):
        return HillClimb


class TestPaperContract(ControllerContract):
    every = 7

    @pytest.fixture
    def make(self):
        paper = HillClimb.profiles["paper"]
        return lambda space, objectives, seed: HillClimb(space, objectives, seed, **paper)


class Climb:
    """A hill climb on towers whose accuracies the test decides, evaluation by evaluation."""

    def __init__(self, objectives=ACCURACY, **settings):
        self.controller = HillClimb(TowerSpace(), objectives, 0, **settings)
        self.told = 0

    def ask(self, n=1):
        return self.controller.ask(n, 0.0)

    def tell(self, proposal, accuracy, params=100.0):
        number, self.told = self.told, self.told + 1
        if accuracy is None:
            result = Result(number, proposal, error=Failure("raised", ""))
        else:
            result = Result(number, proposal, Outcome({"val_accuracy": accuracy, "params": params}))
        self.controller.tell([result])
        return number

    def started(self):
        self.tell(self.ask()[0], 0.5)
        return self


def test_it_starts_from_the_root_and_waits_for_it():
    climb = Climb(root_effort=3.0)
    (root,) = climb.ask(4)
    assert (root.candidate, root.parent, root.effort) == (TowerSpace().root(), None, 3.0)
    assert climb.ask(3) == []
    climb.tell(root, 0.5)
    assert [child.parent for child in climb.ask(4)] == [0, 0, 0, 0]


def test_the_best_child_leads_the_next_round():
    climb = Climb(children=3).started()
    for accuracy in (0.6, 0.8, 0.7):
        climb.tell(climb.ask()[0], accuracy)
    assert climb.ask()[0].parent == 2
    assert climb.controller.parents() == {2}


def test_a_failed_child_counts_but_never_leads():
    climb = Climb(children=2).started()
    climb.tell(climb.ask()[0], None)
    climb.tell(climb.ask()[0], None)
    assert climb.ask()[0].parent == 0


@pytest.mark.parametrize(("tolerance", "leader"), [(0.0, 0), (0.05, 1), (None, 1)])
def test_a_child_within_tolerance_leads(tolerance, leader):
    climb = Climb(children=1, tolerance=tolerance).started()
    climb.tell(climb.ask()[0], 0.46)
    assert climb.ask()[0].parent == leader


def test_a_far_worse_child_leads_only_where_everything_is_accepted():
    climb = Climb(children=1, tolerance=0.05).started()
    climb.tell(climb.ask()[0], 0.3)
    assert climb.ask()[0].parent == 0


def test_a_late_child_competes_in_the_round_in_which_it_arrives():
    climb = Climb(children=2).started()
    late, *prompt = climb.ask(3)
    for child in prompt:
        climb.tell(child, 0.6)
    assert climb.ask()[0].parent == 1
    number = climb.tell(late, 0.9)
    climb.tell(climb.ask()[0], 0.7)
    assert climb.ask()[0].parent == number


def test_lost_children_only_delay_the_round():
    climb = Climb(children=2).started()
    for _ in range(50):
        assert climb.ask()[0].parent == 0


def test_the_leader_itself_is_trained_on_once_per_round():
    climb = Climb(children=3, continue_parent=True).started()
    children = climb.ask(3)
    assert [child.candidate == TowerSpace().root() for child in children] == [True, False, False]
    assert children[0].parent == 0


def test_children_differ_from_their_parent_and_from_each_other():
    climb = Climb(children=8, edits_per_child=1).started()
    candidates = [child.candidate for child in climb.ask(8)]
    assert len({TowerSpace().root(), *candidates}) == 9


def test_steps_are_small():
    controller = HillClimb(TowerSpace(), ACCURACY, 0, edits_per_child=1)
    course = follow(controller, controller.space, TowerTrainer(), 100)
    widened = [sum(c.value is True for c in p.choices.values()) for p in course.proposals]
    widened = [count for count in widened if count]
    assert sum(widened) / len(widened) < 2.0


def test_training_accumulates_along_the_lineage():
    controller = HillClimb(TowerSpace(), ACCURACY, 0, children=2, tolerance=None, root_effort=2.0, effort=0.5)
    course = follow(controller, controller.space, TowerTrainer(), 21)
    assert course.results[-1].outcome.weights["trained"][0] == 2.0 + 10 * 0.5


def test_a_full_candidate_is_trained_on():
    full = Tower(((40,) * 6,) * 4)

    class Full(TowerSpace):
        def root(self):
            return full

    controller = HillClimb(Full(), ACCURACY, 0)
    proposals = follow(controller, controller.space, TowerTrainer(), 10).proposals
    assert {proposal.candidate for proposal in proposals} == {full}


def test_with_several_objectives_parents_come_from_the_front():
    climb = Climb(BOTH, children=2).started()
    climb.tell(climb.ask()[0], 0.8, params=300.0)
    climb.tell(climb.ask()[0], 0.4, params=200.0)
    assert climb.controller.parents() == {0, 1}
    assert {climb.ask()[0].parent for _ in range(20)} == {0, 1}


def test_a_child_within_the_limits_leads_before_one_beyond():
    climb = Climb(Objectives.parse(["max:val_accuracy", "params<=200"]), children=2).started()
    climb.tell(climb.ask()[0], 0.9, params=300.0)
    climb.tell(climb.ask()[0], 0.6, params=200.0)
    assert climb.ask()[0].parent == 2


@pytest.mark.parametrize(
    "settings",
    [{"children": 0}, {"edits_per_child": 0}, {"effort": 0.0}, {"root_effort": -1.0}, {"tolerance": -0.1}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        HillClimb(TowerSpace(), ACCURACY, 0, **settings)
