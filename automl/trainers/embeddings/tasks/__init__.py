"""The tasks by name: what they measure. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from automl.core.objectives import Direction
from automl.trainers.embeddings.data import Dataset

if TYPE_CHECKING:
    import torch

    from automl.trainers.embeddings.tasks.task import Task

MEASURES: Mapping[str, Mapping[str, Direction]] = {
    "rating": {"mse": "min", "rmse": "min", "mae": "min"},
    "ctr": {"auc": "max", "logloss": "min", "gauc": "max"},
    "topk": {"ndcg": "max", "recall": "max", "hit": "max"},
}
"""What each task measures, its objective first."""
BY_USER = ("gauc",)
"""Measures that only data with users have."""


def measures_of(dataset: Dataset) -> dict[str, Direction]:
    """Return what is measured on a data set, the objective first."""
    found = MEASURES[dataset.task].items()
    return {name: way for name, way in found if dataset.user is not None or name not in BY_USER}


def build_task(dataset: Dataset, device: torch.device, seen: Sequence[str], *, k: int, negatives: int) -> Task:
    """Return the task of a data set; of `seen` parts no item is recommended again."""
    from automl.trainers.embeddings.tasks.ctr import Ctr
    from automl.trainers.embeddings.tasks.rating import Rating
    from automl.trainers.embeddings.tasks.topk import TopK

    if dataset.task == "rating":
        return Rating()
    if dataset.task == "ctr":
        return Ctr(dataset.user)
    return TopK.of(dataset, device, seen, k=k, negatives=negatives)
