"""Finished recommenders: the same scores from as little memory as the plan says."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from embeddings_plans import FIELDS, FINISHED, MODEL, PLANS, STARTS, WIDTH, every_row, make  # noqa: E402

from automl.core.errors import UsageError, WeightsError  # noqa: E402
from automl.search_spaces.embeddings import Field, Plan  # noqa: E402
from automl.trainers.embeddings.exported import check_size, exported, plan_bytes, stored_bytes  # noqa: E402
from automl.trainers.embeddings.formats import fuxictr, torchrec  # noqa: E402
from automl.trainers.embeddings.models.known import MODELS  # noqa: E402
from automl.trainers.embeddings.pack import pack  # noqa: E402
from automl.trainers.embeddings.ragged_cells import RaggedCells  # noqa: E402
from automl.trainers.embeddings.recommender import build_recommender  # noqa: E402

KERNELS = ("torch", "numba")


def small(model, plan, name, kernel="torch", fields=FIELDS):
    return exported(plan, fields, pack(model, plan, fields), model=name, **MODEL, kernel=kernel)


@pytest.fixture(autouse=True)
def _numba(request):
    if "numba" in request.node.name:
        pytest.importorskip("numba")


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("plan", [*FINISHED, "wide"])
def test_scores_are_those_of_the_masked_table(plan, model, kernel):
    big = make(PLANS[plan], model)
    found = small(big, PLANS[plan], model, kernel)
    assert (found(every_row()) - big(every_row())).abs().max() <= 1e-6


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=40)
@given(
    cells=st.tuples(*(st.tuples(*(st.sets(st.integers(0, WIDTH - 1)) for _ in starts)) for starts in STARTS)),
    elements=st.none() | st.integers(0, 200),
    rows=st.lists(st.tuples(*(st.integers(0, field.rows - 1) for field in FIELDS)), max_size=20),
)
def test_lookups_are_those_of_the_masked_table(cells, elements, rows, kernel):
    columns = tuple(tuple(tuple(sorted(kept)) for kept in blocks) for blocks in cells)
    plan = Plan(WIDTH, STARTS, columns, elements=elements)
    big = build_recommender(plan, FIELDS, model="fm")
    ids = torch.tensor(rows, dtype=torch.long).view(-1, len(FIELDS))
    assert torch.equal(small(big, plan, "fm", kernel).tables(ids), big.tables(ids))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("plan", FINISHED)
@pytest.mark.parametrize("model", ["mf", "neumf", "lightgcn"])
def test_ranking_is_that_of_the_masked_table(model, plan, kernel):
    big = make(PLANS[plan], model)
    found = small(big, PLANS[plan], model, kernel)
    users = torch.tensor([3, 0, 30, 3])
    assert (found.rank(users) - big.rank(users)).abs().max() <= 1e-6


@pytest.mark.parametrize("plan", FINISHED)
def test_embeddings_take_the_bytes_of_the_plan(plan):
    big = make(PLANS[plan], "deepfm")
    found = small(big, PLANS[plan], "deepfm")
    packed = pack(big, PLANS[plan], FIELDS)
    told = sum(a.nbytes for name, a in packed.items() if name.split("/")[0] in ("table", "values", "places", "counts"))
    assert found.tables.kept_bytes() == plan_bytes(PLANS[plan], FIELDS) == told
    others = sum(array.nbytes for array in packed.values()) - told
    held = sum(p.untyped_storage().nbytes() for name, p in found.named_parameters() if not name.startswith("tables."))
    assert held == others
    check_size(found, PLANS[plan], FIELDS)


def large(columns, elements=None):
    """Return a plan of a field that is too large for anything to hide in."""
    return Plan(32, ((0, 1000),), (columns,), elements=elements), [Field("item", 20_000)]


@pytest.mark.parametrize(
    "made", [large((tuple(range(16)), (0, 3))), large((tuple(range(32)),) * 2, 40_000)], ids=["cells", "elements"]
)
def test_memory_is_that_of_the_plan_and_a_table_of_masked_zeros_is_refused(made):
    plan, fields = made
    big = build_recommender(plan, fields, model="fm")
    found = exported(plan, fields, pack(big, plan, fields), model="fm")
    check_size(found, plan, fields)
    assert stored_bytes(found.tables) < 1.05 * plan_bytes(plan, fields) + 4096
    zeros = Plan(32, plan.starts, ((tuple(range(32)),) * 2,))
    table = big.tables.all().numpy(force=True)
    found.tables = RaggedCells(zeros, fields, {"table/item/0": table[:1000], "table/item/1": table[1000:]})
    assert torch.equal(found.tables(torch.arange(20_000).view(-1, 1))[:, 0], big.tables.all())
    with pytest.raises(WeightsError, match="bytes in memory"):
        check_size(found, plan, fields)


def test_a_view_of_a_wide_table_counts_with_all_that_is_behind_it():
    module = torch.nn.Module()
    module.register_buffer("columns", torch.zeros(1000, 64)[:, :2])
    assert stored_bytes(module) == 256_000


def test_tables_are_views_of_the_only_copy():
    plan = PLANS["any cells"]
    found = small(make(plan, "fm"), plan, "fm")
    shapes = [(span.field, span.block, tuple(table.shape)) for span, table in found.tables.tables()]
    assert shapes[:3] == [("user", 0, (5, 4)), ("user", 1, (12, 1)), ("user", 2, (14, 0))]
    storage = found.tables.values.untyped_storage().data_ptr()
    assert {table.untyped_storage().data_ptr() for _, table in found.tables.tables()} == {storage}


@pytest.mark.parametrize("row", [-1, 31])
def test_rows_that_a_field_has_not_are_refused(row):
    found = small(make(PLANS["any cells"], "fm"), PLANS["any cells"], "fm")
    with pytest.raises(IndexError, match="30, 22, 6"):
        found(torch.tensor([[row, 0, 0]]))


def test_no_rows_give_no_scores():
    found = small(make(PLANS["elements"], "deepfm"), PLANS["elements"], "deepfm")
    assert found(torch.zeros(0, 3, dtype=torch.long)).shape == (0,)


@pytest.mark.parametrize("missing", ["table/item/1", "first/day", "net/bias"])
def test_incomplete_weights_are_refused(missing):
    plan = PLANS["any cells"]
    packed = pack(make(plan, "fm"), plan, FIELDS)
    packed.pop(missing)
    with pytest.raises(WeightsError, match=missing):
        exported(plan, FIELDS, packed, model="fm")


def test_elements_that_do_not_belong_together_are_refused():
    plan = PLANS["elements"]
    packed = pack(make(plan, "fm"), plan, FIELDS)
    packed["places/user/0"] = packed["places/user/0"] + np.uint8(WIDTH)
    with pytest.raises(WeightsError, match="beyond 6"):
        exported(plan, FIELDS, packed, model="fm")


def test_torchrec_gets_a_table_per_block_that_keeps_anything():
    plan = PLANS["any cells"]
    told = json.loads(torchrec.as_json(plan, FIELDS))
    sizes = [(t["config"]["name"], t["config"]["num_embeddings"], t["config"]["embedding_dim"]) for t in told["tables"]]
    assert sizes == [("user_0", 5, 4), ("user_1", 12, 1), ("item_0", 9, 3), ("item_1", 14, 1), ("day_0", 7, 2)]
    assert sum(4 * rows * dim for _, rows, dim in sizes) == plan_bytes(plan, FIELDS)
    assert told["tables"][1]["place"] == {"field": "user", "block": 1, "first_row": 5, "columns": [1]}
    compile(torchrec.as_python(plan, FIELDS), "tables.py", "exec")
    with pytest.raises(UsageError, match="single values"):
        torchrec.configs(PLANS["elements"], FIELDS)


def test_fuxictr_gets_one_dimension_per_feature_and_is_told_what_that_costs():
    plan = PLANS["any cells"]
    assert fuxictr.embedding_dims(plan, FIELDS, model="wide_deep") == {"user": 4, "item": 3, "day": 2}
    assert fuxictr.embedding_dims(plan, FIELDS, model="deepfm") == {"user": 4, "item": 4, "day": 4}
    assert any("blocks" in sentence for sentence in fuxictr.differences(plan, FIELDS, model="mlp"))
    whole = Plan(4, ((0,), (0,), (0,)), (((0, 1),), ((0, 1, 2),), ((0,),)))
    assert fuxictr.differences(whole, FIELDS, model="mlp") == []
    yaml = pytest.importorskip("yaml")
    read = yaml.safe_load(fuxictr.as_yaml(plan, FIELDS, model="mlp"))
    assert read["feature_cols"] == json.loads(fuxictr.as_json(plan, FIELDS, model="mlp"))["feature_cols"]
    assert [entry["embedding_dim"] for entry in read["feature_cols"]] == [4, 3, 2]
