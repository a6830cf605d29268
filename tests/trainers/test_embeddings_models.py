"""The models, each against its formula, and all of them learning something."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from embeddings_plans import FIELDS, MODEL, PAIRS, PLANS, every_row, make  # noqa: E402

from automl.core.errors import UnknownName, UsageError  # noqa: E402
from automl.search_spaces.embeddings import Field, Plan  # noqa: E402
from automl.trainers.embeddings.models.known import MODELS, scorer_class  # noqa: E402
from automl.trainers.embeddings.models.xdeepfm import CompressedInteractions  # noqa: E402
from automl.trainers.embeddings.recommender import build_recommender  # noqa: E402

WIDE = PLANS["wide"]


def parts(name):
    """Return a model, its vectors and first-order weights as float64 arrays, what it scores, and its layers."""
    model, ids = make(WIDE, name), every_row()
    vectors = model.tables(ids).detach().double().numpy()
    first = model.first[ids + model.tables.offsets, 0].detach().double().numpy() * (ids != 0).numpy()
    return model, vectors, first, (model(ids) - model.bias).detach().numpy()


def network(layers, x):
    """Apply linear layers with ReLU between them."""
    linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    for layer in linear[:-1]:
        x = np.maximum(x @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy(), 0)
    return (x @ linear[-1].weight.detach().double().numpy().T + linear[-1].bias.detach().double().numpy())[:, 0]


def pairwise(vectors):
    """Return the sum of the dot products of all pairs, pair by pair."""
    fields = range(vectors.shape[1])
    return sum((vectors[:, i] * vectors[:, j]).sum(1) for i in fields for j in fields if i < j)


def flat(vectors):
    return vectors.reshape(len(vectors), -1)


FORMULAS = {
    "mf": lambda m, v, w: (v[:, 0] * v[:, 1]).sum(1) + w[:, 0] + w[:, 1],
    "fm": lambda m, v, w: pairwise(v) + w.sum(1),
    "mlp": lambda m, v, w: network(m.scorer.deep, flat(v)),
    "wide_deep": lambda m, v, w: network(m.scorer.deep, flat(v)) + w.sum(1),
    "deepfm": lambda m, v, w: network(m.scorer.deep, flat(v)) + pairwise(v) + w.sum(1),
    "neumf": lambda m, v, w: (
        network(m.scorer.deep, flat(v[:, :2])) + (v[:, 0] * v[:, 1]) @ m.scorer.product.detach().double().numpy()
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_scores_are_those_of_the_formula(name):
    model, vectors, first, scores = parts(name)
    assert scores.std() > 1e-2
    assert np.allclose(scores, FORMULAS[name](model, vectors, first), atol=1e-5)


def test_compressed_interactions_are_sums_of_products_column_by_column():
    torch.manual_seed(0)
    layer, x = CompressedInteractions(3).double(), torch.randn(2, 3, 4, dtype=torch.float64)
    one, two = (weight.view(32, -1, 3) for weight in layer.weights)
    maps = sum(one[:, i, j, None, None] * x[:, i] * x[:, j] for i in range(3) for j in range(3))  # (maps, B, K)
    more = sum(two[:, i, j, None, None] * maps[i] * x[:, j] for i in range(len(maps)) for j in range(3))
    pooled = torch.cat([maps.sum(2), more.sum(2)]).T
    assert torch.allclose(layer(x), (pooled @ layer.output.weight.T)[:, 0])


def test_lightgcn_scores_by_the_mean_of_the_layers():
    model, ids = make(WIDE, "lightgcn"), every_row()
    table = model.tables.all().detach().double().numpy()
    links = np.zeros((len(table), len(table)))
    for user, item in PAIRS:
        links[user, 31 + item] = links[31 + item, user] = 1.0
    degree = np.maximum(links.sum(1), 1)
    spread = links / np.sqrt(np.outer(degree, degree))
    mean = sum(np.linalg.matrix_power(spread, layer) @ table for layer in range(4)) / 4
    expected = (mean[ids[:, 0]] * mean[31 + ids[:, 1]]).sum(1)
    assert np.allclose((model(ids) - model.bias).detach().numpy(), expected, atol=1e-5)


def test_lightgcn_can_be_differentiated_twice():
    model = make(WIDE, "lightgcn").double()
    table = model.tables.all().detach().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: model.scorer.propagate(x).square()[:3], (table,))


def test_lightgcn_says_that_it_needs_a_graph():
    model = build_recommender(WIDE, FIELDS, model="lightgcn", **MODEL)
    with pytest.raises(UsageError, match="pairs"):
        model(every_row())


@pytest.mark.parametrize("name", ["mf", "neumf", "lightgcn"])
def test_ranking_scores_every_item_as_a_row_of_data_would(name):
    model = make(WIDE, name)
    scores = model.rank(torch.arange(31))
    ids = torch.cartesian_prod(torch.arange(31), torch.arange(23), torch.tensor([2]))
    assert scores.shape == (31, 23)
    assert torch.allclose(scores.flatten(), model(ids), atol=1e-5)


@pytest.mark.parametrize("name", ["fm", "deepfm", "mlp"])
def test_models_of_all_fields_rank_where_there_are_no_others(name):
    plan = Plan(WIDE.width, WIDE.starts[:2], WIDE.columns[:2], stage="wide")
    model = make(plan, name, fields=FIELDS[:2])
    ids = torch.cartesian_prod(torch.arange(31), torch.arange(23))
    assert torch.allclose(model.rank(torch.arange(31)).flatten(), model(ids), atol=1e-5)
    with pytest.raises(UsageError, match="model=mf"):
        make(WIDE, name).rank(torch.arange(3))


def test_unknown_models_suggest_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'deepfm'"):
        scorer_class("deepfn")


@pytest.mark.parametrize("name", ["mf", "neumf", "lightgcn"])
def test_models_of_pairs_ask_for_user_and_item(name):
    with pytest.raises(UsageError, match="roles user and item"):
        build_recommender(WIDE, FIELDS, model=name, hidden=(4,))


def test_first_layers_are_scaled_by_the_inputs_that_are_kept():
    """The same deviation of what enters the first hidden layer, whether a plan keeps all columns or few."""
    fields = [Field(f"f{i}", 300) for i in range(20)]
    starts = tuple((0,) for _ in fields)
    deviations = []
    for kept in (32, 2):
        plan = Plan(32, starts, tuple((tuple(range(kept)),) for _ in fields))
        torch.manual_seed(0)
        model = build_recommender(plan, fields, model="mlp", hidden=(64,))
        vectors = model.tables(torch.randint(1, 300, (200, 20)))
        deviations.append((model.scorer.deep[0](vectors.flatten(1)) / model.scorer.spread).std().item())
    assert deviations == pytest.approx([2**0.5, 2**0.5], rel=0.1)


def test_dropout_is_there_in_training_only():
    model = make(WIDE, "mlp", dropout=0.5)
    ids = every_row()
    assert torch.equal(model(ids), model(ids))
    model.train()
    assert not torch.equal(model(ids), model(ids))


def planted(rows=6000, seed=0):
    """Return ids and labels of users and items with planted vectors."""
    draw = np.random.default_rng(seed)
    ids = np.stack([draw.integers(1, 31, rows), draw.integers(1, 23, rows), draw.integers(1, 7, rows)], 1)
    users, items = draw.normal(size=(31, 2)), draw.normal(size=(23, 2))
    logits = 2 * (users[ids[:, 0]] * items[ids[:, 1]]).sum(1)
    return torch.from_numpy(ids), torch.from_numpy(draw.random(rows) < 1 / (1 + np.exp(-logits)))


@pytest.mark.parametrize("plan", ["wide", "any cells"])
@pytest.mark.parametrize("name", MODELS)
def test_models_learn_from_scratch(name, plan):
    ids, clicks = planted()
    pairs = ids[clicks][:, :2].numpy()
    torch.manual_seed(0)
    model = build_recommender(PLANS[plan], FIELDS, model=name, **{**MODEL, "hidden": (16,)}, pairs=pairs)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    loss = torch.nn.BCEWithLogitsLoss()
    at_first = loss(model(ids), clicks.float()).item()
    for _ in range(10):
        for some in torch.randperm(len(ids)).split(500):
            optimiser.zero_grad()
            loss(model(ids[some]), clicks[some].float()).backward()
            optimiser.step()
    assert at_first == pytest.approx(np.log(2), abs=0.02)
    assert loss(model(ids), clicks.float()).item() < (0.62 if plan == "wide" else 0.688)
