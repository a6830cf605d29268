import pickle

import numpy as np
import pytest

from automl.core.choices import Choice
from automl.core.domains import Options
from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.core.records import Failure, Outcome, Proposal, Result, Trial


def test_a_result_is_an_outcome_or_a_failure():
    proposal = Proposal(0, 0, "c")
    with pytest.raises(ValueError, match="exactly one"):
        Result(0, proposal)
    with pytest.raises(ValueError, match="exactly one"):
        Result(0, proposal, Outcome({}), Failure("raised", "x"))


@pytest.mark.parametrize("bad", [{"trial": -1}, {"step": -1}, {"effort": 0.0}, {"effort": float("inf")}])
def test_proposals_refuse_nonsense(bad):
    with pytest.raises(ValueError, match=r"count from 0|effort"):
        Proposal(**{"trial": 0, "step": 0, "candidate": "c", **bad})


@pytest.mark.parametrize("value", ["0.5", None, True, [1.0]])
def test_a_metric_is_a_number(value):
    with pytest.raises(TypeError, match="metric 'acc'"):
        Outcome({"acc": value})


def test_a_trial_shows_the_metrics_it_is_judged_by_and_the_choices_of_all_steps():
    first = Proposal(3, 0, "a", choices={"x": Choice(1, Options((1, 2)))})
    second = Proposal(3, 1, "b", choices={"x": Choice(2, Options((1, 2)))})
    good = Result(7, first, Outcome({"acc": 0.5}))
    bad = Result(8, second, error=Failure("timeout", "too slow"))
    trial = Trial(3, (good, bad), 0, "a", 0.0, 1.0)
    assert trial.judged is good
    assert trial.metrics == {"acc": 0.5}
    assert trial.choices["x"].value == 2
    assert Trial(4, (bad,), None, "b", 0.0, 1.0).metrics == {}


def test_records_and_errors_travel_between_processes():
    result = Result(1, Proposal(0, 0, "c"), Outcome({"acc": 1.0}, {"w": np.ones(3)}))
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(again.outcome.weights["w"], np.ones(3))
    for error in (UnknownName("space", "cn", ["cnn"]), MissingExtra("ray", "ray"), InvalidData("bad", "do this")):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "Did you mean 'cnn'?" in str(UnknownName("space", "cn", ["cnn"]))
