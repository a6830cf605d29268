"""Sections that only some searches have: fronts and courses of a test, importances, lines of trials, finals."""

from __future__ import annotations

from dataclasses import replace

import demo_archives as demo
import numpy as np
import pytest

from automl.core.choices import Choice
from automl.core.domains import Integers, Options, Reals
from automl.core.records import Outcome
from automl.report import choices, diagnostics, finals, fronts, importance, on_the_way
from automl.report.page import _even
from automl.report.section import Section


def searched(count, seed=0, answers=None):
    """Trials whose result is decided by `rate`, less by `width`, and not at all by `colour`."""
    rng, trials = np.random.default_rng(seed), []
    for trial in demo.built(count):
        made = {
            "net/rate": Choice(float(10 ** rng.uniform(-4, 0)), Reals(1e-4, 1.0, log=True)),
            "net/width": Choice(int(rng.integers(1, 9)), Integers(1, 8)),
            "net/colour": Choice(str(rng.choice(["red", "blue"])), Options(("red", "blue"))),
            **(answers(trial.number) if answers else {}),
        }
        value = 0.9 - 0.1 * abs(np.log10(made["net/rate"].value) + 2) + 0.005 * made["net/width"].value
        (result,) = trial.results
        outcome = Outcome({"val_accuracy": float(value), "params": 1.0}, cost=1.0)
        proposal = replace(result.proposal, choices=made)
        trials.append(replace(trial, results=(replace(result, proposal=proposal, outcome=outcome),)))
    return demo.archive(trials)


def test_what_decides_is_found():
    shares = importance.importances(searched(120))
    assert next(iter(shares)) == "net/rate"
    assert shares["net/rate"] > 0.5
    assert shares["net/colour"] < 0.1
    assert sum(shares.values()) == pytest.approx(1.0)


def test_importances_need_trials_and_choices():
    assert importance.section(searched(importance.FEWEST - 1)) is None
    assert importance.section(demo.archive(())) is None
    section = importance.section(searched(importance.FEWEST))
    assert "With so few trials" in section.note
    assert section.figures[0].data[0].y[0] == "rate"


def test_a_direction_turns_the_meaning_of_good():
    falling = searched(120)
    trials = [
        replace(t, results=(replace(t.results[0], outcome=Outcome({"loss": -t.metrics["val_accuracy"]})),))
        for t in falling.trials
    ]
    mirrored = demo.archive(trials, demo.info(objectives=("min:loss",)))
    assert importance.importances(mirrored) == pytest.approx(importance.importances(falling))


def test_every_trial_is_a_line_from_its_choices_to_its_result():
    archive = searched(40, answers=lambda n: {"net/extra": Choice(2.0, Reals(0.0, 4.0))} if n % 2 else {})
    (figure,) = choices.section(archive).figures
    assert [trace.name for trace in figure.data] == [
        "the rest", "best half", "best tenth", f"the best, trial {archive.best.number}",
    ]  # fmt: skip
    best = figure.data[-1]
    made = archive.best.choices
    assert best.y[0] == pytest.approx((np.log10(made["net/rate"].value) + 4) / 4)
    assert best.y[1] == pytest.approx((made["net/width"].value - 1) / 7)
    assert best.y[-2] == 1.0  # the best result is the upper end of its axis
    assert sum(list(trace.y).count(None) for trace in figure.data[:3]) == 40


def test_a_choice_that_a_trial_never_made_is_crossed_below_its_axis():
    archive = searched(40, answers=lambda n: {"net/extra": Choice(float(n % 5), Reals(0.0, 4.0))} if n % 2 else {})
    (figure,) = choices.section(archive).figures
    crossings = [y for trace in figure.data[:3] for y in list(trace.y)[3::6]]
    assert sum(y < 0 for y in crossings) == 20


def test_choices_that_were_always_alike_need_no_axis():
    archive = searched(30, answers=lambda n: {"net/same": Choice(1, Integers(1, 4))})
    (figure,) = choices.section(archive).figures
    assert [note.text for note in figure.layout.annotations if note.yref == "paper"] == [
        "rate", "width", "colour", "validation <br>accuracy",
    ]  # fmt: skip


def test_of_many_choices_those_that_mattered_have_an_axis():
    many = {f"net/noise{i}": Options((0, 1)) for i in range(20)}
    rng = np.random.default_rng(5)
    answers = lambda n: {name: Choice(int(rng.integers(2)), domain) for name, domain in many.items()}  # noqa: E731
    section = choices.section(searched(80, answers=answers))
    names = [note.text for note in section.figures[0].layout.annotations if note.yref == "paper"]
    assert len(names) == choices.MOST_AXES + 1
    assert "rate" in names
    assert "The 11 choices of 23 that mattered most." in section.note


def study_tested(objectives=2, seeds=6, **header):
    """An archive whose winner was tested in parts that left fronts and curves."""
    archive, rng = searched(12), np.random.default_rng(1)

    def front(lift):
        points = rng.random((5, objectives)) + lift
        return points.tolist()

    parts = [
        {"part": i, "metrics": {"hypervolume": 1.0}, "extras": {
            "fronts": {"tuned": front(1.0), "default": front(0.0)},
            "curves": {"hypervolume": {"tuned": [[10, 1.0 + i], [20, 2.0 + i]], "default": [[11, 0.0], [21, 0.5]]}},
        }}
        for i in range(seeds)
    ]  # fmt: skip
    broken = {"part": seeds, "error": ["raised", "no"]}
    number = archive.best.number
    rival = {"trial": number + 1, "start": "scratch", "metrics": {"val_accuracy": 0.1}, "tested": False}
    own = {"trial": number, "start": "scratch", "tested": True, "parts": [broken, *reversed(parts)],
           "metrics": {"val_accuracy": 0.5, "test_x": 1.0, "test_x_low": 0.5, "test_x_high": 1.5}}  # fmt: skip
    return replace(archive, header={"finals": [rival, own], **header})


def test_fronts_of_two_objectives_are_bands_between_the_worst_and_the_best_seed():
    section = fronts.section(study_tested(facts={"true_front": [[2.5, 1.0], [1.0, 2.5]]}))
    (figure,) = section.figures
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == ["default", "tuned", "true front"]
    assert sum(trace.fill == "toself" for trace in figure.data) == 2
    assert "6\u00a0held-out seeds" in section.note


@pytest.mark.parametrize(("objectives", "panels"), [(3, 3), (4, 6), (6, 1)])
def test_more_objectives_are_seen_in_pairs_or_as_lines(objectives, panels):
    section = fronts.section(study_tested(objectives))
    assert len(section.figures) == panels
    if objectives == 6:
        (figure,) = section.figures
        assert list(figure.data[1].y).count(None) == 30  # every policy of the winner is a line


def test_without_a_test_the_fronts_are_those_of_the_search():
    archive = searched(12)
    best = archive.best
    outcome = replace(best.judged.outcome, extras={"fronts": [[[1.0, 2.0]], [[2.0, 1.0]]]})
    trials = [replace(t, results=(replace(t.judged, outcome=outcome),)) if t is best else t for t in archive.trials]
    section = fronts.section(replace(archive, trials=tuple(trials)))
    assert "2\u00a0seeds" in section.note
    assert fronts.section(archive) is None


@pytest.mark.parametrize("odd", [[], {}, [[]], [["a"]], [[1.0]], {"tuned": 3}, "text", [[1.0, 2.0], [3.0]]])
def test_what_is_no_front_is_passed_over(odd):
    archive = searched(12)
    best = archive.best
    part = {"part": 0, "metrics": {}, "extras": {"fronts": odd, "curves": odd}}
    own = {"trial": best.number, "start": "scratch", "metrics": {"val_accuracy": 0.5}, "parts": [part]}
    results = (replace(best.judged, outcome=replace(best.judged.outcome, extras={"fronts": odd})),)
    trials = tuple(replace(t, results=results) if t is best else t for t in archive.trials)
    archive = replace(archive, trials=trials, header={"finals": [own]})
    assert fronts.section(archive) is None
    assert on_the_way.section(archive) is None


def test_courses_are_medians_over_seeds():
    section = on_the_way.section(study_tested())
    (figure,) = section.figures
    tuned = next(trace for trace in figure.data if trace.name == "tuned")
    assert list(tuned.x) == [10, 20]
    assert list(tuned.y) == [3.5, 4.5]
    assert on_the_way.section(searched(12)) is None


def test_finals_name_the_winner_first_with_its_interval():
    body = finals.section(study_tested()).body
    first = body.split("<tbody>")[1].split("</tr>")[0]
    assert first.startswith('<tr class="best">')
    assert "[0.5000, 1.500]" in first
    assert "test x low" not in body
    assert "the best by that was tested" in finals.section(study_tested()).note


def test_what_a_controller_recorded_is_drawn_if_it_changes():
    recorded = [[n, {"reward": 0.1 * n, "entropy": 1.94591 + 1e-6 * n, "restarts": 0.0}] for n in (1, 2, 3)]
    section = diagnostics.section(demo.archive(demo.built(3), header={"diagnostics": recorded}))
    assert [figure.layout.title.text for figure in section.figures] == ["reward", "entropy"]
    assert section.note.endswith("Never changed: restarts 0.")
    low, high = section.figures[1].layout.yaxis.range
    assert high - low > 0.01
    assert section.figures[0].layout.yaxis.range is None


def test_narrow_sections_stand_in_pairs():
    wide, narrow = Section("w", ""), Section("n", "", wide=False)
    widths = [section.wide for section in _even([wide, narrow, narrow, narrow, wide, narrow])]
    assert widths == [True, False, False, True, True, True]
