"""What the search must find where the truth is planted, and what must not change it."""

import pickle

import numpy as np
import pytest
from embeddings_worlds import clicks, relaxed, trainer
from scipy.stats import spearmanr

from automl.core.errors import WeightsError
from automl.search_spaces.embeddings import size
from automl.search_spaces.embeddings.frame import block_rows
from automl.trainers.embeddings import EmbeddingsTrainer

RANKS = (16, 8, 4, 2)
"""How many dimensions the ratings of an item have, by the group it is in, hot to cold."""
PER_BLOCK = 15


def ranked(users=60, seed=0):
    """Return ratings of items that need fewer dimensions the rarer they are."""
    random = np.random.default_rng(seed)
    taste = random.normal(size=(users, RANKS[0]))
    user, item, rating = [], [], []
    for block, rank in enumerate(RANKS):
        for number in range(PER_BLOCK):
            rows = (240, 180, 120, 80)[block] - number  # no two blocks mix when items are sorted by frequency
            who, style = random.integers(0, users, rows), random.normal(size=rank)
            user.append(who)
            item.append(np.full(rows, block * PER_BLOCK + number))
            rating.append(3 + 0.5 * taste[who, :rank] @ style + 0.05 * random.normal(size=rows))
    return {"user": np.concatenate(user), "item": np.concatenate(item), "rating": np.concatenate(rating)}


def searched(found, budgets, **settings):
    """Return the space, and the plans that the search reads for some budgets."""
    where, stages = relaxed(found, **settings)
    plan, outcome = stages["soft"]
    return where, [where.discretise(plan, outcome.extras, budget, "search") for budget in budgets]


def test_planted_ranks_are_found_in_order():
    schema = {"user": "user", "item": "item", "rating": "label"}
    settings = {"batch_size": 256, "epochs": 15, "search_epochs": 5, "lr": 0.03, "l2": 0.01, "split": "ratio"}
    found = EmbeddingsTrainer(ranked(), schema=schema, model="mf", **settings)
    where, (plan,) = searched(found, [0.45], max_dim=16, blocks=4, form="aligned")
    items = [int(value) for value in found.dataset.columns[1].values]
    blocks = np.searchsorted(where.frame.starts[1], 1 + np.arange(len(items)), side="right") - 1
    dims = np.array(plan.dims[1])[blocks]
    truth = np.array([RANKS[item // PER_BLOCK] for item in items])
    assert spearmanr(dims, truth).statistic >= 0.8
    assert dims[truth == 16].mean() >= 2 * dims[truth == 2].mean()


def test_fields_of_pure_noise_get_at_most_a_twentieth():
    random = np.random.default_rng(1)
    noisy = {f"noise{n}": random.integers(0, 60, 3000) for n in range(3)}
    schema = {"clicked": "label", "user": "user", "shop": "token", **dict.fromkeys(["noise", *noisy], "token")}
    settings = {"batch_size": 128, "epochs": 6, "search_epochs": 8, "patience": 8, "hidden": (8,), "split": "ratio"}
    found = EmbeddingsTrainer({**clicks(3000), **noisy}, schema=schema, model="deepfm", **settings)
    where, (plan,) = searched(found, [1 / 32], max_dim=8, blocks=2)
    kept = {
        field.name: sum(
            len(columns) * rows for columns, rows in zip(blocks, block_rows(starts, field.rows), strict=True)
        )
        for field, blocks, starts in zip(where.frame.fields, plan.columns, plan.starts, strict=True)
    }
    noise = sum(values for name, values in kept.items() if name.startswith("noise"))
    assert noise <= 0.05 * sum(kept.values())
    assert sum(kept.values()) == size(plan, where.frame.fields).values > 0


@pytest.mark.parametrize(("model", "rule_without_alpha"), [("mf", "damage"), ("lightgcn", "magnitude")])
def test_alpha_frozen_at_1_gives_the_plan_of_what_it_multiplies(model, rule_without_alpha):
    found = trainer("topk", model=model, alpha_lr=1e-12, inherit_lr=1e-12)
    where, stages = relaxed(found)
    alpha = np.concatenate([np.array(rows) for rows in stages["soft"][1].extras["alpha"].values()])
    assert (alpha == 1.0).all()
    for budget in (1 / 2, 1 / 4, 1 / 8):
        plans = [
            where.discretise(stages[stage][0], stages[stage][1].extras, budget, rule)
            for stage, rule in (("soft", "search"), ("wide", rule_without_alpha))
        ]
        assert plans[0].columns == plans[1].columns


@pytest.mark.parametrize("task", ["ctr", "topk"])
def test_the_same_seed_finds_the_same_dimensions_bit_for_bit(task):
    found = trainer(task)
    runs = [relaxed(one)[1]["soft"][1] for one in (found, pickle.loads(pickle.dumps(found)), trainer(task))]
    for run in runs[1:]:
        assert run.extras == runs[0].extras
        assert all(np.array_equal(run.weights[name], runs[0].weights[name]) for name in runs[0].weights)


def test_a_model_whose_pruned_values_are_only_masked_is_not_loaded():
    found = trainer("ctr")
    where, stages = relaxed(found, stages=("wide",))
    wide, outcome = stages["wide"]
    plan = where.discretise(wide, outcome.extras, 1 / 4, "magnitude")
    masked = {name: array * 0.5 if name.startswith("table/") else array for name, array in outcome.weights.items()}
    with pytest.raises(WeightsError, match="table/"):
        found.load(plan, masked, found.facts())
    loaded = found.load(plan, where.inherit(plan, wide, outcome.weights), found.facts())
    assert loaded.tables.kept_bytes() == size(plan, where.frame.fields).bytes
