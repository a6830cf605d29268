import numpy as np
import pytest

from automl.core.choices import at_random, group_of, replay, run
from automl.core.errors import InvalidCandidate


def program(choose):
    depth = choose("depth", range(1, 5))
    return tuple(choose(f"layer{i}/width", [8, 16, 32]) for i in range(depth))


def never(name, domain, allowed):
    raise AssertionError(f"{name} should not have been asked")


def test_a_replayed_trace_builds_the_same_again():
    built, trace = run(program, at_random(np.random.default_rng(3)))
    again, same = run(program, replay(trace, never))
    assert again == built
    assert same == trace


def test_what_a_replay_does_not_know_goes_to_the_other_answer():
    _, trace = run(lambda choose: choose("depth", range(1, 5)), lambda *_: 2)
    built, _ = run(program, replay(trace, lambda name, domain, allowed: 32))
    assert built == (32, 32)


def test_a_forced_choice_is_recorded_but_not_asked():
    value, trace = run(lambda choose: choose("kernel", [1, 3, 5], allowed=[3]), never)
    assert value == 3
    assert trace["kernel"].value == 3


def test_an_answer_that_is_not_allowed_moves_to_the_nearest_that_is():
    value, trace = run(lambda choose: choose("width", [4, 8, 16, 32], allowed=[4, 8]), lambda *_: 32)
    assert value == trace["width"].value == 8


def test_random_answers_respect_the_mask():
    rng = np.random.default_rng(0)
    drawn = {run(lambda c: c("x", range(10), allowed=[2, 7]), at_random(rng))[0] for _ in range(40)}
    assert drawn == {2, 7}


@pytest.mark.parametrize(
    ("program", "answer", "message"),
    [
        (lambda c: (c("x", [1, 2]), c("x", [1, 2])), lambda *_: 1, "twice"),
        (lambda c: c("x", [1, 2]), lambda *_: 3, "no answer"),
        (lambda c: c("x", [1, 2], allowed=[]), lambda *_: 1, "allows no answer"),
    ],
)
def test_bugs_of_programs_and_answerers_are_named(program, answer, message):
    with pytest.raises(InvalidCandidate, match=message):
        run(program, answer)


@pytest.mark.parametrize(
    ("name", "group"),
    [("layer0/activation", "activation"), ("block1/layer2/width", "width"), ("depth", "depth"), ("a/", "")],
)
def test_a_choice_is_of_the_class_that_its_last_part_names(name, group):
    assert group_of(name) == group
