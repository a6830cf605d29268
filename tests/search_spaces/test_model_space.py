"""Models of one's own: what is recorded of a program, and what is made of it again."""

import json
import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.domains import Reals
from automl.core.errors import InvalidCandidate, UsageError
from automl.search_spaces.model import Model, ModelSpace


class Tower:
    """Draws from the global generators when it is built, as layers do."""

    def __init__(self, choose):
        depth = choose("depth", range(1, 4))
        self.widths = [choose(f"layer{i}/width", [8, 16]) for i in range(depth)]
        self.rate = choose("rate", Reals(1e-4, 1.0, log=True))
        self.noise = np.random.random() + random.random()


def shorter(choose):
    return choose("depth", range(1, 4))


def candidate(seed=0, space=None):
    return run((space or ModelSpace(of=Tower)).build, at_random(np.random.default_rng(seed)))[0]


def test_the_answers_are_recorded_in_the_order_of_the_questions():
    model, trace = run(ModelSpace(of=Tower).build, at_random(np.random.default_rng(3)))
    assert list(model.values) == list(trace)
    assert [choice.value for choice in trace.values()] == [*model.values.values()]


def test_a_model_is_made_from_its_answers_as_often_as_wanted():
    model = candidate()
    first, second = model.make(), model.make()
    assert first is not second
    assert first.widths == second.widths == [v for name, v in model.answers if name.endswith("width")]
    assert first.rate == model.values["rate"]


def test_building_leaves_the_global_generators_as_they_were():
    np.random.seed(5), random.seed(5)
    before = np.random.get_state()[1].tolist(), random.getstate()
    candidate()
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_answers_survive_json_to_the_last_bit(seed):
    space = ModelSpace(of=Tower)
    model = candidate(seed, space)
    again = space.load(json.loads(json.dumps(space.dump(model))))
    assert again == model
    assert space.key(again) == space.key(model)
    assert again.make().rate == model.make().rate


def test_a_candidate_is_pickled_by_the_name_of_its_program():
    pickled = pickle.dumps(candidate())
    assert b"Tower" in pickled
    assert pickle.loads(pickled) == candidate()


def test_it_is_described_by_its_answers():
    model = Model(Tower, (("depth", 1), ("layer0/width", 8), ("rate", 0.012345678), ("act", "relu")))
    assert ModelSpace(of=Tower).describe(model) == "depth=1 layer0/width=8 rate=0.0123 act=relu"


def test_answers_that_the_program_has_no_use_for_are_refused_when_it_is_made():
    answers = candidate().answers
    with pytest.raises(InvalidCandidate, match="does not ask for layer0/width"):
        Model(shorter, answers).make()
    with pytest.raises(InvalidCandidate, match="asks for 'rate', which was not answered"):
        Model(Tower, answers[:-1]).make()
    with pytest.raises(InvalidCandidate, match="is no answer to 'depth'"):
        Model(shorter, (("depth", 9),)).make()


def test_candidates_of_another_program_are_refused():
    with pytest.raises(InvalidCandidate, match=r"searches .*:shorter"):
        ModelSpace(of=shorter).check(candidate())


@pytest.mark.parametrize("json", [None, [1], "text", {"depth": [1]}])
def test_json_that_describes_no_model_is_refused(json):
    with pytest.raises(InvalidCandidate, match="describes no model"):
        ModelSpace(of=Tower).load(json)


def test_weights_are_inherited_for_equal_answers_only():
    space = ModelSpace(of=Tower)
    weights = {"w": np.ones(3)}
    heir = space.inherit(candidate(1), candidate(1), weights)
    assert heir["w"] is not weights["w"]
    assert space.inherit(candidate(1), candidate(2), weights) is None


def test_the_program_may_be_named_and_must_be_one():
    assert ModelSpace(of="automl.search_spaces.model.digits:digits").program is ModelSpace().program
    with pytest.raises(UsageError, match="cannot be called"):
        ModelSpace(of=3)
