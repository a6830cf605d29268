"""Inheritance in space embeddings: what a plan takes over of another's weights."""

from dataclasses import replace

import numpy as np
import pytest
from embedding_weights import blocks_of, plans, spaces, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.search_spaces.embeddings import EmbeddingSpace, Plan, layout
from automl.search_spaces.embeddings.elements import Elements, unpack
from automl.testing.arrays import inherits_cleanly, same_arrays

SOFT = ("wide", "soft")
BESIDE = ("first/", "net/")


def stage_of(space, name):
    """A relaxed plan of the space."""
    stages = (stage for rule in space.rules for stage in space.relax(rule))
    return next(stage for stage in stages if stage.stage == name)


def acting(space, plan, weights):
    """What each block of a relaxed plan adds to the model: its table, alpha multiplied in."""
    return [
        weights[layout.table(name, number)] * weights.get(layout.alpha(name, number), np.float32(1))
        for name, number, *_ in blocks_of(space, plan)
    ]


def kept_of(space, plan, weights):
    """Tables of a plan of elements with zeros in between, and their masks."""
    found = [
        unpack(
            Elements(*(weights[of(name, number)] for of in (layout.values, layout.places, layout.counts))), plan.width
        )
        for name, number, *_ in blocks_of(space, plan)
    ]
    return [table for table, _ in found], [mask for _, mask in found]


def beside(weights):
    return {name: array for name, array in weights.items() if name.startswith(BESIDE)}


# Relaxed plans


@settings(max_examples=20)
@given(spaces())
def test_a_further_segment_gets_everything(space):
    for name in (*SOFT, "thresholds"):
        stage = stage_of(space, name)
        weights = weights_of(space, stage)
        assert any(each.startswith("state/") for each in weights)
        same_arrays(inherits_cleanly(space, stage, stage, weights), weights)


def test_who_proposed_a_plan_does_not_matter():
    space = EmbeddingSpace()
    plan = space.sized(0.5, "uniform")
    weights = weights_of(space, plan)
    same_arrays(space.inherit(replace(plan, origin=""), plan, weights), weights)


@settings(max_examples=20)
@given(spaces())
def test_the_search_starts_from_the_warm_start_but_not_in_its_state(space):
    wide, soft = space.relax("search")
    weights = weights_of(space, wide)
    expected = {name: array for name, array in weights.items() if not name.startswith("state/")}
    same_arrays(inherits_cleanly(space, soft, wide, weights), expected)


# Whole cells


@settings(max_examples=60)
@given(st.data())
def test_cells_are_the_kept_columns_with_alpha_multiplied_in(data):
    space = data.draw(spaces())
    parent, child = stage_of(space, data.draw(st.sampled_from(SOFT))), data.draw(plans(space))
    weights = weights_of(space, parent, data.draw(st.integers(0, 99)))
    found = inherits_cleanly(space, child, parent, weights)
    expected = beside(weights)
    for (name, number, _, kept), table in zip(blocks_of(space, child), acting(space, parent, weights), strict=True):
        expected[layout.table(name, number)] = table[:, list(kept)]
    same_arrays(found, expected)
    assert all(array.flags.c_contiguous for array in found.values())


def test_nothing_of_a_model_that_sees_narrower_vectors_fits():
    space = EmbeddingSpace(form="cells", max_dim=8)
    wide, narrow = space.relax("search")[0], space.sized(0.5, "uniform")
    found = inherits_cleanly(space, narrow, wide, weights_of(space, wide))
    assert {name.partition("/")[0] for name in found} == {"table", "first"}
    assert all(found[name].shape[1] == 4 for name in found if name.startswith("table/"))


# Elements


@settings(max_examples=60)
@given(st.data())
def test_elements_are_the_largest_values_of_all_blocks_with_alpha_multiplied_in(data):
    space = data.draw(spaces(forms=("elements",)))
    parent = stage_of(space, data.draw(st.sampled_from(SOFT)))
    cells = data.draw(plans(space))
    child = replace(cells, elements=data.draw(st.integers(1, 60)))
    weights = weights_of(space, parent, data.draw(st.integers(0, 99)))
    found = inherits_cleanly(space, child, parent, weights)
    tables, masks = kept_of(space, child, found)
    given_ = acting(space, parent, weights)
    open_ = [np.isin(np.arange(child.width), kept) & (table != 0) for (*_, kept), table in
             zip(blocks_of(space, child), given_, strict=True)]  # fmt: skip
    assert sum(map(np.sum, masks)) == min(child.elements, sum(map(np.sum, open_)))
    for table, mask, own, may in zip(tables, masks, given_, open_, strict=True):
        assert not (mask & ~may).any()
        assert np.array_equal(table, np.where(mask, own, 0))
    kept = np.concatenate([abs(own[mask]) for own, mask in zip(given_, masks, strict=True)])
    left = np.concatenate([abs(own[may & ~mask]) for own, mask, may in zip(given_, masks, open_, strict=True)])
    assert not left.size or not kept.size or kept.min() >= left.max()
    assert set(beside(found)) == set(beside(weights))


@settings(max_examples=60)
@given(st.data())
def test_survivors_of_thresholds_go_back_to_where_they_started(data):
    space = data.draw(spaces())
    parent = stage_of(space, "thresholds")
    child = replace(parent, stage="plain", elements=data.draw(st.integers(1, 80)))
    weights = weights_of(space, parent, data.draw(st.integers(0, 99)))
    given_ = acting(space, parent, weights)
    survivors = sum(np.count_nonzero(table) for table in given_)
    found = inherits_cleanly(space, child, parent, weights)
    if survivors == 0:
        assert found is None
        return
    assert not beside(found), "a lottery ticket is trained afresh"
    tables, masks = kept_of(space, child, found)
    assert sum(map(np.sum, masks)) == min(child.elements, survivors)
    sizes = np.concatenate([abs(own[mask]) for own, mask in zip(given_, masks, strict=True)])
    assert sorted(sizes) == sorted(np.sort(np.concatenate([abs(own).ravel() for own in given_]))[-len(sizes) :])
    for (name, number, *_), table, mask in zip(blocks_of(space, child), tables, masks, strict=True):
        assert np.array_equal(table, np.where(mask, weights[layout.initial(name, number)], 0))


def test_the_planted_large_values_are_found():
    space = EmbeddingSpace(fields=(("user", 40, ()),), max_dim=3, blocks=2, form="elements")
    wide, soft = space.relax("search")
    weights = weights_of(space, soft)
    for name, number, *_ in blocks_of(space, soft):
        weights[layout.table(name, number)][:] = 0.01
        weights[layout.alpha(name, number)][:] = [1.0, 0.5, 0.0]
    weights["table/user/0"][7, 1] = weights["table/user/0"][7, 2] = -8.0  # alpha halves one, and removes the other
    weights["table/user/1"][3, 0] = 5.0
    child = replace(wide, stage="plain", elements=2)
    found = space.inherit(child, soft, weights)
    assert found["values/user/0"].tolist() == [-4.0]
    assert found["places/user/0"].tolist() == [1]
    assert np.flatnonzero(found["counts/user/0"]).tolist() == [7]
    assert found["values/user/1"].tolist() == [5.0]
    assert found["counts/user/1"].sum() == 1


# Ordinary plans


def two_fields(*columns, **other):
    return Plan(**{"width": 4, "starts": ((0, 20), (0,)), "columns": columns, **other})


@pytest.fixture
def space():
    return EmbeddingSpace(fields=(("user", 40, ()), ("item", 20, ())), max_dim=4, blocks=2)


def test_ordinary_plans_take_over_the_blocks_whose_columns_are_all_there(space):
    parent = two_fields(((0, 2, 3), (1,)), ((0, 1),))
    child = two_fields(((2, 3), (1, 2)), ((),))
    weights = weights_of(space, parent)
    found = inherits_cleanly(space, child, parent, weights)
    expected = {"table/user/0": weights["table/user/0"][:, 1:], "table/item/0": np.empty((20, 0), np.float32)}
    same_arrays(found, {**expected, **beside(weights)})


def test_vectors_of_another_width_leave_the_model_behind(space):
    parent, child = two_fields(((0,), ()), ((),)), two_fields(((0,), ()), ((),), width=2)
    found = space.inherit(child, parent, weights_of(space, parent))
    assert set(found) == {"table/user/0", "table/user/1", "table/item/0", "first/user", "first/item"}


def test_other_elements_take_over_what_is_beside_them(space):
    parent = two_fields(((0, 1), ()), ((),), elements=9)
    weights = weights_of(space, parent)
    for child in (replace(parent, elements=8), replace(parent, elements=None)):
        same_arrays(space.inherit(child, parent, weights), beside(weights))
    cells = replace(parent, elements=None)
    same_arrays(space.inherit(parent, cells, weights_of(space, cells)), beside(weights_of(space, cells)))


def test_fields_that_are_cut_elsewhere_take_over_no_block(space):
    parent = two_fields(((0,), (0,)), ((0,),))
    child = Plan(4, ((0,), (0,)), (((0,),), ((0,),)))
    found = space.inherit(child, parent, weights_of(space, parent))
    assert "table/item/0" in found
    assert not any(name.startswith("table/user") for name in found)


# Nothing


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("wide", "soft"),
        ("wide", "thresholds"),
        ("thresholds", "wide"),
        ("thresholds", "soft"),
        ("soft", "thresholds"),
        ("plain", "thresholds"),
        ("wide", "plain"),
        ("soft", "plain"),
        ("thresholds", "plain"),
    ],
)
def test_no_edge_leads_back_or_across(child, parent):
    space = EmbeddingSpace(form="cells")
    known = {stage: stage_of(space, stage) for stage in (*SOFT, "thresholds")} | {"plain": space.sized(1.0, "uniform")}
    assert space.inherit(known[child], known[parent], weights_of(space, known[parent])) is None


def test_columns_of_other_axes_are_not_taken_over(space):
    wide = space.relax("search")[0]
    assert wide.aligned
    assert space.inherit(two_fields(((0,), ()), ((),)), wide, weights_of(space, wide)) is None


@pytest.mark.parametrize("stage", SOFT)
def test_weights_of_something_else_are_not_used(space, stage):
    parent = stage_of(space, stage)
    child = two_fields(((0,), ()), ((3,),), aligned=True)
    strange = {"table/user/0": np.zeros((19, 4)), "table/user/1": np.zeros((20, 3)), "angles": np.zeros(3)}
    assert space.inherit(child, parent, strange) is None
    assert space.inherit(child, parent, {}) is None
    assert space.inherit(parent, parent, {}) is None


def test_a_soft_table_without_its_alpha_is_not_used(space):
    soft = stage_of(space, "soft")
    weights = weights_of(space, soft)
    del weights["alpha/item/0"]
    found = space.inherit(two_fields(((0,), ()), ((3,),), aligned=True), soft, weights)
    assert "table/user/0" in found
    assert "table/item/0" not in found


def test_elements_need_all_blocks():
    space = EmbeddingSpace(form="elements")
    soft = stage_of(space, "soft")
    child = space.discretise(soft, {}, 0.25, "search")
    weights = weights_of(space, soft)
    del weights["table/user/3"]
    assert set(space.inherit(child, soft, weights)) == set(beside(weights))
