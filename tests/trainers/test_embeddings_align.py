"""Principal axes: predictions stay, variance moves into the first columns."""

import pytest

torch = pytest.importorskip("torch")

from embeddings_plans import PLANS, every_row, make  # noqa: E402

from automl.core.errors import UsageError  # noqa: E402
from automl.trainers.embeddings.align import align, principal_axes  # noqa: E402
from automl.trainers.embeddings.models.known import MODELS, scorer_class  # noqa: E402

TURNABLE = [name for name in MODELS if scorer_class(name).rotation != "none"]


def test_which_models_can_be_turned():
    assert sorted(set(MODELS) - set(TURNABLE)) == ["neumf", "xdeepfm"]


@pytest.mark.parametrize("name", TURNABLE)
def test_predictions_do_not_change(name):
    model, ids = make(PLANS["wide"], name), every_row()
    before, table = model(ids), model.tables.weight.detach().clone()
    align(model)
    assert before.std() > 1e-3
    assert torch.allclose(model(ids), before, atol=1e-4, rtol=0)
    assert not torch.allclose(model.tables.weight, table, atol=1e-2)
    assert not model.tables.weight[model.tables.offsets].any()


@pytest.mark.parametrize("name", ["neumf", "xdeepfm"])
def test_other_models_are_refused_and_left_alone(name):
    model = make(PLANS["wide"], name)
    before = model.tables.weight.detach().clone()
    with pytest.raises(UsageError, match="form=cells"):
        align(model)
    assert torch.equal(model.tables.weight, before)


@pytest.mark.parametrize("name", [name for name in PLANS if name != "wide"])
def test_tables_that_are_not_whole_are_refused(name):
    with pytest.raises(UsageError, match="wide"):
        align(make(PLANS[name], "mf"))


def test_columns_are_uncorrelated_and_ordered():
    model = make(PLANS["wide"], "mf")
    align(model)
    products = model.tables.weight.T @ model.tables.weight
    variances = products.diagonal()
    assert (variances[:-1] >= variances[1:]).all()
    assert (products - torch.diag(variances)).abs().max() < 1e-4 * variances.max()


def test_a_planted_rank_comes_first():
    torch.manual_seed(0)
    low = torch.randn(200, 2) @ torch.randn(2, 6)
    turned = low.double() @ principal_axes(low)
    assert turned[:, 2:].abs().max() < 1e-5
    assert torch.equal(principal_axes(low), principal_axes(low.clone()))


def test_aligning_twice_changes_nothing():
    model = make(PLANS["wide"], "deepfm")
    align(model)
    once = model.tables.weight.detach().clone()
    align(model)
    assert torch.allclose(model.tables.weight.abs(), once.abs(), atol=1e-4)
