"""One training of an ordinary plan from start to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from automl.core.records import Json, Weights
from automl.core.trainer import Report
from automl.search_spaces.embeddings import Plan
from automl.trainers._lightning import run
from automl.trainers._torch import reproducible
from automl.trainers.embeddings.descent import Descent, Loss, lazily
from automl.trainers.embeddings.ground import Ground
from automl.trainers.embeddings.keeper import Keeper
from automl.trainers.embeddings.learner import Judge, Learner, measured
from automl.trainers.embeddings.pack import unpack
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.recommender import Recommender, build_recommender
from automl.trainers.embeddings.stopping import Stopping
from automl.trainers.embeddings.tasks.task import Lesson


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    Attributes:
        metrics: those of the best epoch.
        weights: those of the best epoch, and the state of a stage that has not settled.
        examples: rows that were trained on.
        epochs: how many there were.
        best_epoch: which was the best; 0 is where training started.
        extras: what a relaxed stage reports.
    """

    metrics: Mapping[str, float]
    weights: Weights
    examples: float
    epochs: int
    best_epoch: int
    extras: Mapping[str, Json] = field(default_factory=dict)


def fit(
    plan: Plan,
    ground: Ground,
    recipe: Recipe,
    *,
    weights: Weights | None,
    seed: int,
    report: Report,
    epochs: int,
    first: int = 0,
    lesson: Lesson | None = None,
) -> Trained:
    """Train an ordinary plan on the parts `train` and `search` and keep its best epoch.

    Inherited weights are epoch 0: they are trained no further than it helps.

    Args:
        plan: what is trained.
        ground: the data.
        recipe: settings.
        weights: where training starts; None starts afresh.
        seed: of everything random.
        report: is told after every epoch.
        epochs: how many at most.
        first: number of the first epoch to report, less one.
        lesson: what it learns from besides the rows.
    """
    with reproducible(seed, ground.device, recipe.threads):
        recommender = start(plan, ground, recipe, weights)
        fall = 0 if weights is None else min(recipe.inherit_epochs, epochs)
        stopping = Stopping(ground.task.sign, recipe.patience, recipe.decay, fall)
        keeper = Keeper(plan, ground.fields)
        if weights is not None:
            begin = measured(ground.task, recommender, ground.stop)
            stopping.start(begin[f"val_{ground.task.objective}"])
            keeper.keep(recommender, begin)
        rate, l2 = (recipe.lr, recipe.l2) if weights is None else (recipe.inherit_lr, recipe.inherit_l2)
        descent = Descent(Loss(recommender, ground.task, l2, lesson), rate)
        learner = Learner(
            descent, descent, ground.both, batch_size=recipe.batch_size, stopping=stopping, seed=seed
        )  # fmt: skip
        judge = Judge(ground.task, ground.stop, keeper, report, first)
        run(learner, [0], epochs=epochs, device=ground.device, callbacks=[judge])
    examples = float(stopping.epoch * len(ground.both))
    return Trained(keeper.metrics, keeper.weights, examples, stopping.epoch, stopping.best_epoch)


def start(plan: Plan, ground: Ground, recipe: Recipe, weights: Weights | None) -> Recommender:
    """Return a recommender on the device: fresh, with what is inherited put into it.

    Values that training never meets start at zero, so that they say nothing.
    """
    recommender = build_recommender(
        plan,
        ground.fields,
        model=recipe.model,
        hidden=recipe.hidden,
        user=ground.user,
        item=ground.item,
        pairs=ground.pairs,
        dropout=recipe.dropout,
        sparse=lazily(plan, ground.fields, recipe),
    )
    tables = recommender.tables
    with torch.no_grad():
        for values in (tables.weight, tables.initial):
            if values is not None:
                values[ground.unseen.cpu()] = 0.0
        recommender.bias.fill_(ground.task.bias(ground.both.labels))
    if weights is not None:
        unpack(recommender, plan, ground.fields, weights)
    return recommender.to(ground.device)
