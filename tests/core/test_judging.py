"""What a trial is judged by: the mean over repetitions, and what was only tried out comes last."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.judging import Judging
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial, mean_metrics

ACCURACY = Objectives.parse(["max:acc", "size<=100"])


def evaluation(number, acc, *, repeats=None, tentative=False, effort=1.0, size=1.0, trial=0):
    proposal = Proposal(trial, number, "c", effort, repeats=repeats, tentative=tentative)
    if acc is None:
        return Result(number, proposal, error=Failure("raised", "no"))
    return Result(number, proposal, Outcome({"acc": acc, "size": size}))


def judged(*results, objectives=ACCURACY):
    judging = Judging(objectives)
    for result in results:
        judging.add(result)
    return judging


def test_an_evaluation_and_its_repetitions_count_by_their_mean():
    lucky, again = evaluation(0, 0.9), evaluation(1, 0.3, repeats=0)
    other = evaluation(2, 0.7)
    judging = judged(lucky, again, other)
    assert judging.results == (other,)
    judging = judged(lucky, other, again)  # the repetition spoils what was best
    assert judging.judged is other
    judging = judged(again, evaluation(3, 0.8, repeats=2), lucky, other)  # a repetition may arrive first
    assert judging.metrics["acc"] == pytest.approx(0.75)
    assert [r.id for r in judging.results] == [3, 2]


def test_repetitions_that_failed_do_not_count():
    judging = judged(evaluation(0, None), evaluation(1, 0.4, repeats=0), evaluation(2, None, repeats=0))
    assert judging.judged.id == 1
    assert judging.metrics["acc"] == 0.4
    assert judged(evaluation(0, None)).judged is None
    assert judged(evaluation(0, None)).metrics == {}


def test_what_only_was_tried_out_counts_less_than_what_was_measured():
    tried, measured = evaluation(0, 0.9, tentative=True, effort=9.0), evaluation(1, 0.1, effort=0.5)
    judging = judged(measured, tried)
    assert judging.judged is measured
    assert not judging.tentative
    assert judged(tried).tentative
    raced = judged(evaluation(0, 0.2, tentative=True), evaluation(1, 0.4, repeats=0))  # the last seed decides
    assert not raced.tentative
    assert raced.metrics["acc"] == pytest.approx(0.3)


def test_means_are_of_the_metrics_that_all_have():
    a = Result(0, Proposal(0, 0, "c"), Outcome({"acc": 1.0, "only": 2.0}))
    b = Result(1, Proposal(0, 1, "c", repeats=0), Outcome({"acc": 2.0}))
    assert mean_metrics((a, b)) == {"acc": 1.5}
    assert mean_metrics((a,)) is a.metrics
    assert mean_metrics(()) == {}


def test_the_first_evaluation_repeats_nothing():
    with pytest.raises(ValueError, match="repeats nothing"):
        Proposal(0, 0, "c", repeats=0)


RESULTS = st.lists(
    st.tuples(st.sampled_from([None, 0.1, 0.2, 0.3, 0.4]), st.integers(0, 3), st.booleans(), st.booleans()), max_size=14
)


@settings(max_examples=300)
@given(RESULTS)
def test_what_arrives_one_by_one_is_judged_as_what_lies_there_as_a_whole(drawn):
    judging = Judging(ACCURACY)
    results = evaluations(drawn)
    for number, result in enumerate(results):
        judging.add(result)
        measured = measurements(results[: number + 1])
        best = max(measured, key=lambda same: ACCURACY.merit(*same), default=())
        assert judging.results == tuple(best)


def evaluations(drawn):
    """Return results of one trial; some repeat the latest of the same place."""
    results, latest = [], {}
    for number, (acc, place, repeats, tentative) in enumerate(drawn):
        first = latest.setdefault(place, number) if repeats else number
        latest[place] = first
        results.append(evaluation(number, acc, repeats=None if first == number else first, tentative=tentative))
    return results


def measurements(results):
    """Return the successful evaluations, each with its repetitions."""
    found = {}
    for result in results:
        if result.outcome:
            first = result.proposal.repeats
            found.setdefault(result.id if first is None else first, []).append(result)
    return found.values()


def trial(number, acc, *, tentative=False, size=1.0):
    result = evaluation(number, acc, tentative=tentative, size=size, trial=number)
    return Trial(number, (result,), 0, "c", 0.0, 1.0)


def test_trials_that_were_stopped_early_rank_behind_all_that_were_not():
    early, poor, beyond = trial(0, 0.9, tentative=True), trial(1, 0.2), trial(2, 0.99, size=999.0)
    assert ACCURACY.rank([early, poor, beyond]) == [poor, early, beyond]
    two = Objectives.parse(["max:acc", "min:size", "size<=100"])
    assert two.front([early, poor, beyond]) == [poor]
    assert two.front([early, beyond]) == [early]


def test_a_trial_shows_the_mean_over_its_repetitions():
    results = (evaluation(0, 0.5, tentative=True), evaluation(1, 0.7, repeats=0), evaluation(2, 0.1, effort=0.5))
    shown = Trial(0, results, 1, "c", 0.0, 1.0, others=(0,))
    assert shown.metrics["acc"] == pytest.approx(0.6)
    assert [r.id for r in shown.repetitions] == [1, 0]
    assert not shown.tentative
