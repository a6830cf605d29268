"""Plans, fields and recommenders for the tests of the torch side of trainer `embeddings`."""

import numpy as np
import torch

from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.recommender import build_recommender

FIELDS = (Field("user", 31), Field("item", 23), Field("day", 7))
STARTS = ((0, 5, 17), (0, 9), (0,))
WIDTH = 6
FULL = tuple(tuple(tuple(range(WIDTH)) for _ in starts) for starts in STARTS)
ANY = (((0, 1, 2, 5), (1,), ()), ((0, 2, 3), (5,)), ((0, 4),))
FIRST = (((0, 1, 2, 3, 4, 5), (0, 1), ()), ((0, 1, 2), (0,)), ((0, 1),))
MODEL = {"hidden": (8, 4), "user": 0, "item": 1}
PAIRS = np.stack([np.arange(60) % 29 + 1, np.arange(60) * 7 % 21 + 1], 1)
PLANS = {
    "wide": Plan(WIDTH, STARTS, FULL, stage="wide"),
    "soft": Plan(WIDTH, STARTS, FULL, stage="soft"),
    "thresholds": Plan(WIDTH, STARTS, FULL, stage="thresholds"),
    "first cells": Plan(WIDTH, STARTS, FIRST),
    "any cells": Plan(WIDTH, STARTS, ANY),
    "elements": Plan(WIDTH, STARTS, FULL, elements=60),
    "elements of cells": Plan(WIDTH, STARTS, ANY, elements=40),
}
FINISHED = {name: plan for name, plan in PLANS.items() if plan.stage == "plain"}


def make(plan, model, seed=0, fields=FIELDS, **settings):
    """Return a recommender with a past: no parameter is at its start, and what must be zero is."""
    torch.manual_seed(seed)
    found = build_recommender(plan, fields, model=model, pairs=PAIRS, **{**MODEL, **settings})
    optimiser = torch.optim.Adam([p for p in found.parameters() if p.requires_grad], lr=0.05, weight_decay=0.01)
    ids = every_row(fields)
    for _ in range(3):
        optimiser.zero_grad()
        (found(ids) - torch.randn(len(ids))).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        found.tables.weight.mul_(5.0)
    return found.eval()


def every_row(fields=FIELDS):
    """Return a batch (B, F) with every row of every field, PAD and OOV included."""
    most = max(field.rows for field in fields)
    return torch.stack([torch.arange(most).roll(3 * place) % field.rows for place, field in enumerate(fields)], 1)
