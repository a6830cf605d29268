"""One segment of a relaxed stage."""

from __future__ import annotations

from automl.core.records import Json, Weights
from automl.core.trainer import Report
from automl.search_spaces.embeddings import Plan
from automl.trainers._lightning import run
from automl.trainers._torch import reproducible
from automl.trainers.embeddings.bilevel import Bilevel, Search
from automl.trainers.embeddings.damage import HALVINGS, by_field, measurable, ranks
from automl.trainers.embeddings.descent import Descent, Loss
from automl.trainers.embeddings.fit import Trained, start
from automl.trainers.embeddings.ground import Ground
from automl.trainers.embeddings.keeper import Keeper, alphas, importance
from automl.trainers.embeddings.learner import Judge, Learner, Steps
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.segments import Segment, without_state
from automl.trainers.embeddings.steady import Steady
from automl.trainers.embeddings.stopping import Stopping
from automl.trainers.embeddings.teacher import handed_on, prepared
from automl.trainers.embeddings.thresholds import Raising, kept

SETTLED_SHARE = 0.01
"""Stage "thresholds" has settled when it keeps so little."""


def fit_segment(
    plan: Plan, ground: Ground, recipe: Recipe, *, weights: Weights | None, seed: int, report: Report, epochs: int = 1
) -> Trained:
    """Train a relaxed stage for `epochs` more, or until it settles.

    Stages "wide" and "soft" train weights on the part `train`, "soft" alpha on `search`; "thresholds" takes both. When
    "wide" settles, it makes the teacher of the plans that are cut from it, where they have one.
    """
    with reproducible(seed, ground.device, recipe.threads):
        recommender = start(plan, ground, recipe, weights)
        if plan.stage == "soft" and recipe.tower == "frozen":
            recommender.scorer.requires_grad_(False)
        steps, descent = _steps(plan, ground, recipe, recommender)
        part = ground.both if plan.stage == "thresholds" else ground.train
        stopping = Stopping(ground.task.sign, _patience(plan, recipe), recipe.decay)
        steady = Steady(stopping, recipe.steady if plan.stage == "soft" and plan.aligned else None)
        segment = Segment(recommender, descent, stopping, steady, seed)
        keeper = Keeper(plan, ground.fields)
        best = segment.resume(weights or {})
        if best:
            keeper.weights, keeper.metrics = dict(weights or {}), best
        before, most = stopping.epoch, _most(plan, recipe)
        learner = Learner(
            descent, steps, part, batch_size=recipe.batch_size, stopping=stopping, seed=segment.seed
        )  # fmt: skip
        if not stopping.over and before < most:
            callbacks = [steady, Judge(ground.task, ground.stop, keeper, report)]
            run(learner, [0], epochs=min(epochs, most - before), device=ground.device, callbacks=callbacks)
        trained = _trained(segment, keeper, ground, recipe, most=most, before=before)
    if plan.stage == "wide" and trained.extras["settled"]:
        return prepared(trained, plan, ground, recipe, seed=segment.seed)
    return handed_on(trained, weights)


def _steps(plan: Plan, ground: Ground, recipe: Recipe, recommender: Recommender) -> tuple[Steps, Descent]:
    """Return what an epoch of a stage does, and the steps of its weights."""
    penalty = recipe.relaxed_l2 if plan.aligned and plan.stage != "thresholds" else recipe.l2
    loss = Loss(recommender, ground.task, penalty)
    if plan.stage == "soft":
        assert recommender.tables.alpha is not None
        recommender.tables.alpha.requires_grad_(False)  # before Adam asks who wants a gradient
        descent = Descent(loss, recipe.search_lr)
        search = Search(
            recipe.alpha_lr, recipe.l1, recipe.order, recipe.normalise, recipe.average, recipe.alpha_every,
            penalised=not plan.aligned,
        )  # fmt: skip
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
