"""Arrays by name: a numpy `.npz` file, or a mapping from Python."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Images, Source

PIXELS = ("x", "X", "images", "data", "pixels")
LABELS = ("y", "labels", "targets", "label", "target")
PARTS = {"train": ("train", "training"), "validation": ("validation", "val", "valid"), "test": ("test",)}


def read_npz(path: Path) -> Source:
    """Read a file of numpy.savez; object arrays, which would run code when unpickled, are refused.

    Raises:
        InvalidData: if it is none, is damaged, or lacks the arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise InvalidData(
                    f"{path} holds a single array.", "Save images and labels: numpy.savez(path, x=..., y=...)"
                )
            arrays = {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InvalidData(
            f"{path} is no .npz file or is damaged: {error}.", "Write it again with numpy.savez."
        ) from error
    except ValueError as error:
        raise InvalidData(
            f"{path} holds pickled objects or is no numpy file: {error}",
            "Save plain arrays of numbers: numpy.savez(path, x=..., y=...)",
        ) from error
    return from_mapping(arrays, str(path))


def from_mapping(arrays: Mapping[str, Any], where: str) -> Source:
    """Read `x`, `y` (or `images`, `labels`) for one set, or `x_train`, `y_train`, `x_test`, ... for parts.

    A further entry `layout` may be "nchw": images have their channels first, even if those are many.

    Raises:
        InvalidData: if there are no such arrays.
    """
    whole = _pair(arrays, PIXELS, LABELS, where)
    parts = {part: _part(arrays, ends, where) for part, ends in PARTS.items()}
    train = whole or parts["train"]
    if train is None:
        raise InvalidData(
            f"{where} has the arrays {sorted(arrays)}, but no images with labels.",
            "Call them x and y, or x_train, y_train, x_test, y_test.",
        )
    return Source(where, train, parts["validation"], parts["test"])


def _part(arrays: Mapping[str, Any], ends: tuple[str, ...], where: str) -> Images | None:
    pixels = tuple(name for end in ends for x in PIXELS for name in (f"{x}_{end}", f"{end}_{x}"))
    labels = tuple(name for end in ends for y in LABELS for name in (f"{y}_{end}", f"{end}_{y}"))
    return _pair(arrays, pixels, labels, where)


def _pair(arrays: Mapping[str, Any], pixels: tuple[str, ...], labels: tuple[str, ...], where: str) -> Images | None:
    x = next((name for name in pixels if name in arrays), None)
    y = next((name for name in labels if name in arrays), None)
    if x and not y:
        raise InvalidData(f"{where} has images '{x}' without labels.", f"Add the labels as '{labels[0]}'.")
    layout = str(arrays.get("layout", ""))
    return as_images(arrays[x], arrays[y], f"{where} ('{x}')", layout) if x and y else None
