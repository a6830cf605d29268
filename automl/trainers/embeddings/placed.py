"""Data as tensors on the device, made once per process: a batch is then one slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.trainers.embeddings.data import PAD, Dataset

Array: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of the data on one device.

    Attributes:
        name: which parts of the data they are.
        ids: (N, F) int64, rows of the tables, counted in each field.
        labels: (N,) float32.
        by: place of the field whose equal values are to meet in one batch; None for none.
    """

    name: str
    ids: Tensor
    labels: Tensor
    by: int | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def shuffled(self) -> Part:
        """Return the rows in an order drawn from torch's global generator of the CPU."""
        order = torch.randperm(len(self)).to(self.labels.device)
        if self.by is not None:
            values = self.ids[:, self.by]
            keys = torch.rand(int(values.max()) + 1).to(values.device)[values]
            order = keys.argsort(stable=True)
        return Part(self.name, self.ids.index_select(0, order), self.labels.index_select(0, order), self.by)

    def batches(self, size: int) -> list[tuple[Tensor, Tensor]]:
        """Return views of equal size; the last one is smaller, or joins the one before if it were a tenth of it."""
        edges = list(range(size, len(self), size))
        if edges and len(self) - edges[-1] < size / 10:
            edges.pop()
        return list(zip(torch.tensor_split(self.ids, edges), torch.tensor_split(self.labels, edges), strict=True))


def place(dataset: Dataset, device: torch.device, *names: str, by: int | None = None) -> Part:
    """Put some parts of the data on a device."""
    rows = dataset.part(*names)
    ids = torch.from_numpy(dataset.ids[rows].astype(np.int64)).to(device)
    return Part("+".join(names), ids, torch.from_numpy(dataset.labels[rows]).to(device), by)


def known(dataset: Dataset) -> Dataset:
    """Return the rows whose user and item are values that training knows: others cannot be told apart."""
    found = np.ones(len(dataset.labels), dtype=bool)
    for place in (dataset.user, dataset.item):
        assert place is not None
        found &= (dataset.ids[:, place] > PAD) & (dataset.ids[:, place] < dataset.columns[place].rows - 1)
    return replace(dataset, ids=dataset.ids[found], labels=dataset.labels[found], parts=dataset.parts[found])


def pairs(dataset: Dataset, *names: str) -> Array:
    """Return rows of users and items (N, 2) of some parts of the data that names both."""
    assert dataset.user is not None
    assert dataset.item is not None
    return dataset.ids[dataset.part(*names)][:, [dataset.user, dataset.item]]
