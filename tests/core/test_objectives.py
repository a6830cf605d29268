import pytest

from automl.core.errors import UsageError
from automl.core.objectives import Limit, Objective, Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial


def trial(number, **metrics):
    result = Result(number, Proposal(number, 0, "c"), Outcome(metrics))
    return Trial(number, (result,), 0, "c", 0.0, 1.0)


def test_objectives_and_limits_are_read_from_text():
    read = Objectives.parse(["max:acc", "min:loss", "params<=5e4", "acc >= 0.5"])
    assert str(read) == "max:acc, min:loss, params<=50000, acc>=0.5"
    assert Objectives.parse(str(read).split(", ")) == read
    assert read.metrics == ("acc", "loss", "params")
    assert read.score({"acc": 0.9, "loss": 0.2}) == (0.9, -0.2)


@pytest.mark.parametrize("text", ["acc", "most:acc", "max:", "max:a b", "acc<=", "<=3", "acc<=many", "acc<=nan"])
def test_what_is_no_objective_is_refused(text):
    with pytest.raises(UsageError, match=r"not an objective|not a limit"):
        Objectives.parse([text])


def test_two_objectives_on_one_metric_are_refused():
    with pytest.raises(UsageError, match="distinct"):
        Objectives.parse(["max:acc", "min:acc"])


def test_the_front_leaves_out_what_is_dominated_or_beyond_a_limit():
    objectives = Objectives.parse(["max:acc", "min:size", "size<=100"])
    trials = [
        trial(0, acc=0.9, size=50), trial(1, acc=0.8, size=60), trial(2, acc=0.7, size=10),
        trial(3, acc=0.99, size=200), trial(4, acc=0.9, size=50),
    ]  # fmt: skip
    assert [t.number for t in objectives.front(trials)] == [0, 2]


def test_ranking_puts_the_feasible_first_and_the_earlier_of_two_equals():
    objectives = Objectives.parse(["min:loss", "size<=100"])
    trials = [trial(0, loss=0.1, size=200), trial(1, loss=0.3, size=9), trial(2, loss=0.3, size=9)]
    assert [t.number for t in objectives.rank(trials)] == [1, 2, 0]


def test_a_missing_metric_does_not_respect_a_limit():
    assert not Limit("size<=3").holds({})
    assert Objective("min:loss").score({"loss": 2.0}) == -2.0


def evaluation(step, effort=1.0, **metrics):
    proposal = Proposal(0, step, "c", effort)
    outcome, error = (Outcome(metrics), None) if metrics else (None, Failure("raised", "no"))
    return Result(step, proposal, outcome, error)


@pytest.mark.parametrize(
    ("path", "judged"),
    [
        ([evaluation(0, 0.1, acc=0.9, size=1), evaluation(1, 0.5, acc=0.7, size=1)], 1),  # the end of a ladder
        ([evaluation(0, acc=0.3, size=1), evaluation(1, acc=0.8, size=1), evaluation(2, acc=0.5, size=1)], 1),
        ([evaluation(0, acc=0.8, size=1), evaluation(1, acc=0.8, size=1), evaluation(2, acc=0.5, size=1)], 1),
        ([evaluation(0, acc=0.9, size=500), evaluation(1, acc=0.4, size=1)], 1),  # beyond the limit
        ([evaluation(0, acc=0.4, size=500), evaluation(1, acc=0.9, size=500)], 1),
        ([evaluation(0, acc=0.1, size=1), evaluation(1)], 0),
        ([evaluation(0), evaluation(1)], 1),
    ],
)  # fmt: skip
def test_a_trial_is_judged_by_the_best_of_its_highest_effort(path, judged):
    merit = Objectives.parse(["max:acc", "size<=100"]).merit
    for order in (path, path[::-1]):
        assert max(order, key=merit) is path[judged]
