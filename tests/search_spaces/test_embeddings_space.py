"""Space embeddings as a whole: the kit, settings, check, JSON, the program, words for people, and how fast it is."""

import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from embedding_weights import FORMS, blocks_of, importance_of, plans, spaces, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.domains import Options
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.space import Budgeted, Growable, Inheritable, Relaxable, Sequential
from automl.search_spaces.embeddings import EmbeddingSpace, Field, Plan, size
from automl.search_spaces.embeddings.program import dims_up_to
from automl.testing.spaces import SpaceContract

SEEDS = st.integers(0, 2**32)
USERS = ("user", 100, ())
ITEMS = ("item", 20, ())


def small(**other):
    """Users in two blocks of 50 rows, items in one of 20, up to 8 columns."""
    return EmbeddingSpace(**{"fields": (USERS, ITEMS), "max_dim": 8, "blocks": 2, **other})


def plan(*columns, **other):
    """A plan of `small`."""
    return Plan(**{"width": 8, "starts": ((0, 50), (0,)), "columns": columns, **other})


@pytest.mark.parametrize("form", FORMS)
class TestForms(SpaceContract):
    @pytest.fixture
    def space(self, form):
        return small(form=form)

    @pytest.fixture
    def weights(self, space):
        return lambda candidate: weights_of(space, candidate)

    @pytest.fixture
    def extras(self, space):
        return lambda stage: importance_of(space, weights_of(space, stage))

    @pytest.fixture
    def size(self, space):
        return lambda candidate: size(candidate, space.frame.fields).bytes


def test_its_capabilities():
    space = EmbeddingSpace()
    assert all(isinstance(space, kind) for kind in (Relaxable, Budgeted, Inheritable))
    assert not isinstance(space, Growable | Sequential)
    assert EmbeddingSpace.default_controller == "differentiable"
    assert space.rules == ("search", "magnitude", "damage", "truncate", "pep")
    assert space.thumbs == ("uniform", "mde")


# Settings


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_dim": 0}, "1 to 255, got 0"),
        ({"max_dim": 256}, "1 to 255, got 256. The columns of single values are kept in a byte"),
        ({"blocks": 0}, "blocks must be one or more"),
        ({"form": "cell"}, "auto, aligned, cells, elements, got 'cell'"),
        ({"form": "aligned", "rotatable": False}, "not the same after a rotation. Set form=elements or form=cells"),
        ({"temperature": -0.1}, "from 0 to 1"),
        ({"temperature": float("nan")}, "from 0 to 1"),
        ({"fields": ()}, "no field"),
        ({"fields": (USERS, USERS)}, "Several fields have the name 'user'"),
        ({"fields": (("a/b", 5, ()),)}, "'a/b' cannot name a field"),
        ({"fields": (("", 5, ()),)}, "'' cannot name a field"),
        ({"fields": ((3, 5, ()),)}, "3 cannot name a field"),
        ({"fields": (("a", 1, ()),)}, "rows=1, and at least PAD and OOV are two"),
        ({"fields": (("a", 5.0, ()),)}, "rows=5.0"),
        ({"fields": (("a", True, ()),)}, "rows=True"),
        ({"fields": (("a",),)}, "is no field"),
        ({"fields": (7,)}, "7 is no field"),
        ({"fields": (("a", 5, ("x",)),)}, "is no field"),
        ({"fields": (("a", 5, (), ()),)}, "is no field"),
        ({"fields": (("a", 5, (0.6, 0.5, 1.0)),)}, "popularity of field 'a' does not rise from 0 to 1"),
        ({"fields": (("a", 5, (0.5, 0.9)),)}, "does not rise"),
        ({"fields": (("a", 5, (float("nan"), 1.0)),)}, "does not rise"),
    ],
)
def test_strange_settings_are_refused_with_a_reason(setting, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        EmbeddingSpace(**setting)


def test_fields_are_read_as_a_trainer_states_them():
    points = [point / 64 for point in range(1, 65)]
    stated = json.loads(json.dumps([["user", 100, points], ["item", 20]]))
    space = EmbeddingSpace(fields=stated)
    assert space.frame.fields == (Field("user", 100, tuple(points)), Field("item", 20))
    assert EmbeddingSpace(fields=space.frame.fields).frame == space.frame


@pytest.mark.parametrize(
    ("form", "rotatable", "meant"),
    [("auto", True, "aligned"), ("auto", False, "elements"), ("cells", False, "cells"), ("elements", True, "elements")],
)
def test_the_form_depends_on_the_model(form, rotatable, meant):
    assert small(form=form, rotatable=rotatable).frame.form == meant


def test_blocks_are_equal_shares_and_never_too_small():
    space = EmbeddingSpace(fields=(("a", 601, ()), ("b", 100, ()), ("c", 40, ()), ("d", 3, ())), blocks=6)
    assert space.frame.starts == ((0, 100, 200, 300, 400, 500), (0, 16, 33, 50, 66, 83), (0, 20), (0,))
    assert [block.rows for block in space.frame.blocks][:6] == [100, 100, 100, 100, 100, 101]


# Check


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (plan(((0,), ()), ((),), width=9), "width is 9, the space has max_dim=8"),
        (plan(((0,),)), "1 fields, the space has 2: user, item"),
        (plan(((0,), ()), ((0,),), starts=((0, 40), (0,))), "start at [0, 40]; the space cuts it at [0, 50]"),
        (plan(((0,),), ((0,),)), "columns for 1 blocks of field 'user'"),
        (plan(((0,), ()), ((0, 8),)), "field 'item' keeps the columns [0, 8]. Columns are 0 to 7"),
        (plan(((0,), ()), ((-1,),)), "keeps the columns [-1]"),
        (plan(((0,), (3, 2)), ((),)), "Block 1 of field 'user' keeps the columns [3, 2]"),
        (plan(((0, 0), ()), ((),)), "each once"),
        (plan(((), ()), ((),)), "no column of any block"),
        (plan(((0,), ()), ((),), elements=0), "keeps 0 values, its columns have 50"),
        (plan(((0,), ()), ((),), elements=51), "keeps 51 values, its columns have 50"),
        (plan(((0,), ()), ((),), stage="wide"), "keeps all 8 columns of all blocks"),
        (plan(((0,), ()), ((),), stage="widest"), "no stage 'widest'"),
    ],
)
def test_strange_plans_are_refused_with_a_reason(candidate, message):
    with pytest.raises(InvalidCandidate, match=re.escape(message)):
        small().check(candidate)


def test_aligned_plans_need_a_model_that_can_be_rotated():
    aligned = plan(((0,), ()), ((),), aligned=True)
    small().check(aligned)
    with pytest.raises(InvalidCandidate, match="not the same after a rotation"):
        small(rotatable=False).check(aligned)
    thresholds = replace(small().relax("pep")[0], aligned=True)
    with pytest.raises(InvalidCandidate, match="Thresholds are learned on values as they are"):
        small().check(thresholds)


# Codec


def test_json_is_small():
    space = small()
    candidate = plan(((0, 1, 2), ()), ((0, 2, 5),), aligned=True, origin="search")
    written = {"width": 8, "starts": [[0, 50], [0]], "columns": [[3, 0], [[0, 2, 5]]], "aligned": True}
    assert space.dump(candidate) == {**written, "origin": "search"}
    assert space.dump(space.relax("pep")[0]) == {
        "width": 8, "starts": [[0, 50], [0]], "columns": [[8, 8], [8]], "stage": "thresholds"
    }  # fmt: skip
    assert space.load(written) == replace(candidate, origin="")


@settings(max_examples=80)
@given(st.data())
def test_json_is_lossless(data):
    space = data.draw(spaces())
    candidate = data.draw(plans(space))
    cells = size(candidate, space.frame.fields).values
    candidate = replace(
        candidate,
        elements=data.draw(st.none() | st.integers(1, cells)),
        origin=data.draw(st.sampled_from(["", "search", "mde"])),
    )
    space.check(candidate)
    again = space.load(json.loads(json.dumps(space.dump(candidate))))
    assert again == candidate
    assert space.key(again) == space.key(replace(candidate, origin="other"))


@settings(max_examples=60)
@given(st.data())
def test_keys_tell_plans_apart(data):
    space = data.draw(spaces())
    one, other = data.draw(plans(space)), data.draw(plans(space))
    assert (space.key(one) == space.key(other)) == (one == other)
    assert space.key(one) != space.key(replace(one, elements=1)) != space.key(replace(one, width=one.width + 1))
    assert space.key(one) != space.key(replace(one, aligned=not one.aligned))
    assert space.key(one) != space.key(replace(one, stage="wide"))


@pytest.mark.parametrize(
    "strange",
    [
        None,
        [],
        "plan",
        {},
        {"width": 8, "starts": [[0]]},
        {"width": "8", "starts": [[0]], "columns": [[1]]},
        {"width": True, "starts": [[0]], "columns": [[1]]},
        {"width": 8, "starts": 0, "columns": [[1]]},
        {"width": 8, "starts": [0], "columns": [[1]]},
        {"width": 8, "starts": [[0]], "columns": [[-1]]},
        {"width": 8, "starts": [[0]], "columns": [[10**12]]},
        {"width": 8, "starts": [[0]], "columns": ["12"]},
        {"width": 8, "starts": [[0]], "columns": [[[0.5]]]},
        {"width": 8, "starts": [[0]], "columns": [[None]]},
        {"width": 8, "starts": [[0]], "columns": [[1]], "elements": 1.5},
        {"width": 8, "starts": [[0]], "columns": [[1]], "stage": "supple"},
        {"width": 8, "starts": [[0]], "columns": [[1]], "stage": ["wide"]},
        {"width": 8, "starts": [[0]], "columns": [[1]], "aligned": 1},
        {"width": 8, "starts": [[0]], "columns": [[1]], "origin": 3},
    ],
)
def test_json_of_something_else_is_refused(strange):
    with pytest.raises(InvalidCandidate, match=r"describes no plan.*It looks like"):
        small().load(strange)


# The program


@pytest.mark.parametrize(
    ("most", "dims"), [(1, (0, 1)), (2, (0, 1, 2)), (6, (0, 1, 2, 4, 6)), (32, (0, 1, 2, 4, 8, 16, 32))]
)
def test_dimensions_are_powers_of_two_up_to_the_largest(most, dims):
    assert dims_up_to(most) == dims


def test_the_program_asks_for_every_block():
    answers = {"user/block0/dim": 4, "user/block1/dim": 0, "item/block0/dim": 2}
    candidate, trace = run(small().build, lambda name, domain, allowed: answers[name])
    assert candidate == Plan(4, ((0, 50), (0,)), (((0, 1, 2, 3), ()), ((0, 1),)))
    assert list(trace) == list(answers)
    assert {choice.domain for choice in trace.values()} == {Options((0, 1, 2, 4, 8))}


@settings(max_examples=60)
@given(spaces(), SEEDS)
def test_whatever_is_built_belongs_to_the_space(space, seed):
    candidate, trace = run(space.build, at_random(np.random.default_rng(seed)))
    space.check(candidate)
    assert candidate.width == max(choice.value for choice in trace.values())
    assert [len(kept) for *_, kept in blocks_of(space, candidate)] == [choice.value for choice in trace.values()]


def test_one_block_keeps_a_column():
    candidate, _ = run(small().build, lambda name, domain, allowed: allowed[0] if allowed else 0)
    assert candidate.dims == ((0, 0), (1,))
    only, _ = run(EmbeddingSpace(fields=(ITEMS,), max_dim=1).build, lambda name, domain, allowed: 0)
    assert only.dims == ((1,),)


# Words


def test_one_line_says_what_a_plan_is():
    space = small()
    assert space.describe(plan(((0, 1, 2), ()), ((5,),))) == "K 8, 680 B: user 3/0, item 1"
    searched = plan(((0, 1, 2), (0,)), ((5,),), origin="search", aligned=True)
    assert space.describe(searched) == "K 8, 880 B: user 3/1, item 1, aligned, by search"
    assert space.describe(space.relax("search")[1]) == "K 8, 3.8 kB: all columns, stage soft, aligned"
    pruned = space.discretise(space.relax("pep")[0], {}, 0.25, "pep")
    assert space.describe(pruned) == "K 8, 960 B: the largest 168 values, by pep"


def test_many_fields_are_counted_and_large_tables_are_in_megabytes():
    space = EmbeddingSpace(fields=tuple((f"f{place}", 10_000, ()) for place in range(30)), blocks=1)
    text = space.describe(space.sized(1.0, "uniform"))
    assert text == "K 32, 38.4 MB: " + ", ".join(f"f{place} 32" for place in range(12)) + ", 18 more fields, by uniform"


# Cost


def test_it_is_cheap():
    """A plan of 26 fields, 156 blocks: check, dump, key. Measured a millisecond; the rest is for slow machines."""
    space = EmbeddingSpace(fields=tuple((f"f{place}", 5000, ()) for place in range(26)), max_dim=64)
    importance = np.random.default_rng(0).random((26, 6, 64)).tolist()
    extras = {"importance": {f"f{place}": rows for place, rows in enumerate(importance)}}
    stage = space.relax("search")[-1]
    found = space.discretise(stage, extras, 1 / 8, "search")
    assert fastest(lambda: space.discretise(stage, extras, 1 / 8, "search")) < 0.1
    assert fastest(lambda: (space.check(found), space.load(space.dump(found)), space.key(found))) < 0.05


def fastest(what, repeats=5):
    def seconds():
        start = time.process_time()
        what()
        return time.process_time() - start

    return min(seconds() for _ in range(repeats))
