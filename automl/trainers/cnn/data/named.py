"""Data sets by name: scikit-learn's digits, well-known ones where they are installed, torchvision's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.trainers.cnn.data.cifar import has_cifar, read_cifar
from automl.trainers.cnn.data.idx import has_idx, read_idx_folder
from automl.trainers.cnn.data.objects import from_dataset
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Source

VARIABLE = "AUTOML_DATA"
"""Environment variable: folders to look in first, separated like PATH."""
TORCHVISION = "torchvision:"
BRIGHTEST = 16
"""Digits count 0 to 16 in a pixel."""

_KNOWN: dict[str, tuple[tuple[str, ...], Callable[[Path], bool], Callable[[Path], Source], str]] = {
    "cifar-10": (
        ("cifar-10", "cifar-10-batches-bin", "cifar10"),
        has_cifar,
        read_cifar,
        "CIFAR-10 binary version",
    ),
    "fashion-mnist": (
        ("fashion-mnist", "FashionMNIST/raw"),
        has_idx,
        read_idx_folder,
        "the four IDX files (on Debian: apt install dataset-fashion-mnist)",
    ),
    "mnist": (("mnist", "MNIST/raw"), has_idx, read_idx_folder, "the four IDX files"),
}


def names() -> list[str]:
    """Return the names that `read_named` knows."""
    return sorted(("digits", *_KNOWN))


def places() -> list[Path]:
    """Return the folders in which named data sets are looked for, in order; not all of them exist."""
    own = os.environ.get(VARIABLE, "").split(os.pathsep)
    shared = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")  # XDG base directories
    roots = [Path(sys.prefix, "share"), *(Path(folder) for folder in shared if folder)]
    return [*(Path(folder).expanduser() for folder in own if folder), *(root / "datasets" for root in roots)]


def read_named(name: str) -> Source:
    """Read a data set by name; nothing is downloaded.

    Raises:
        UnknownName: if there is none of that name.
        InvalidData: if it is not installed.
        MissingExtra: if torchvision is not.
    """
    if name.startswith(TORCHVISION):
        return _read_torchvision(name.removeprefix(TORCHVISION))
    if name == "digits":
        return read_digits()
    if name not in _KNOWN:
        hint = "Or give a path, or torchvision:NAME."
        raise UnknownName("data set", name, names(), hint)
    folders, is_there, read, content = _KNOWN[name]
    tried = places()
    found = next((p / f for p in tried for f in folders if (p / f).is_dir() and is_there(p / f)), None)
    if found is None:
        looked = ", ".join(str(p) for p in tried)
        raise InvalidData(
            f"The data set '{name}' is not installed; looked for a folder '{folders[0]}' in {looked}.",
            f"Put {content} there, or type --data FOLDER, or set {VARIABLE}.",
        )
    return read(found)


def read_digits() -> Source:
    """Read scikit-learn's 1,797 handwritten digits of 8x8 pixels, scaled to [0, 1]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return Source("digits", as_images(np.asarray(digits.images, np.float32) / BRIGHTEST, digits.target, "digits"))


def _read_torchvision(name: str) -> Source:
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for another torch
        raise MissingExtra("torchvision", "vision") from error
    known = [n for n in dir(datasets) if isinstance(getattr(datasets, n), type)]
    if name not in known:
        raise UnknownName("torchvision data set", name, known)
    cls = getattr(datasets, name)
    tried = [p for p in places() if p.is_dir()]
    for root in tried:
        parts = [_open(cls, root, part) for part in ("train", "test")]
        if parts[0] is not None:
            where = f"{TORCHVISION}{name}"
            train, test = (p if p is None else from_dataset(p, where).train for p in parts)
            assert train is not None
            return Source(where, train, test=test)
    looked = ", ".join(map(str, tried)) or f"no folder, as {VARIABLE} is not set"
    raise InvalidData(
        f"torchvision finds no files of '{name}'; looked in {looked}.",
        f"Call torchvision.datasets.{name}(FOLDER, download=True) once and set {VARIABLE}=FOLDER.",
    )


def _open(cls: Any, root: Path, part: str) -> Any:
    """Open a part of a torchvision data set, by either way to name parts; None if it is absent."""
    for options in ({"train": part == "train"}, {"split": part}):
        try:
            return cls(str(root), download=False, **options)
        except TypeError:
            continue
        except (RuntimeError, OSError):
            return None
    return None
