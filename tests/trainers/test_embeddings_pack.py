"""Recommenders as named arrays and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from embeddings_plans import FIELDS, FULL, PLANS, STARTS, WIDTH, every_row, make  # noqa: E402

from automl.core.errors import WeightsError  # noqa: E402
from automl.search_spaces.embeddings import Plan  # noqa: E402
from automl.trainers.embeddings.models.known import MODELS  # noqa: E402
from automl.trainers.embeddings.pack import pack, unpack  # noqa: E402
from automl.trainers.embeddings.recommender import build_recommender  # noqa: E402


def same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", PLANS)
def test_there_and_back(name, model):
    plan = PLANS[name]
    first = make(plan, model, seed=1)
    packed = pack(first, plan, FIELDS)
    second = make(plan, model, seed=2)
    assert not same(packed, pack(second, plan, FIELDS))
    unpack(second, plan, FIELDS, packed)
    assert same(packed, pack(second, plan, FIELDS))
    assert torch.equal(first(every_row()), second(every_row()))


@settings(max_examples=40)
@given(
    cells=st.tuples(*(st.tuples(*(st.sets(st.integers(0, WIDTH - 1)) for _ in starts)) for starts in STARTS)),
    elements=st.none() | st.integers(0, 200),
)
def test_any_plan_goes_there_and_back(cells, elements):
    columns = tuple(tuple(tuple(sorted(kept)) for kept in blocks) for blocks in cells)
    plan = Plan(WIDTH, STARTS, columns, elements=elements)
    first = build_recommender(plan, FIELDS, model="fm")
    packed = pack(first, plan, FIELDS)
    second = build_recommender(plan, FIELDS, model="fm")
    unpack(second, plan, FIELDS, packed)
    assert same(packed, pack(second, plan, FIELDS))
    assert torch.equal(first.tables.all(), second.tables.all())


def test_names_and_shapes_are_those_of_the_layout():
    packed = pack(make(PLANS["any cells"], "deepfm"), PLANS["any cells"], FIELDS)
    shapes = {name: array.shape for name, array in packed.items() if not name.startswith("net/")}
    assert shapes == {
        "table/user/0": (5, 4), "table/user/1": (12, 1), "table/user/2": (14, 0),
        "table/item/0": (9, 3), "table/item/1": (14, 1), "table/day/0": (7, 2),
        "first/user": (31,), "first/item": (23,), "first/day": (7,),
    }  # fmt: skip
    soft = pack(make(PLANS["soft"], "fm"), PLANS["soft"], FIELDS)
    assert soft["alpha/item/1"].shape == (WIDTH,)
    elements = pack(make(PLANS["elements"], "fm"), PLANS["elements"], FIELDS)
    assert sum(len(array) for name, array in elements.items() if name.startswith("values/")) == 60
    assert elements["places/user/0"].dtype == elements["counts/user/0"].dtype == np.uint8


def test_alpha_is_kept_apart_from_the_values():
    plan = PLANS["soft"]
    model = make(plan, "fm")
    with torch.no_grad():
        model.tables.alpha.fill_(0.5)
    packed = pack(model, plan, FIELDS)
    assert np.array_equal(packed["table/user/0"], model.tables.weight[:5].detach())
    assert np.array_equal(packed["alpha/user/0"], np.full(WIDTH, 0.5, dtype=np.float32))


def test_what_thresholds_pruned_is_zero_in_the_cells_and_comes_back_with_the_state():
    plan = PLANS["thresholds"]
    model = make(plan, "fm")
    with torch.no_grad():
        model.tables.threshold[0] = 20.0
    packed = pack(model, plan, FIELDS)
    assert not packed["table/user/0"].any()
    assert packed["initial/user/0"].any()
    other = make(plan, "fm", seed=5)
    unpack(other, plan, FIELDS, packed)
    assert torch.equal(other.tables.weight, model.tables.weight)


def test_what_is_missing_stays_as_it_is():
    plan = PLANS["first cells"]
    model = make(plan, "deepfm", seed=1)
    before = pack(model, plan, FIELDS)
    unpack(model, plan, FIELDS, {"first/item": np.ones(23, dtype=np.float32)})
    after = pack(model, plan, FIELDS)
    assert (after.pop("first/item") == 1).all()
    before.pop("first/item")
    assert same(before, after)


def test_packed_arrays_are_copies():
    plan = PLANS["wide"]
    model = make(plan, "mlp")
    packed = pack(model, plan, FIELDS)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    assert not same(packed, pack(model, plan, FIELDS))


def test_the_graph_of_the_data_at_hand_is_kept_and_that_of_the_weights_used_without_one():
    plan = PLANS["wide"]
    packed = pack(make(plan, "lightgcn"), plan, FIELDS)
    other = np.array([[1, 1], [2, 1]])
    here = build_recommender(plan, FIELDS, model="lightgcn", user=0, item=1, pairs=other)
    nowhere = build_recommender(plan, FIELDS, model="lightgcn", user=0, item=1)
    for model in (here, nowhere):
        unpack(model, plan, FIELDS, packed)
    assert np.array_equal(here.scorer.pairs, other)
    assert np.array_equal(nowhere.scorer.pairs, packed["net/scorer.pairs"])


@pytest.mark.parametrize(("name", "array"), [("table/user/0", (5, 4)), ("first/item", (22,)), ("net/bias", (2,))])
def test_arrays_of_another_shape_are_refused(name, array):
    plan = Plan(WIDTH, STARTS, FULL, stage="wide")
    with pytest.raises(WeightsError, match=name):
        unpack(make(plan, "fm"), plan, FIELDS, {name: np.zeros(array, dtype=np.float32)})
