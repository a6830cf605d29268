"""From the arrays people have to `Images`: layout, number types, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.records import Images


def as_images(pixels: Any, labels: Any, where: str) -> Images:
    """Return images of one shape with their labels.

    Args:
        pixels: (N, H, W), (N, C, H, W) or (N, H, W, C) numbers; the channels are the shorter of axis 1 and 3.
        labels: (N,) or (N, 1) whole numbers from 0.
        where: file or name, for messages.

    Raises:
        InvalidData: if they cannot be trained on.
    """
    images = Images(_as_numbers(_as_nchw(_array(pixels), where), where), _as_labels(_array(labels), where))
    if len(images.pixels) != len(images.labels):
        raise InvalidData(
            f"{where}: {len(images.pixels)} images, but {len(images.labels)} labels.",
            "Give one label for each image.",
        )
    if not images.pixels.size:
        raise InvalidData(f"{where}: there are no images.", "Give at least a few for each class.")
    return images


def _array(given: Any) -> npt.NDArray[Any]:
    """Return an array; tensors come from wherever they are."""
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    try:
        return np.asarray(given)
    except ValueError:  # a list of images of different shapes
        return np.asarray(given, dtype=object)


def _as_nchw(pixels: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    if pixels.ndim == 3:
        return pixels[:, None]
    if pixels.ndim == 4:
        last = pixels.shape[3] < pixels.shape[1]
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)) if last else pixels
    side = round(pixels.shape[1] ** 0.5) if pixels.ndim == 2 else 0
    square = side > 0 and pixels.ndim == 2 and side * side == pixels.shape[1]
    shape = f"{len(pixels)}, {side}, {side}" if square else "N, height, width"
    raise InvalidData(
        f"{where}: images must be an array of 3 or 4 axes, got shape {pixels.shape}.",
        f"Give them all one shape and one array, for example images.reshape({shape}).",
    )


def _as_numbers(pixels: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Keep bytes; scale 16-bit images to [0, 1]; leave all other numbers as they are."""
    if pixels.dtype.kind not in "buif":
        raise InvalidData(f"{where}: pixels must be numbers, got {pixels.dtype}.", "Convert them to uint8 or float32.")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int(np.flatnonzero(~np.isfinite(pixels).reshape(len(pixels), -1).all(axis=1))[0])
        raise InvalidData(f"{where}: image {bad} has NaN or infinite pixels.", "Remove or repair such images.")
    if pixels.dtype.kind in "ui" and pixels.size and pixels.min() >= 0 and pixels.max() <= 255:
        return pixels.astype(np.uint8)
    if pixels.dtype == np.uint16:
        return pixels.astype(np.float32) / np.float32(65535)
    return pixels.astype(np.float32)


def _as_labels(labels: npt.NDArray[Any], where: str) -> npt.NDArray[np.int64]:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise InvalidData(
            f"{where}: labels must be one number per image, got shape {labels.shape}.",
            "Turn one-hot rows into numbers with labels.argmax(axis=1).",
        )
    if labels.dtype.kind not in "buif" or not np.equal(labels, np.floor(labels)).all():
        odd = labels[:3].tolist()
        raise InvalidData(
            f"{where}: labels must be whole numbers, got {odd}, ...",
            "Number the classes 0, 1, 2, ..., for example with numpy.unique(labels, return_inverse=True)[1].",
        )
    if labels.size and labels.min() < 0:
        raise InvalidData(f"{where}: the label {int(labels.min())} is negative.", "Number the classes 0, 1, 2, ...")
    return labels.astype(np.int64)


def count_classes(train: Images, others: tuple[Images, ...], names: tuple[str, ...], where: str) -> int:
    """Return the number of classes, when all labels belong to it and every class has training images.

    Raises:
        InvalidData: otherwise.
    """
    classes = len(names) or int(train.labels.max()) + 1
    for part in (train, *others):
        if len(part) and part.labels.max() >= classes:
            raise InvalidData(
                f"{where}: the label {part.labels.max()} is out of range, there are {classes} classes.",
                "Labels count from 0 to the number of classes less 1, in every part of the data.",
            )
        if part.shape != train.shape:
            raise InvalidData(
                f"{where}: images for training have shape {train.shape}, others {part.shape}.",
                "Resize them all to one shape.",
            )
    if classes < 2:
        raise InvalidData(f"{where}: all images are of one class.", "Give at least two classes to tell apart.")
    if classes > len(train):
        raise InvalidData(
            f"{where}: the labels go up to {classes - 1}, but there are only {len(train)} images.",
            "Number the classes 0, 1, 2, ... without gaps.",
        )
    missing = np.flatnonzero(np.bincount(train.labels, minlength=classes) == 0)
    if missing.size:
        raise InvalidData(
            f"{where}: no training image has the label {missing[0]}, though labels go up to {classes - 1}.",
            "Number the classes 0, 1, 2, ... without gaps, or add images of that class.",
        )
    return classes
