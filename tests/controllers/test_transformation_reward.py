"""Reward, baselines and schedule of EAS, by numbers."""

import math

import numpy as np
import pytest

from automl.controllers._eas.reward import (
    advantages_of,
    is_accuracy,
    next_baseline,
    standardise,
    tan_reward,
)
from automl.controllers._schedule import LEARNED, default_schedule, edit_names, parse_schedule
from automl.core.errors import UnknownName, UsageError
from automl.testing.towers import TowerSpace

KNOWN = ("widen", "deepen")


def test_a_point_at_ninety_is_worth_more_than_one_at_sixty():
    sixty, sixty_one, ninety, ninety_one = tan_reward([0.60, 0.61, 0.90, 0.91], clip=0.998)
    assert sixty == pytest.approx(math.tan(0.3 * math.pi))
    assert ninety_one - ninety == pytest.approx(0.71, abs=0.02)
    assert sixty_one - sixty == pytest.approx(0.05, abs=0.01)


def test_the_tangent_is_clipped():
    rewards = tan_reward([0.999, 1.0], clip=0.998)
    assert rewards.tolist() == [math.tan(0.998 * math.pi / 2)] * 2


@pytest.mark.parametrize(
    ("direction", "scores", "expected"),
    [("max", [0.0, 1.0], True), ("max", [0.5, 1.2], False), ("min", [0.5], False), ("max", [-0.1], False)],
)
def test_what_counts_as_accuracy(direction, scores, expected):
    assert is_accuracy(direction, scores) is expected


def test_standardise():
    assert standardise([1.0, 2.0, 3.0]) == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5])
    assert standardise([0.3, 0.3, 0.3]).tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_advantages():
    rewards = np.array([1.0, 3.0])
    assert advantages_of(rewards, 1.0, standardised=False).tolist() == [0.0, 2.0]
    assert advantages_of(rewards * 7, 14.0, standardised=True).tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("batch", [10.0, 20.0]),
        ("ema", [10.0, 10.5]),
        ("ema_as_released", [9.5, 19.475]),
        ("ema_from_zero", [0.5, 1.475]),
    ],
)
def test_baselines(kind, expected):
    first = next_baseline(kind, None, 10.0)
    assert [first, next_baseline(kind, first, 20.0)] == pytest.approx(expected)


def test_the_edits_of_a_space_are_the_domain_of_its_first_question():
    assert edit_names(TowerSpace()) == KNOWN


def test_schedules():
    assert parse_schedule("widen*2, deepen", KNOWN, LEARNED) == ("widen", "widen", "deepen")
    assert parse_schedule("learned*3", KNOWN, LEARNED) == ("learned",) * 3


@pytest.mark.parametrize("text", ["", "widen*", "4 widen", "widen**2", "widen*0", "widen*-1"])
def test_what_is_no_schedule(text):
    with pytest.raises(UsageError, match="schedule"):
        parse_schedule(text, KNOWN, LEARNED)


def test_an_unknown_edit_is_named_with_its_nearest():
    with pytest.raises(UnknownName, match="'widen'"):
        parse_schedule("wident*4", KNOWN, LEARNED)


def test_the_default_schedule_fits_any_space():
    wanted = (("widen", 2), ("deepen", 1))
    assert default_schedule(KNOWN, wanted) == ("widen", "widen", "deepen")
    assert default_schedule(("deepen", "kernel"), wanted) == ("deepen",)
    assert default_schedule(("fold",), wanted) == ("learned",) * 3
