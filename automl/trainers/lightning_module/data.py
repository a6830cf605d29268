"""What people hold their data in, as what Lightning takes: a data module, loaders, datasets or arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.core.errors import InvalidData

PARTS = ("train", "validation", "test")
_FORMS = (
    "a LightningDataModule, (train, validation) or (train, validation, test) of DataLoaders or Datasets, "
    "or arrays (X, y)"
)


@dataclass(frozen=True, slots=True)
class Arrays:
    """Rows and their labels, divided once: `parts[name]` is (X, y)."""

    parts: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Loaders:
    """A DataLoader or a Dataset for each part."""

    parts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Module:
    """A LightningDataModule, which knows its parts itself."""

    module: Any


@dataclass(frozen=True, slots=True)
class Division:
    """How arrays are divided.

    Attributes:
        validation_share: of what is left without the test rows.
        test_share: of all rows.
        seed: of the division.
    """

    validation_share: float
    test_share: float
    seed: int


def read(data: Any, division: Division) -> Arrays | Loaders | Module:
    """Take data as they are; None is scikit-learn's digits.

    Raises:
        InvalidData: if they are nothing that can be trained on.
    """
    if data is None:
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return _divided(x, y, division)
    if hasattr(data, "train_dataloader"):
        return Module(data)
    if isinstance(data, Mapping):
        data = tuple(data.get(name) for name in PARTS if name in data)
    if isinstance(data, Sequence) and not isinstance(data, str) and 2 <= len(data) <= len(PARTS):
        if all(hasattr(part, "__getitem__") and not hasattr(part, "shape") for part in data) or hasattr(
            data[0], "dataset"
        ):
            return Loaders(dict(zip(PARTS, data, strict=False)))
        if len(data) == 2 and all(hasattr(part, "__array__") for part in data):
            return _divided(data[0], data[1], division)
    raise InvalidData(f"Data of type {type(data).__name__} cannot be trained on.", f"Give {_FORMS}.")


def _divided(x: Any, y: Any, division: Division) -> Arrays:
    """Divide rows into three parts, each with about as many of every class."""
    from sklearn.model_selection import train_test_split

    x, y = _numbers(x, "X"), _numbers(y, "y")
    if len(x) != len(y):
        raise InvalidData(f"X has {len(x)} rows and y has {len(y)}.", "Give a label for every row.")
    counts = np.unique(y, return_counts=True)[1] if y.dtype.kind == "i" and y.ndim == 1 else np.ones(1)
    classes = counts.min() >= 4  # or a part would go without one
    parts: dict[str, tuple[Any, Any]] = {}
    for name, share in (("test", division.test_share), ("validation", division.validation_share)):
        if share > 0:
            x, parts_x, y, parts_y = train_test_split(
                x, y, test_size=share, random_state=division.seed, stratify=y if classes else None
            )
            parts[name] = parts_x, parts_y
    return Arrays({"train": (x, y), **parts})


def _numbers(array: Any, name: str) -> Any:
    """Return an array as torch takes it: float32, and int64 for labels."""
    plain = np.asarray(array)
    if plain.dtype.kind not in "fiub":
        raise InvalidData(f"{name} holds {plain.dtype}, not numbers.", "Encode it first: categories as 0, 1, 2, ...")
    return plain.astype(np.int64 if name == "y" and plain.dtype.kind in "iub" else np.float32)


def fingerprint(data: Arrays | Loaders | Module) -> str:
    """Return a hash: of arrays the values; of loaders the sizes; of a data module its class and plain attributes."""
    digest = hashlib.sha256()
    if isinstance(data, Arrays):
        for name, pair in data.parts.items():
            for array in pair:
                digest.update(repr((name, array.shape, array.dtype)).encode())
                digest.update(np.ascontiguousarray(array).data)
    elif isinstance(data, Loaders):
        for name, part in data.parts.items():
            digest.update(repr((name, *_sizes(part))).encode())
    else:
        plain = {k: v for k, v in vars(data.module).items() if isinstance(v, bool | int | float | str)}
        digest.update(repr((type(data.module).__qualname__, sorted(plain.items()))).encode())
    return digest.hexdigest()[:16]


def _sizes(part: Any) -> tuple[Any, ...]:
    """Return what tells two loaders apart without reading them; `len` is not known of every dataset."""
    dataset = getattr(part, "dataset", part)
    rows = len(dataset) if hasattr(dataset, "__len__") else None
    return type(dataset).__qualname__, rows, getattr(part, "batch_size", None)


def shape_of(data: Arrays | Loaders | Module) -> list[int] | None:
    """Return the shape of one input, where it can be known without loading anything."""
    if isinstance(data, Arrays):
        return list(data.parts["train"][0].shape[1:])
    if isinstance(data, Module):
        return None
    dataset = getattr(data.parts["train"], "dataset", data.parts["train"])
    try:
        return [int(n) for n in dataset[0][0].shape]
    except Exception:  # a dataset of the user's may be anything
        return None
