"""The one way in: whatever `data` is, it becomes a `Source`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.cifar import has_cifar, read_cifar
from automl.trainers.cnn.data.folder import read_folder
from automl.trainers.cnn.data.idx import has_idx, read_idx_folder
from automl.trainers.cnn.data.named import TORCHVISION, read_digits, read_named
from automl.trainers.cnn.data.npz import read_npz
from automl.trainers.cnn.data.objects import from_object
from automl.trainers.cnn.data.records import Source


def read(data: Any = None) -> Source:
    """Read a data set.

    Args:
        data: None for digits; a path (`.npz`, a folder of IDX files, CIFAR-10 batches or class subfolders);
            a name (`digits`, `fashion-mnist`, `mnist`, `cifar-10`, `torchvision:NAME`); or an object from
            Python: a pair or a mapping of arrays, a torch data set, a LightningDataModule.

    Raises:
        UsageError: with what is wrong and what to do, whatever is wrong with the data.
    """
    if data is None:
        return read_digits()
    if not isinstance(data, str | os.PathLike):
        return from_object(data)
    path = Path(data).expanduser()
    try:
        return _read_path(path) if path.exists() else _read_absent(data, path)
    except PermissionError as error:
        raise InvalidData(f"{path} may not be read: {error.strerror}.") from error


def _read_path(path: Path) -> Source:
    if path.is_dir():
        if has_idx(path):
            return read_idx_folder(path)
        return read_cifar(path) if has_cifar(path) else read_folder(path)
    if path.suffix == ".npz":
        return read_npz(path)
    if "ubyte" in path.name or path.name.endswith(".bin"):
        return _read_path(path.parent)
    raise InvalidData(
        f"{path} is of no known format.",
        "Give a .npz file, or a folder with IDX files, CIFAR-10 batches or class subfolders.",
    )


def _read_absent(data: str | os.PathLike[str], path: Path) -> Source:
    """Take a bare word for a name, and everything else for a path that is missing."""
    if isinstance(data, str) and (data.startswith(TORCHVISION) or (path.name == data and not path.suffix)):
        return read_named(data)
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    hint = f"Did you mean '{path.parent / near[0]}'?" if near else "Check the path."
    raise InvalidData(f"There is no file or folder '{path}'.", hint)
