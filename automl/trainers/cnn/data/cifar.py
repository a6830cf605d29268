"""CIFAR-10 in its published binary version: records of a label byte and a red, a green and a blue plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Images, Source

SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DOWNLOAD = "Take 'CIFAR-10 binary version' (cifar-10-binary.tar.gz) from the CIFAR page and unpack it with tar."


def has_cifar(folder: Path) -> bool:
    """Tell whether a folder holds CIFAR-10, in the binary or in the pickle version."""
    return bool(_batches(folder)) or (folder / "data_batch_1").is_file()


def read_cifar(folder: Path) -> Source:
    """Read data_batch_*.bin and test_batch.bin.

    Raises:
        InvalidData: if a file is cut off or damaged, or if it is the Python version, which is pickles.
    """
    batches = _batches(folder)
    if not batches:
        raise InvalidData(
            f"{folder} is the Python version of CIFAR-10: pickles, which run code when they are read.",
            DOWNLOAD,
        )
    train = [_read(path) for path in batches]
    pixels, labels = (np.concatenate(arrays) for arrays in zip(*((i.pixels, i.labels) for i in train), strict=True))
    test = folder / "test_batch.bin"
    return Source(str(folder), Images(pixels, labels), test=_read(test) if test.is_file() else None, names=CLASSES)


def _batches(folder: Path) -> list[Path]:
    return sorted(folder.glob("data_batch_*.bin"))


def _read(path: Path) -> Images:
    content = np.frombuffer(path.read_bytes(), np.uint8)
    if not content.size or content.size % RECORD:
        raise InvalidData(f"{path} is cut off: {content.size} bytes are no multiple of {RECORD}.", DOWNLOAD)
    records = content.reshape(-1, RECORD)
    images = as_images(records[:, 1:].reshape(-1, *SHAPE), records[:, 0], str(path))
    if images.labels.max() >= len(CLASSES):
        raise InvalidData(f"{path} is no CIFAR-10: it has the label {images.labels.max()}.", DOWNLOAD)
    return images
