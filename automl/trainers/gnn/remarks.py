"""What a person should be told about a result besides its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from automl.core.records import Metrics
from automl.trainers.gnn.graph import Graph
from automl.trainers.gnn.recipe import Recipe
from automl.trainers.gnn.tasks import task_of


def remarks(metrics: Metrics, graph: Graph, recipe: Recipe) -> Sequence[str]:
    """Return sentences about a measured network.

    Args:
        metrics: what was measured of it.
        graph: what it was measured on.
        recipe: how it was trained.
    """
    name = next(iter(task_of(graph).target.metrics))
    units, test = int(graph.validation.sum()), int(graph.test.sum())
    noise = _noise(metrics["val_accuracy"], units) if name == "accuracy" else "a guess at the true one"
    return [
        f"The {name} on {units} validation {graph.task}s is {noise}, and the best of many is flattered by that: "
        "small differences are noise.",
        f"Full training: {recipe.repeats} seeds of up to {recipe.final_epochs} epochs; val_{name} and test_{name} are "
        f"their means, the model handed over is the best of them on validation {graph.task}s.",
        f"Every number is from the epoch with the best validation {name}. Published ones are often from the epoch, or "
        "the run, that was best in test, which is worth 0.5 to 2.6 points of accuracy on citation graphs; "
        f"{test} test {graph.task}s were read once, after all selection.",
    ]


def _noise(accuracy: float, units: int) -> str:
    return f"within a standard error of {100 * standard_error(accuracy, units):.1f} points of the true one"


def standard_error(accuracy: float, count: int) -> float:
    """Return the standard error of a share of right answers among so many."""
    return math.sqrt(max(accuracy * (1 - accuracy), 0.0) / count)
