"""Sharing: candidates inherit from the evaluation that carries the longest line, and train shorter."""

import pytest

from automl.controllers._sharing import Sharing
from automl.controllers.conservative import Conservative
from automl.controllers.evolution import Evolution
from automl.controllers.random import Random
from automl.controllers.reinforce import Reinforce
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result
from automl.core.space import SearchSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import Asked, Told, drive, follow
from automl.testing.towers import TowerSpace, TowerTrainer

ACCURACY = Objectives.parse(["max:val_accuracy"])
MAKERS = {
    "conservative": lambda *parts, **shared: Conservative(*parts, units=4, restart=8, drafts=2, **shared),
    "reinforce": lambda *parts, **shared: Reinforce(*parts, units=4, **shared),
    "evolution": lambda *parts, **shared: Evolution(*parts, population=4, sample=2, **shared),
    "random": Random,
}


class TestContract(ControllerContract):
    evaluations = 14
    every = 5

    @pytest.fixture(params=MAKERS)
    def make(self, request):
        return lambda space, objectives, seed: MAKERS[request.param](space, objectives, seed, sharing=True)


@pytest.fixture(params=MAKERS)
def controller(request):
    return MAKERS[request.param](TowerSpace(), ACCURACY, 0, sharing=True, adaptation=0.25)


def test_with_one_worker_every_success_is_handed_on(controller):
    results = drive(controller, controller.space, TowerTrainer(), 12)
    assert [r.proposal.parent for r in results] == [None, *range(11)]
    assert [r.proposal.effort for r in results] == [1.0] + [0.25] * 11
    assert set(controller.parents()) == {11}


def test_off_it_changes_nothing_and_keeps_no_weights():
    plain = drive(Conservative(TowerSpace(), ACCURACY, 0, units=4), TowerSpace(), TowerTrainer(), 10)
    assert {(r.proposal.parent, r.proposal.effort) for r in plain} == {(None, 1.0)}
    again = Conservative(TowerSpace(), ACCURACY, 0, units=4, sharing=False, adaptation=0.5)
    drive(again, TowerSpace(), TowerTrainer(), 10)
    assert not again.parents()
    assert not again.state_dict()["sharing"]["lengths"]


def test_what_has_been_trained_adds_up_along_the_line(controller):
    """The weights of towers count the efforts of all their ancestors."""
    (*_, last) = drive(controller, controller.space, TowerTrainer(), 9)
    assert float(last.outcome.weights["trained"][0]) == pytest.approx(1.0 + 8 * 0.25)


def told(sharing, number, *, score=None, proposal=None):
    result = Result(
        number,
        proposal or Proposal(number, 0, None),
        None if score is None else Outcome({"val_accuracy": score}),
        Failure("raised", "no") if score is None else None,
    )
    sharing.hear([result])


def shared(sharing, number):
    return sharing.shared(Proposal(number, 0, None))


def made(**settings):
    return Sharing(TowerSpace(), ACCURACY, **{"on": True, "adaptation": 0.2, **settings})


def test_nobody_inherits_before_there_is_a_success():
    sharing = made()
    assert shared(sharing, 0).parent is None
    told(sharing, 0)
    assert shared(sharing, 1).parent is None
    assert not sharing.parents()


def test_of_lines_of_one_length_the_better_one_goes_on():
    sharing = made()
    told(sharing, 0, score=0.5)
    one, other = shared(sharing, 1), shared(sharing, 2)
    told(sharing, 1, score=0.7, proposal=one)
    told(sharing, 2, score=0.6, proposal=other)
    assert shared(sharing, 3).parent == 1


def test_a_late_result_or_a_failure_does_not_shorten_the_line():
    sharing = made()
    told(sharing, 0, score=0.5)
    slow, parent = shared(sharing, 1), 0
    for number in range(2, 5):
        child = shared(sharing, number)
        assert child.parent == parent
        told(sharing, number, score=0.1, proposal=child)
        parent = number
    told(sharing, 1, score=0.9, proposal=slow)
    told(sharing, 5, proposal=shared(sharing, 5))
    assert sharing.parents() == (4,)


@pytest.mark.parametrize("workers", [2, 4])
def test_with_several_workers_the_line_grows_all_the_time(workers):
    controller = Random(TowerSpace(), ACCURACY, 0, sharing=True)
    course = follow(controller, TowerSpace(), TowerTrainer(), 48, workers=workers, disorder=1)
    parent = {result.id: result.proposal.parent for result in course.results}
    (end,), length = controller.parents(), 0
    while end is not None:
        end, length = parent[end], length + 1
    assert length >= 48 / workers


def test_a_resumed_search_inherits_from_the_same(controller):
    course = follow(controller, controller.space, TowerTrainer(), 10, workers=2, disorder=0, snapshots=True)
    for event, state in zip(course.events, course.snapshots, strict=True):
        if isinstance(event, Told):
            again = made()
            again.load_state_dict(state["sharing"])
            assert again.state_dict() == state["sharing"]
    asked = [event for event in course.events if isinstance(event, Asked)]
    assert any(event.parents for event in asked)


class Coin(SearchSpace):
    """A space that inherits nothing."""

    def build(self, choose):
        return choose("side", ("head", "tail"))

    def load(self, json):
        return json


@pytest.mark.parametrize("name", MAKERS)
def test_a_space_without_inheritance_is_refused(name):
    with pytest.raises(Incompatible, match="sharing=false"):
        MAKERS[name](Coin(), ACCURACY, 0, sharing=True)
    assert MAKERS[name](Coin(), ACCURACY, 0).ask(1, 0.0)


@pytest.mark.parametrize("adaptation", [0.0, -1.0, float("nan"), float("inf")])
def test_an_adaptation_that_is_no_effort_is_refused(adaptation):
    with pytest.raises(UsageError, match="adaptation"):
        made(adaptation=adaptation)


def test_growth_needs_no_sharing():
    with pytest.raises(UsageError, match="root"):
        Random(TowerSpace(), ACCURACY, 0, source="grow", sharing=True)
