"""Small worlds whose laws are known, for the tests of trainer `embeddings`."""

import numpy as np

from automl.search_spaces.embeddings import EmbeddingSpace, Plan
from automl.trainers.embeddings import EmbeddingsTrainer


def silent(step, metrics):
    """Report to nobody."""


def clicks(rows=1500, seed=0):
    """Return clicks that depend on user and shop; `noise` has many values and says nothing."""
    random = np.random.default_rng(seed)
    user, shop, noise = random.integers(0, 30, rows), random.integers(0, 8, rows), random.integers(0, 60, rows)
    taste, style = random.normal(size=(30, 2)), random.normal(size=(8, 2))
    logit = 2.0 * (taste[user] * style[shop]).sum(1)
    clicked = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    return {"user": user, "shop": [f"s{n}" for n in shop], "noise": [f"n{n}" for n in noise], "clicked": clicked}


CLICKS = {"clicked": "label", "user": "user", "shop": "token", "noise": "token"}


def ratings(rows=2500, seed=0):
    """Return ratings of rank 2 with biases."""
    random = np.random.default_rng(seed)
    user, item = random.integers(0, 40, rows), random.integers(0, 30, rows)
    taste, style = random.normal(size=(40, 2)), random.normal(size=(30, 2))
    rating = 3 + 0.7 * (taste[user] * style[item]).sum(1) + 0.2 * random.normal(size=rows)
    return {"user": user, "item": item, "rating": rating}


RATINGS = {"rating": "label", "user": "user", "item": "item"}


def feedback(users=40, items=30, seed=0):
    """Return who met what: users of two kinds, each of which meets its own half of the items."""
    random = np.random.default_rng(seed)
    pairs = [
        (user, item)
        for user in range(users)
        for item in random.choice(np.arange(items // 2) + (user % 2) * (items // 2), 9, replace=False)
    ]
    user, item = random.permutation(np.array(pairs)).T
    return {"user": user, "item": item}


FEEDBACK = {"user": "user", "item": "item"}
WORLDS = {"ctr": (clicks, CLICKS), "rating": (ratings, RATINGS), "topk": (feedback, FEEDBACK)}


def trainer(task="ctr", **settings):
    """Return a trainer on one of the worlds, quick unless told otherwise."""
    data, schema = WORLDS[task]
    epochs = {"epochs": 3, "search_epochs": 3, "final_epochs": 3}
    quick = {**epochs, "batch_size": 128, "hidden": (8,), "repeats": 2, "split": "ratio"}
    return EmbeddingsTrainer(data(), schema=schema, task=task, **{**quick, **settings})


def space(trained, **settings):
    """Return the space of a trainer's data."""
    facts = trained.facts()
    return EmbeddingSpace(fields=facts["fields"], rotatable=facts["rotatable"], **{"max_dim": 8, **settings})


def uniform(trained, dim=4) -> Plan:
    """Return the plan of one dimension everywhere."""
    return space(trained, max_dim=dim).sized(1.0, "uniform")


def relaxed(trained, stages=("wide", "soft"), **settings):
    """Train stages until they settle; return the space, and plan and outcome of each stage."""
    where = space(trained, **settings)
    plans = [plan for rule in ("search", "pep") for plan in where.relax(rule) if plan.stage in stages]
    weights, found = None, {}
    for before, plan in zip([None, *plans], plans, strict=False):
        weights = where.inherit(plan, before, weights) if before else weights
        outcome = trained.train(plan, effort=100, weights=weights, seed=3, report=silent)
        weights, found[plan.stage] = outcome.weights, (plan, outcome)
    return where, found
