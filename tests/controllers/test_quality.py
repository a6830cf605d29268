"""Every controller that learns must beat chance on the landscape of towers, at equal evaluations.

Judged by the true accuracy, without the noise that the controller saw: of what it proposes in the end, which
tells a controller that learns from one that draws often; and of the best it found.
"""

import functools

import numpy as np
import pytest

from automl.controllers.bayesian import Bayesian
from automl.controllers.evolution import Evolution
from automl.controllers.hill_climb import HillClimb
from automl.controllers.random import Random
from automl.core.objectives import Objectives
from automl.testing.drive import drive
from automl.testing.towers import TowerSpace, TowerTrainer, landscape

ACCURACY = Objectives.parse(["max:val_accuracy"])
SEEDS = range(5)

grow = functools.partial(Random, source="grow", edits="widen*4,deepen*5")


@functools.cache
def accuracies(make, evaluations):
    """Return the true accuracies of all candidates, one row per seed."""
    space = TowerSpace()
    searches = [drive(make(space, ACCURACY, seed), space, TowerTrainer(), evaluations, seed=seed) for seed in SEEDS]
    return np.array([[landscape(result.proposal.candidate) for result in search] for search in searches])


@pytest.mark.parametrize(
    ("make", "chance", "evaluations", "margin"),
    [(Evolution, Random, 100, 0.05), (Bayesian, Random, 50, 0.03), (HillClimb, grow, 100, 0.05)],
    ids=["evolution", "bayesian", "hill_climb"],
)
def test_it_ends_above_chance_with_every_seed(make, chance, evaluations, margin):
    last = evaluations // 4
    learned = accuracies(make, evaluations)[:, -last:].mean(axis=1)
    drawn = accuracies(chance, evaluations)[:, -last:].mean(axis=1)
    assert learned.mean() > drawn.mean() + margin
    assert (learned > drawn).all()


@pytest.mark.parametrize(("make", "chance"), [(Evolution, Random), (HillClimb, grow)])
def test_the_best_it_finds_is_better_on_average(make, chance):
    assert accuracies(make, 150).max(axis=1).mean() > accuracies(chance, 150).max(axis=1).mean() + 0.01
