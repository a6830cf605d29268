"""The principal axes of a warm-started table as its columns: predictions stay, and few columns say most."""

from __future__ import annotations

import torch
from torch import Tensor

from automl.core.errors import UsageError
from automl.trainers.embeddings.recommender import Recommender


@torch.no_grad()
def align(recommender: Recommender) -> None:
    """Rotate the embeddings to the eigenvectors of E^T E, by falling eigenvalue, E being the rows of all fields.

    One rotation for all fields; the first linear layers of the model are rotated with it.

    Raises:
        UsageError: if the model is not the same after a rotation, or columns have been dropped or weighted already.
    """
    tables, scorer = recommender.tables, recommender.scorer
    if scorer.rotation == "none":
        raise UsageError(
            f"The model '{type(scorer).__name__}' treats the columns of the embeddings one by one, so they cannot be "
            "turned to their principal axes.",
            "Set form=cells or form=elements instead of form=aligned.",
        )
    if tables.stage != "wide":
        raise UsageError(
            f"Only a warm-started table with all its columns can be aligned, not one of stage '{tables.stage}'.",
            "Align when the stage 'wide' settles.",
        )
    q = principal_axes(tables.weight)
    tables.weight.copy_(tables.weight.double() @ q)
    scorer.rotate(q)


def principal_axes(values: Tensor) -> Tensor:
    """Return the eigenvectors (K, K) of values^T values as columns, in float64, by falling eigenvalue.

    The sign of each is such that its largest entry is positive, so that the same table gives the same axes.
    """
    wide = values.detach().double()
    vectors: Tensor = torch.linalg.eigh(wide.T @ wide).eigenvectors.flip(1)
    largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    turned: Tensor = vectors * torch.where(largest < 0, -1.0, 1.0)
    return turned
