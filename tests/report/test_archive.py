"""What an archive derives from its trials."""

from __future__ import annotations

from dataclasses import replace

import demo_archives as demo
import pytest

from automl.core.choices import Choice
from automl.core.domains import Integers
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial


def measured(number, accuracy, *, cost=1.0, trial=None, step=0, parent=None, copied=None, params=100.0, effort=1.0):
    proposal = Proposal(number if trial is None else trial, step, "tower", effort, parent=parent)
    outcome = Outcome({"val_accuracy": accuracy, "params": params}, cost=cost)
    return Result(number, proposal, outcome, seconds=2.0, copied=copied)


def closed(*results):
    good = [result for result in results if result.outcome]
    place = results.index(max(good, key=Objectives.parse(["max:val_accuracy"]).merit)) if good else None
    return Trial(results[0].proposal.trial, results, place, "tower", 0.0, 1.0)


def study(*trials, objectives=("max:val_accuracy",)):
    return demo.archive(trials, demo.info(objectives=objectives))


def test_best_so_far_turns_where_the_best_improves_and_ends_where_the_spending_ends():
    archive = study(*(closed(measured(i, a, cost=10.0)) for i, a in enumerate((0.5, 0.4, 0.7, 0.6))))
    assert archive.best_so_far() == [(1, 0.5), (3, 0.7), (4, 0.7)]
    assert archive.best_so_far("cost") == [(10, 0.5), (30, 0.7), (40, 0.7)]
    assert archive.best_so_far("seconds") == [(2, 0.5), (6, 0.7), (8, 0.7)]


def test_best_so_far_goes_down_where_lower_is_better():
    archive = study(
        *(closed(measured(i, 0.5, params=p)) for i, p in enumerate((9.0, 4.0, 7.0))), objectives=("min:params",)
    )
    assert archive.best_so_far() == [(1, 9.0), (2, 4.0), (3, 4.0)]


def test_failures_spend_without_improving_and_a_copy_costs_nothing():
    failure = Result(0, Proposal(0, 0, "tower"), error=Failure("raised", "no"), seconds=5.0)
    archive = study(closed(failure), closed(measured(1, 0.5)), closed(measured(2, 0.6, copied=1)))
    assert archive.best_so_far() == [(2, 0.5), (3, 0.6)]
    assert archive.best_so_far("seconds") == [(7, 0.5), (7, 0.6)]
    assert archive.best_so_far("cost") == [(1, 0.5), (1, 0.6)]
    assert [trial.number for trial in archive.failed] == [0]


def test_of_a_ladder_only_the_highest_effort_counts():
    ladder = closed(measured(0, 0.9, trial=0, step=0, effort=0.5), measured(2, 0.8, trial=0, step=1))
    archive = study(ladder, closed(measured(1, 0.5)))
    assert archive.best_so_far() == [(2, 0.5), (3, 0.8)]
    assert archive.best is ladder


def test_on_a_path_of_equal_efforts_every_evaluation_counts_when_it_is_measured():
    path = closed(*(measured(i, a, trial=0, step=i) for i, a in enumerate((0.3, 0.9, 0.7))))
    archive = study(path, closed(measured(3, 0.8, trial=1)))
    assert archive.best_so_far() == [(1, 0.3), (2, 0.9), (4, 0.9)]
    assert archive.best is path
    assert path.judged.id == 1


def test_what_is_beyond_a_limit_is_never_best():
    big, small = closed(measured(0, 0.9, params=900.0)), closed(measured(1, 0.6, params=50.0))
    archive = study(big, small, objectives=("max:val_accuracy", "params<=100"))
    assert archive.best is small
    assert archive.front == (small,)
    assert archive.ranked == (small, big)
    assert archive.best_so_far() == [(2, 0.6)]
    assert study(big, objectives=("max:val_accuracy", "params<=100")).best is None


def test_parents_are_trials_and_only_the_first_evaluation_inherits_from_another():
    first = closed(measured(0, 0.5, trial=0), measured(2, 0.6, trial=0, step=1, parent=0))
    second = closed(measured(1, 0.5, trial=1, parent=0), measured(4, 0.5, trial=1, step=1, parent=1))
    third = closed(measured(3, 0.7, trial=2, parent=1))
    archive = study(third, second, first)
    assert archive.parents == {1: 0, 2: 1}
    assert archive.lineage(2) == [0, 1, 2]
    assert archive.lineage(0) == [0]


def test_a_parent_that_is_not_closed_yet_is_no_parent():
    assert study(closed(measured(5, 0.5, trial=3, parent=1))).parents == {}


def test_an_empty_study_has_nothing():
    archive = study()
    assert (archive.best, archive.front, archive.ranked, archive.best_so_far()) == (None, (), (), [])
    assert not archive.counts_cost


def test_the_curve_ends_at_the_best_of_the_ranking():
    archive = demo.full(40)
    assert archive.best_so_far("cost")[-1][1] == archive.best.metrics["val_accuracy"]
    assert archive.best_so_far("cost")[-1][0] == pytest.approx(archive.spent.cost)
    assert archive.lineage(archive.best.number)[0] == 0


def test_an_archive_is_frozen():
    with pytest.raises(AttributeError):
        demo.full(3).trials = ()
    assert replace(demo.full(3), trials=()).best is None


def test_rounding_gains_nothing_in_a_trade_off():
    pairs = [(0.9, 300.0), (0.9 - 1e-13, 100.0), (0.5, 50.0), (0.4, 60.0), (0.1, 50.0)]
    path = closed(*(measured(i, a, trial=0, step=i, params=p) for i, (a, p) in enumerate(pairs)))
    archive = replace(study(path), header={"trade_off": ["max:val_accuracy", "min:params"]})
    assert [result.id for result in archive.trade_off_front] == [1, 2]
    assert study(path).trade_off_front == ()
    assert replace(study(), header=archive.header).trade_off_front == ()


def test_of_several_finalists_the_best_is_the_one_that_is_best_when_trained_in_full():
    def final(trial, start, accuracy):
        return {"trial": trial, "start": start, "metrics": {"val_accuracy": accuracy}}

    lucky, steady, third = (closed(measured(i, a)) for i, a in enumerate((0.9, 0.8, 0.7)))
    archive = study(lucky, steady, third)
    assert archive.best is lucky

    def with_finals(*finals):
        return replace(archive, header={**archive.header, "finals": list(finals)})

    assert with_finals(final(0, "scratch", 0.6)).best is lucky
    both = final(0, "kept", 0.6), final(0, "scratch", 0.5), final(1, "scratch", 0.75)
    failed = {"trial": 2, "start": "scratch", "error": ["raised", "no"]}
    assert with_finals(*both, failed).best is steady


def test_every_default_competes_with_the_finalists_even_where_it_was_unlucky():
    def answered(number, accuracy, width):
        result = measured(number, accuracy)
        choices = {"width": Choice(width, Integers(1, 9)), "depth": Choice(2, Integers(1, 9))}
        return closed(replace(result, proposal=replace(result.proposal, choices=choices)))

    archive = study(*(answered(i, a, width) for i, (a, width) in enumerate([(0.9, 4), (0.8, 5), (0.7, 6), (0.6, 1)])))
    usual = {"width": 1, "depth": 2}
    assert [trial.number for trial in archive.finalists(2)] == [0, 1]
    assert [trial.number for trial in archive.finalists(2, [usual])] == [0, 1, 3]
    assert [trial.number for trial in archive.finalists(4, [usual])] == [0, 1, 2, 3]
    more = {**usual, "pooling": "mean"}  # a default knows answers to questions that a program need not ask
    assert [trial.number for trial in archive.finalists(2, [more, usual])] == [0, 1, 3]
    assert [trial.number for trial in archive.finalists(2, [usual, {"width": 6, "depth": 2}])] == [0, 1, 3, 2]
    assert [trial.number for trial in archive.finalists(None, [usual])] == [0]
    assert [trial.number for trial in archive.finalists(2, [{"width": 9, "depth": 2}])] == [0, 1]


def test_of_those_who_compete_one_wins():
    trials = [closed(measured(i, a, params=p)) for i, (a, p) in enumerate(((0.9, 9.0), (0.8, 5.0), (0.7, 1.0)))]
    alone, front = study(*trials), study(*trials, objectives=("max:val_accuracy", "min:params"))
    assert alone.winners(alone.finalists(3)) == (alone.best,)
    assert front.winners(front.finalists(3)) == front.finalists(3) == tuple(trials)


def test_of_equals_by_the_first_objective_the_best_is_on_the_front():
    both = "max:val_accuracy", "min:params"
    large, small = (closed(measured(i, 0.9, params=p)) for i, p in enumerate((9.0, 5.0)))
    assert study(large, small, objectives=both).best is small
    assert study(large, small).best is large
