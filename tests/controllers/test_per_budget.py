"""Repetitions: the best of each budget is measured again, as long as it stays the best."""

import pytest
from quadratics import MaskSpace

from automl.controllers.differentiable import Differentiable
from automl.controllers.uniform import Uniform
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result

LOSS = Objectives.parse(["min:loss"])


def run(losses, *, rules=("truncate", "magnitude"), lost=(), failing=(), workers=1, **settings):
    """Drive a search whose relaxed run settles at once; `losses` are those of each trial, by its steps."""
    controller = Differentiable(MaskSpace(), LOSS, 0, **{"budgets": ("1/4",), "controls": rules, **settings})
    asked, closed, number = [], [], 0
    while proposals := controller.ask(workers, 0.0):
        for proposal in proposals:
            result = Result(number, proposal, error=Failure("raised", "so it goes"))
            if proposal.trial == 0:
                extras = {"settled": True, "importance": list(range(16)), "alpha": [1.0] * 16}
                result = Result(number, proposal, Outcome({"loss": 1.0}, extras=extras))
            else:
                asked.append((proposal.trial, proposal.step, proposal.repeats))
                if (proposal.trial, proposal.step) not in failing:
                    result = Result(number, proposal, Outcome({"loss": losses[proposal.trial][proposal.step]}))
            number += 1
            if (proposal.trial, proposal.step) not in lost:
                closed += controller.tell([result])
        state = controller.state_dict()
        controller = Differentiable(MaskSpace(), LOSS, 0, **{"budgets": ("1/4",), "controls": rules, **settings})
        controller.load_state_dict(state)
    return asked, closed, controller


def test_the_best_is_measured_again_and_then_all_are_closed():
    asked, closed, controller = run({1: [0.2, 0.3], 2: [0.5], 3: [0.4]})
    assert asked == [(1, 0, None), (2, 0, None), (3, 0, None), (1, 1, 2)]
    assert closed == [0, 1, 2, 3]
    assert not controller.parents()


def test_who_falls_behind_makes_room_for_the_next():
    asked, _, _ = run({1: [0.2, 0.9], 2: [0.5], 3: [0.4, 0.4]})
    assert asked[3:] == [(1, 1, 2), (3, 1, 4)]
    asked, _, _ = run({1: [0.2, 0.4, 0.4], 2: [0.5], 3: [0.4]}, seeds=3)
    assert asked[3:] == [(1, 1, 2), (1, 2, 2)]


def test_one_seed_repeats_nothing_and_less_is_refused():
    assert len(run({1: [0.2], 2: [0.5], 3: [0.4]}, seeds=1)[0]) == 3
    with pytest.raises(UsageError, match=r"one seed or more, got seeds=0\..*--set seeds=2"):
        Uniform(MaskSpace(), LOSS, 0, seeds=0)


@pytest.mark.parametrize("how", ["failing", "lost"])
def test_nobody_waits_for_what_failed_or_got_lost(how):
    asked, _, _ = run({1: [0.2], 2: [0.5, 0.5], 3: [0.4, 0.4]}, **{how: ((1, 0), (3, 1))})
    assert asked == [(1, 0, None), (2, 0, None), (3, 0, None), (3, 1, 4)]


def test_budgets_do_not_wait_for_each_other():
    losses = {trial: [0.1 * trial, 0.1] for trial in range(1, 7)}
    asked, closed, _ = run(losses, budgets=("1/4", "1/8"), workers=2)
    assert asked[3:] == [(4, 0, None), (1, 1, 2), (5, 0, None), (6, 0, None), (4, 1, 5)]
    assert closed == list(range(7))
