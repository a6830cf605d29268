"""IDX, the format of MNIST: two zero bytes, a type, the number of axes, their lengths, then the data."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Images, Source

GZIP = b"\x1f\x8b"
UNSIGNED_BYTES = 0x08
STEMS = {"train": "train", "test": "t10k"}


def has_idx(folder: Path) -> bool:
    """Tell whether a folder holds the training images."""
    return _find(folder, "train-images", 3) is not None


def read_idx_folder(folder: Path) -> Source:
    """Read the four files of MNIST or Fashion-MNIST, compressed or not; the test files may be absent.

    Raises:
        InvalidData: if one is damaged or the training labels are missing.
    """
    train = _read_part(folder, STEMS["train"])
    if train is None:
        raise InvalidData(
            f"{folder} has no train-images-idx3-ubyte, compressed or not.", "Name the folder that has it."
        )
    return Source(str(folder), train, test=_read_part(folder, STEMS["test"]))


def _read_part(folder: Path, stem: str) -> Images | None:
    images, labels = _find(folder, f"{stem}-images", 3), _find(folder, f"{stem}-labels", 1)
    if images is None:
        return None
    if labels is None:
        raise InvalidData(f"{images} has no labels beside it.", f"Put {stem}-labels-idx1-ubyte.gz into {folder}.")
    return as_images(read_idx(images), read_idx(labels), str(images))


def _find(folder: Path, stem: str, axes: int) -> Path | None:
    names = (f"{stem}{dot}idx{axes}-ubyte{end}" for dot in "-." for end in (".gz", ""))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read one file of unsigned bytes.

    Raises:
        InvalidData: if it is cut off, damaged, or of another format.
    """
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTES:
        raise InvalidData(
            f"{path} is no IDX file of bytes: it starts with 0x{content[:4].hex()}.", "Download it again."
        )
    axes = content[3]
    header = 4 + 4 * axes
    shape: tuple[Any, ...] = struct.unpack(f">{axes}I", content[4:header]) if len(content) >= header else ()
    if not shape or len(content) - header != math.prod(shape):
        raise InvalidData(
            f"{path} is cut off or damaged: it has {len(content) - header} bytes of {math.prod(shape)}.",
            "Download it again.",
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != GZIP:
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidData(f"{path} is a damaged or truncated gzip file: {error}.", "Download it again.") from error
