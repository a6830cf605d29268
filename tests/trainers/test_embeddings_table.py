"""Embedding tables in training: only what a plan keeps is ever anything but zero."""

import pytest

torch = pytest.importorskip("torch")

from embeddings_plans import ANY, FIELDS, FULL, PLANS, STARTS, WIDTH, every_row, make  # noqa: E402

from automl.core.errors import InvalidCandidate  # noqa: E402
from automl.search_spaces.embeddings import Field, Plan  # noqa: E402
from automl.trainers.embeddings.table import Tables  # noqa: E402


def tables(name, seed=0):
    torch.manual_seed(seed)
    return Tables(PLANS[name], FIELDS, spread=0.1)


def kept(name):
    """Return where a plan of whole cells keeps values, (R, K), written down row by row."""
    plan, mask = PLANS[name], []
    for starts, blocks, field in zip(plan.starts, plan.columns, FIELDS, strict=True):
        for row in range(field.rows):
            block = sum(row >= start for start in starts) - 1
            mask.append([row > 0 and column in blocks[block] for column in range(WIDTH)])
    return torch.tensor(mask)


@pytest.mark.parametrize("name", ["wide", "soft", "thresholds", "first cells", "any cells"])
def test_gradient_and_values_are_where_cells_are_kept(name):
    found = tables(name)
    found(every_row()).square().sum().backward()
    reached = found.weight.grad != 0
    assert not (reached & ~kept(name)).any()
    assert not ((found.weight != 0) & ~kept(name)).any()
    if name != "thresholds":
        assert torch.equal(reached, kept(name))


def test_elements_are_as_many_as_the_plan_says_and_within_its_cells():
    for name in ("elements", "elements of cells"):
        found = tables(name)
        found(every_row()).square().sum().backward()
        assert (found.weight != 0).sum() == PLANS[name].elements == found.mask.sum()
        assert torch.equal(found.weight.grad != 0, found.mask != 0)
    assert not ((found.weight != 0) & ~kept("any cells")).any()


@pytest.mark.parametrize("name", PLANS)
def test_training_with_decay_leaves_zeros_zero(name):
    found = make(PLANS[name], "deepfm").tables
    assert not found.weight[found.offsets].any()
    assert not found.all()[found.offsets].any()
    if found.mask is not None:
        mask = found.mask if found.by_element else kept(name)
        assert torch.equal(found.weight != 0, mask != 0)


@pytest.mark.parametrize("name", PLANS)
def test_looking_up_is_taking_rows_of_all(name):
    found, ids = make(PLANS[name], "fm").tables, every_row()
    assert torch.equal(found(ids), found.all()[ids + found.offsets])


def test_alpha_weighs_the_cells_of_its_block_and_nothing_else():
    found = tables("soft")
    with torch.no_grad():
        found.alpha[1, 2] = 0.25
    expected = found.weight.clone()
    expected[5:17, 2] *= 0.25
    assert torch.equal(found.all(), expected)
    assert found.alpha.shape == (6, WIDTH)


def test_thresholds_prune_nearly_nothing_at_first_and_all_in_the_end():
    big = Plan(8, ((0, 500),), ((tuple(range(8)),) * 2,), stage="thresholds")
    torch.manual_seed(0)
    found = Tables(big, [Field("f", 2000)], spread=0.05)
    assert 0.98 < found.share() < 1.0
    with torch.no_grad():
        found.threshold[0] = 20.0
    assert found.share() == pytest.approx(0.75, abs=0.02)
    value, lowest = found.weight[700, 3], torch.sigmoid(found.threshold[1, 3])
    assert found.all()[700, 3] == torch.sign(value) * (value.abs() - lowest)
    found.all().sum().backward()
    assert not found.threshold.grad[0].any()
    assert found.threshold.grad[1].all()


def test_weights_can_be_replaced_for_one_call_and_differentiated_twice():
    """The unrolled step of the search: alpha's gradient through a step of the weights, against a difference."""
    torch.set_default_dtype(torch.float64)
    try:
        model, ids = make(PLANS["soft"], "deepfm").double(), every_row()
        target = torch.linspace(-1, 1, len(ids))
        weight = model.tables.weight.detach().requires_grad_()

        def after_step(alpha):
            given = {"tables.alpha": alpha, "tables.weight": weight}
            loss = (torch.func.functional_call(model, given, (ids,)) - target).square().mean()
            (slope,) = torch.autograd.grad(loss, weight, create_graph=True)
            given["tables.weight"] = weight - 0.5 * slope
            return (torch.func.functional_call(model, given, (ids,)) - target).square().mean()

        alpha = torch.full((6, WIDTH), 0.7, requires_grad=True)
        (found,) = torch.autograd.grad(after_step(alpha), alpha)
        step = torch.zeros_like(alpha)
        step[0, 1] = 1e-5
        difference = (after_step(alpha + step) - after_step(alpha - step)) / 2e-5
        assert found[0, 1] == pytest.approx(difference.item(), rel=1e-5)
    finally:
        torch.set_default_dtype(torch.float32)


def test_sparse_gradients_are_those_of_the_dense_table():
    dense, sparse = make(PLANS["any cells"], "fm"), make(PLANS["any cells"], "fm")
    sparse.tables.sparse = True
    for model in (dense, sparse):
        model.zero_grad()
        model(every_row()).square().sum().backward()
    assert sparse.tables.weight.grad.is_sparse
    assert torch.allclose(sparse.tables.weight.grad.to_dense(), dense.tables.weight.grad, atol=1e-6)


def test_the_seed_decides_and_everything_is_single_precision():
    one, two, other = tables("elements", 1), tables("elements", 1), tables("elements", 2)
    assert torch.equal(one.weight, two.weight)
    assert not torch.equal(one.weight, other.weight)
    assert {p.dtype for name in PLANS for p in tables(name).parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("plan", "says"),
    [(Plan(WIDTH, STARTS[:2], ANY[:2]), "3"), (Plan(WIDTH, ((0, 40), (0,), (0,)), FULL), "user")],
)
def test_plans_of_other_data_are_refused(plan, says):
    with pytest.raises(InvalidCandidate, match=says):
        Tables(plan, FIELDS, spread=0.1)
