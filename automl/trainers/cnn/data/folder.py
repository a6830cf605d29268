"""A folder of images: one subfolder per class, or `train`, `val` and `test` with one per class each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.pixels import as_images
from automl.trainers.cnn.data.records import Images, Source

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp"})
GREY = frozenset({"1", "L"})


def read_folder(folder: Path) -> Source:
    """Read all images; grey ones stay grey if all are, otherwise everything becomes RGB.

    Raises:
        InvalidData: if there are no classes, a file is damaged, or shapes differ.
    """
    parts = {part: _part(folder, names) for part, names in _PARTS.items()}
    root = parts["train"] or folder
    names = tuple(sorted(p.name for p in root.iterdir() if p.is_dir() and _files(p)))
    if not names:
        raise InvalidData(
            f"{folder} has no subfolders with images, no IDX files and no CIFAR-10 batches.",
            "Put the images of each class into a subfolder of its own.",
        )
    validation, test = parts["validation"], parts["test"]
    return Source(
        str(folder),
        _read(root, names),
        _read(validation, names) if validation else None,
        _read(test, names) if test else None,
        names,
    )


_PARTS = {"train": ("train", "training"), "validation": ("val", "valid", "validation"), "test": ("test",)}


def _part(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return a part's folder: it holds classes, not images."""
    found = (folder / name for name in names)
    return next((p for p in found if p.is_dir() and not _files(p) and any(c.is_dir() for c in p.iterdir())), None)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)


def _read(root: Path, names: tuple[str, ...]) -> Images:
    strange = [p.name for p in sorted(root.iterdir()) if p.is_dir() and p.name not in names and _files(p)]
    if strange:
        raise InvalidData(f"{root} has the class '{strange[0]}', which the training images lack.")
    files = [
        (path, label) for label, name in enumerate(names) if (root / name).is_dir() for path in _files(root / name)
    ]
    images = [_open(path) for path, _ in files]
    _refuse_mixed_shapes(files, images)
    grey = all(image.mode in GREY for image in images)
    pixels = [_pixels(image, "L" if grey else "RGB") for image in images]
    return as_images(np.stack(pixels) if pixels else np.empty((0, 1, 1)), [label for _, label in files], str(root))


def _open(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidData(f"{path} cannot be read as an image: {error}.", "Repair or remove it.") from error


def _pixels(image: Any, mode: str) -> npt.NDArray[np.uint8]:
    pixels = np.asarray(image.convert(mode), np.uint8)
    return pixels[None] if mode == "L" else pixels.transpose(2, 0, 1)


def _refuse_mixed_shapes(files: list[tuple[Path, int]], images: list[Any]) -> None:
    for (path, _), image in zip(files, images, strict=True):
        if image.size != images[0].size:
            (w, h), (w0, h0) = image.size, images[0].size
            raise InvalidData(
                f"Images differ in size: {files[0][0]} is {w0}x{h0}, {path} is {w}x{h} (width x height).",
                "Resize all images to one size.",
            )
