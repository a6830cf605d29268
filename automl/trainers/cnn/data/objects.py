"""Data from Python: pairs and mappings of arrays or tensors, torch data sets, Lightning data modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.npz import from_mapping
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Images, Source

WHERE = "The data"


def from_object(data: Any) -> Source:
    """Read an object.

    Everything is read once into memory: a random transform of a data set is drawn once, and augmentation
    belongs into the setting `augment`.

    Raises:
        InvalidData: if it is nothing we know.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, Mapping):
        return from_mapping(data, WHERE)
    if isinstance(data, tuple | list) and len(data) == 2:
        return Source(WHERE, as_images(data[0], data[1], WHERE))
    if hasattr(data, "train_dataloader"):
        return from_datamodule(data)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, np.ndarray | list | tuple):
        return from_dataset(data, WHERE)
    raise InvalidData(
        f"{type(data).__name__} is no data set.",
        "Give a path, a name, a pair (images, labels), a torch Dataset or a LightningDataModule.",
    )


def from_dataset(dataset: Any, where: str) -> Source:
    """Read a map-style torch data set of (image, label); images are arrays, tensors or PIL images."""
    return Source(where, _stack((dataset[i] for i in range(len(dataset))), where))


def from_datamodule(module: Any) -> Source:
    """Read a LightningDataModule of (images, labels); its validation and test loaders may be missing."""
    where = type(module).__name__
    module.prepare_data()
    module.setup("fit")
    train = _drain(module.train_dataloader(), where)
    validation = _optional(module, "val_dataloader", where)
    module.setup("test")
    return Source(where, train, validation, _optional(module, "test_dataloader", where))


def _optional(module: Any, loader: str, where: str) -> Images | None:
    """Read a loader of a data module, or None where the module does not define it."""
    try:
        loaded = getattr(module, loader)()
    except Exception as error:
        if type(error).__name__ != "MisconfigurationException":  # what Lightning's own empty loader raises
            raise
        return None
    return None if loaded is None else _drain(loaded, where)


def _drain(loader: Any, where: str) -> Images:
    """Read a loader; one of a map-style data set in the data set's own order, since loaders shuffle."""
    from torch.utils.data import DataLoader, IterableDataset, default_collate

    if isinstance(loader, DataLoader) and loader.collate_fn is default_collate:
        dataset: Any = loader.dataset
        if not isinstance(dataset, IterableDataset):
            return from_dataset(dataset, where).train
    batches = [(_image(x), np.asarray(y)) for x, y in loader]
    if not batches:
        raise InvalidData(f"{where}: a loader gives no batches.")
    pixels, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return as_images(pixels, labels, where)


def _stack(items: Iterable[tuple[Any, Any]], where: str) -> Images:
    pixels: list[npt.NDArray[Any]] = []
    labels: list[Any] = []
    for item in items:
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise InvalidData(f"{where}: an item is no pair (image, label) but {type(item).__name__}.")
        pixels.append(_image(item[0]))
        labels.append(np.asarray(item[1]).item())
        if pixels[-1].shape != pixels[0].shape:
            raise InvalidData(
                f"{where}: images have shapes {pixels[0].shape} and {pixels[-1].shape}.",
                "Resize all images to one shape.",
            )
    return as_images(np.stack(pixels) if pixels else np.empty((0, 1, 1)), labels, where)


def _image(given: Any) -> npt.NDArray[Any]:
    return np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
