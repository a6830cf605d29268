"""All that a training needs besides plan and recipe: the data on their device, and the task they pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from automl.search_spaces.embeddings import Field
from automl.trainers._torch import choose_device
from automl.trainers.embeddings.data import Dataset
from automl.trainers.embeddings.facts import fields_of
from automl.trainers.embeddings.placed import Array, Part, known, pairs, place
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.tasks import build_task
from automl.trainers.embeddings.tasks.task import Task


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What `train` sees; the rows to test on are not part of it.

    Attributes:
        fields: of the tables.
        user, item: places of these fields, where there are any.
        task: loss and measures.
        device: where everything is.
        train, search, both, stop: rows to train on, for alpha, both of these together, and to stop and select on.
        pairs: (E, 2) users and items that belong together in `both`; None where the data do not name both.
        unseen: (n,) rows of all fields, counted over all of them, that do not occur in `both`.
    """

    fields: tuple[Field, ...]
    user: int | None
    item: int | None
    task: Task
    device: torch.device
    train: Part
    search: Part
    both: Part
    stop: Part
    pairs: Array | None
    unseen: Tensor


def prepare(dataset: Dataset, recipe: Recipe) -> Ground:
    """Put the data on the device of the recipe."""
    device = choose_device(recipe.device)
    shown = known(dataset) if dataset.task == "topk" else dataset
    by = dataset.user if dataset.task == "topk" else None
    named = dataset.user is not None and dataset.item is not None
    return Ground(
        fields=fields_of(dataset),
        user=dataset.user,
        item=dataset.item,
        task=build_task(dataset, device, ("train", "search"), k=recipe.k, negatives=recipe.negatives),
        device=device,
        train=place(shown, device, "train", by=by),
        search=place(shown, device, "search", by=by),
        both=place(shown, device, "train", "search", by=by),
        stop=place(dataset, device, "stop"),
        pairs=pairs(shown, "train", "search") if named else None,
        unseen=torch.from_numpy(np.flatnonzero(np.concatenate([c.counts for c in dataset.columns]) == 0)).to(device),
    )
