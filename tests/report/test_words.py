"""How the report says numbers."""

from __future__ import annotations

import math

import pytest

from automl.core.choices import Choice
from automl.core.domains import Options
from automl.core.records import Proposal, Result, Trial
from automl.report import words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (42, "42"), (1234, "1,234"), (9999, "9,999"), (9999.6, "10k"), (12_340, "12.3k"),
        (999_600, "1M"), (1_200_000, "1.2M"), (3.47e12, "3.47T"), (0.0123, "0.0123"), (1.5e-6, "1.50e-06"),
        (-12_340, "-12.3k"), (math.nan, "–"), (math.inf, "–"), (2.5e18, "2.5e+18"),
    ],
)  # fmt: skip
def test_numbers(value, said):
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("val_accuracy", 0.934, "93.4 %"), ("val_accuracy", 0.9985, "99.85 %"), ("test/auc", 1.0, "100.0 %"),
        ("loss", 0.166, "0.1660"), ("params", 1_200_000, "1.2M"), ("val_accuracy", 93.4, "93.40"),
        ("energy", -1.136189, "-1.13619"), ("noiseless_error", 0.0013, "0.001300"),
        ("test_error", -6.66134e-16, "-6.7e-16"),
        ("val_accuracy", None, "–"), ("loss", math.nan, "–"), ("accelerators", 0.5, "0.5000"),
    ],
)  # fmt: skip
def test_metrics(metric, value, said):
    assert words.measured(metric, value).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.42, "0.42 s"), (12.3, "12 s"), (59.7, "1 min"), (133, "2 min 13 s"), (3900, "1 h 5 min"), (90_000, "1 d 1 h")],
)
def test_durations(seconds, said):
    assert words.duration(seconds).replace("\u00a0", " ") == said


def test_names_and_differences():
    assert words.spoken("val_accuracy") == "validation accuracy"
    assert words.difference("val_accuracy", -0.018).replace("\u00a0", " ") == "1.8 points"
    assert words.difference("val_accuracy", 0.01).replace("\u00a0", " ") == "1.0 point"
    assert words.difference("loss", -0.25) == "0.25"


def test_decisions_leave_out_what_was_declined():
    yes_no = Options((False, True))
    choices = {
        "edit": Choice("widen", Options(("widen", "deepen"))),
        "widen/0": Choice(False, yes_no),
        "widen/1": Choice(True, yes_no),
    }
    proposal = Proposal(0, 0, "tower", choices=choices)
    trial = Trial(0, (Result(0, proposal, error=words_error()),), None, "tower", 0.0, 1.0)
    assert words.decisions(trial) == "edit=widen, widen/1"
    assert words.failure(trial) == "out of memory: too large"


def words_error():
    from automl.core.records import Failure

    return Failure("out_of_memory", "too large")


def test_a_candidate_on_one_line_keeps_only_the_quotation_marks_it_needs():
    candidate = {"blocks": [[{"conv": 32, "id": "c0"}]], "head": "flatten", "note": "two words"}
    assert words.compact(candidate) == '{blocks: [[{conv: 32, id: c0}]], head: flatten, note: "two words"}'
