"""What the data and the model say that the space must know, and that a finished model needs besides its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from automl.core.errors import Incompatible
from automl.core.records import Json
from automl.search_spaces.embeddings import Field
from automl.search_spaces.embeddings.fields import POPULARITY_POINTS
from automl.trainers.embeddings.data import Column, Dataset
from automl.trainers.embeddings.recipe import Recipe

MODEL_OF_TASK = {"ctr": "deepfm", "rating": "mf", "topk": "mf"}


def model_for(dataset: Dataset, wanted: str, order: int = 1) -> str:
    """Return the name of the model: the one that is asked for, or the task's usual one.

    Raises:
        UnknownName: if there is no such model.
        Incompatible: if it is not good for the task, or for a search step of that order.
    """
    from automl.trainers.embeddings.models.known import MODELS, scorer_class

    if order == 2 and wanted == "lightgcn":
        raise Incompatible(
            "A search step of order 2 cannot look ahead through the sparse graph of the model 'lightgcn'.",
            "Type --set order=1, or --set model=mf.",
        )
    if wanted == "auto":
        usual = MODEL_OF_TASK[dataset.task]
        return usual if (dataset.user is not None and dataset.item is not None) or usual != "mf" else "fm"
    if dataset.task not in scorer_class(wanted).tasks:
        able = ", ".join(name for name in MODELS if dataset.task in scorer_class(name).tasks)
        raise Incompatible(f"The model '{wanted}' is not made for the task {dataset.task}.", f"Take one of: {able}.")
    return wanted


def narrowed(dataset: Dataset, model: str) -> Dataset:
    """Return the data without the fields that the model does not read: their tables would be sized for nothing."""
    from automl.trainers.embeddings.models.known import scorer_class

    if not scorer_class(model).pairwise or dataset.user is None or dataset.item is None or len(dataset.columns) == 2:
        return dataset
    kept = [dataset.user, dataset.item]
    left = ", ".join(column.name for place, column in enumerate(dataset.columns) if place not in kept)
    return replace(
        dataset,
        columns=tuple(dataset.columns[place] for place in kept),
        ids=np.ascontiguousarray(dataset.ids[:, kept]),
        user=0,
        item=1,
        remarks=(*dataset.remarks, f"The model {model} reads users and items only, not {left}."),
    )


def fields_of(dataset: Dataset) -> tuple[Field, ...]:
    """Return the fields as the space knows them."""
    return tuple(Field(column.name, column.rows, _popularity(column)) for column in dataset.columns)


def _popularity(column: Column) -> tuple[float, ...]:
    """Return the share of occurrences that the first i/64 of the rows have, i = 1 to 64."""
    counts = np.concatenate([[0.0], np.cumsum(column.counts, dtype=np.float64)])
    if counts[-1] == 0:
        return ()
    points = np.arange(1, POPULARITY_POINTS + 1) * (column.rows / POPULARITY_POINTS)
    found = np.interp(points, np.arange(len(counts)), counts / counts[-1])
    return (*np.round(found, 6).tolist()[:-1], 1.0)


def facts(dataset: Dataset, recipe: Recipe) -> dict[str, Json]:
    """Return the fields and whether they may be rotated, for the space; the rest is for `load`."""
    from automl.trainers.embeddings.data.vocabulary import vocabularies
    from automl.trainers.embeddings.models.known import scorer_class

    return {
        "fields": [[field.name, field.rows, list(field.popularity)] for field in fields_of(dataset)],
        "rotatable": scorer_class(recipe.model).rotation != "none",
        "task": dataset.task,
        "model": recipe.model,
        "hidden": list(recipe.hidden),
        "user": dataset.user,
        "item": dataset.item,
        "data": dataset.name,
        "vocabulary": vocabularies(dataset),
    }


def fields_in(facts: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields that facts speak of."""
    return tuple(Field(name, rows, tuple(popularity)) for name, rows, popularity in facts["fields"])
