"""The teacher of the plans of a search: its warm start, trained on to the rows that they are trained on.

A warm start leaves the part `search` to the alphas, and a plan that is cut from it learns from both parts. So does
its teacher, which costs less than a training from scratch, once per search. It has all columns, and nothing to learn
from but its rows. It goes with the weights of the relaxed stages to those who inherit from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from automl.core.records import Weights
from automl.search_spaces.embeddings import Plan, layout
from automl.trainers._torch import reproducible
from automl.trainers.embeddings.fit import Trained, fit, start
from automl.trainers.embeddings.ground import Ground
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.tasks.task import Lesson

EPOCHS = 5
"""Of the training of a teacher, which knows most of its rows already. Of video games it is as good after five epochs
whose learning rate falls as after the seven to ten that it takes until it gets no better."""


def prepared(trained: Trained, plan: Plan, ground: Ground, recipe: Recipe, *, seed: int) -> Trained:
    """Return a settled stage with the teacher among its weights, if the recipe wants one and the task can use it."""
    if not (recipe.distil and ground.task.teachable):
        return trained
    usual = replace(recipe, inherit_lr=recipe.lr, inherit_l2=recipe.l2, inherit_epochs=EPOCHS)
    teacher = fit(
        replace(plan, stage="plain"), ground, usual,
        weights=trained.weights, seed=seed, report=_unheard, epochs=recipe.epochs,
    )  # fmt: skip
    named = {layout.TEACHER + name: array for name, array in teacher.weights.items()}
    return replace(trained, weights={**trained.weights, **named}, examples=trained.examples + teacher.examples)


def handed_on(trained: Trained, weights: Weights | None) -> Trained:
    """Return a segment with the teacher that its own weights came with."""
    given = {name: array for name, array in (weights or {}).items() if name.startswith(layout.TEACHER)}
    return replace(trained, weights={**trained.weights, **given}) if given else trained


def lesson_of(plan: Plan, ground: Ground, recipe: Recipe, weights: Weights | None) -> Lesson | None:
    """Return what a plan learns from besides its rows, if its weights came with a teacher."""
    found = {
        name.removeprefix(layout.TEACHER): a for name, a in (weights or {}).items() if name.startswith(layout.TEACHER)
    }
    if not (found and recipe.distil and ground.task.teachable):
        return None
    columns = tuple(tuple(tuple(range(plan.width)) for _ in starts) for starts in plan.starts)
    whole = replace(plan, columns=columns, elements=None, stage="plain")
    with reproducible(0, ground.device, recipe.threads):
        teacher = start(whole, ground, recipe, found)
        return ground.task.lesson(teacher.eval().requires_grad_(False), share=recipe.distil, sharpen=recipe.sharpen)


def _unheard(step: int, metrics: Mapping[str, float]) -> None:
    """Take an intermediate result without a word."""
