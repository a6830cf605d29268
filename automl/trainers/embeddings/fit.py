"""One training from start to end: of an ordinary plan, or a segment of a relaxed stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from automl.core.records import Json, Weights
from automl.core.trainer import Report
from automl.search_spaces.embeddings import Plan
from automl.trainers._lightning import run
from automl.trainers._torch import reproducible
from automl.trainers.embeddings.bilevel import Bilevel, Search
from automl.trainers.embeddings.damage import HALVINGS, by_field, measurable, ranks
from automl.trainers.embeddings.descent import Descent, Loss, lazily
from automl.trainers.embeddings.ground import Ground
from automl.trainers.embeddings.keeper import Keeper, alphas, importance
from automl.trainers.embeddings.learner import Judge, Learner, Steps, measured
from automl.trainers.embeddings.pack import unpack
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.recommender import Recommender, build_recommender
from automl.trainers.embeddings.segments import Segment, without_state
from automl.trainers.embeddings.stopping import Stopping
from automl.trainers.embeddings.thresholds import Raising, kept

SETTLED_SHARE = 0.01
"""Stage "thresholds" has settled when it keeps so little."""


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
    """
    with reproducible(seed, ground.device, recipe.threads):
        recommender = start(plan, ground, recipe, weights)
        stopping = Stopping(ground.task.sign, recipe.patience, recipe.decay)
        keeper = Keeper(plan, ground.fields)
        if weights is not None:
            begin = measured(ground.task, recommender, ground.stop)
            stopping.start(begin[f"val_{ground.task.objective}"])
            keeper.keep(recommender, begin)
        rate = recipe.lr if weights is None else recipe.inherit_lr
        descent = Descent(Loss(recommender, ground.task, recipe.l2), rate)
        learner = Learner(
            descent, descent, ground.both, batch_size=recipe.batch_size, stopping=stopping, seed=seed
        )  # fmt: skip
        judge = Judge(ground.task, ground.stop, keeper, report, first)
        run(learner, [0], epochs=epochs, device=ground.device, callbacks=[judge])
    examples = float(stopping.epoch * len(ground.both))
    return Trained(keeper.metrics, keeper.weights, examples, stopping.epoch, stopping.best_epoch)


def fit_segment(
    plan: Plan, ground: Ground, recipe: Recipe, *, weights: Weights | None, seed: int, report: Report, epochs: int = 1
) -> Trained:
    """Train a relaxed stage for `epochs` more, or until it settles.

    Stages "wide" and "soft" train weights on the part `train`, "soft" alpha on `search`; "thresholds" takes both.
    """
    with reproducible(seed, ground.device, recipe.threads):
        recommender = start(plan, ground, recipe, weights)
        if plan.stage == "soft" and recipe.tower == "frozen":
            recommender.scorer.requires_grad_(False)
        steps, descent = _steps(plan, ground, recipe, recommender)
        part = ground.both if plan.stage == "thresholds" else ground.train
        stopping = Stopping(ground.task.sign, _patience(plan, recipe), recipe.decay)
        segment = Segment(recommender, descent, stopping, seed)
        keeper = Keeper(plan, ground.fields)
        best = segment.resume(weights or {})
        if best:
            keeper.weights, keeper.metrics = dict(weights or {}), best
        before, most = stopping.epoch, _most(plan, recipe)
        learner = Learner(
            descent, steps, part, batch_size=recipe.batch_size, stopping=stopping, seed=segment.seed
        )  # fmt: skip
        if not stopping.over and before < most:
            judge = Judge(ground.task, ground.stop, keeper, report)
            run(learner, [0], epochs=min(epochs, most - before), device=ground.device, callbacks=[judge])
        return _trained(segment, keeper, ground, recipe, most=most, before=before)


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


def _steps(plan: Plan, ground: Ground, recipe: Recipe, recommender: Recommender) -> tuple[Steps, Descent]:
    """Return what an epoch of a stage does, and the steps of its weights."""
    loss = Loss(recommender, ground.task, recipe.l2)
    if plan.stage == "soft":
        assert recommender.tables.alpha is not None
        recommender.tables.alpha.requires_grad_(False)  # before Adam asks who wants a gradient
        descent = Descent(loss, recipe.search_lr)
        search = Search(recipe.alpha_lr, recipe.l1, recipe.order, recipe.normalise, recipe.average, recipe.alpha_every)
        return Bilevel(descent, search, ground.search, recipe.batch_size), descent
    descent = Descent(loss, recipe.lr)
    return (Raising(descent, recipe.rise) if plan.stage == "thresholds" else descent), descent


def _most(plan: Plan, recipe: Recipe) -> int:
    return {"wide": recipe.epochs, "soft": recipe.search_epochs, "thresholds": recipe.pep_epochs}[plan.stage]


def _patience(plan: Plan, recipe: Recipe) -> int:
    """Return after how many epochs without progress a stage ends; thresholds go on rising."""
    if plan.stage == "thresholds":
        return recipe.pep_epochs + 1
    return recipe.patience + (plan.stage == "soft")


def _ranked(plan: Plan, ground: Ground, recipe: Recipe, weights: Weights) -> dict[str, Json]:
    """Return the order in which cells are to be kept, where it can be measured, on rows that no weight has seen."""
    best = start(plan, ground, recipe, weights)
    if not measurable(best, ground.task):
        return {}
    return {"damage": by_field(best.tables.spans, ranks(best, ground.task, ground.search, HALVINGS))}


def _trained(segment: Segment, keeper: Keeper, ground: Ground, recipe: Recipe, *, most: int, before: int) -> Trained:
    plan, stopping = keeper.plan, segment.stopping
    settled = stopping.over or stopping.epoch >= most
    extras: dict[str, Json] = {"epoch": stopping.epoch}
    weights = dict(keeper.weights)
    if plan.stage == "thresholds":
        found = kept(segment.recommender, ground.fields)
        extras |= found
        settled = settled or found["share"] < SETTLED_SHARE
    else:
        extras["importance"] = importance(plan, ground.fields, weights)
        extras |= {"alpha": alphas(plan, ground.fields, weights)} if plan.stage == "soft" else {}
        if settled:
            extras |= _ranked(plan, ground, recipe, weights)
    extras["settled"] = settled
    weights = dict(without_state(weights)) if settled else weights | segment.state(keeper.metrics)
    rows = len(ground.both if plan.stage == "thresholds" else ground.train)
    rows += rows if plan.stage == "soft" else 0
    epochs = stopping.epoch - before
    return Trained(keeper.metrics, weights, float(rows * epochs), epochs, stopping.best_epoch, extras)
