"""From the arrays people have to `Images`: layout, number types, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData
from automl.trainers.cnn.data.records import Images


def as_images(pixels: Any, labels: Any, where: str, layout: str = "") -> Images:
    """Return images of one shape with their labels.

    Args:
        pixels: (N, H, W), (N, C, H, W) or (N, H, W, C) numbers; the channels are the shorter of axis 1 and 3.
        labels: (N,) or (N, 1) numbers, classes from 0 or others; or (N, outputs) of them.
        where: file or name, for messages.
        layout: "nchw" where 4 axes are meant so, whatever their lengths.

    Raises:
        InvalidData: if they cannot be trained on.
    """
    images = Images(_as_numbers(_as_nchw(_array(pixels), where, layout), where), _as_labels(_array(labels), where))
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


def _as_nchw(pixels: npt.NDArray[Any], where: str, layout: str) -> npt.NDArray[Any]:
    if pixels.ndim == 3:
        return pixels[:, None]
    if pixels.ndim == 4:
        last = pixels.shape[3] < pixels.shape[1] and layout != "nchw"
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


def _as_labels(labels: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return whole numbers as int64, other numbers as float64; what they mean is the task's matter."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2):
        raise InvalidData(
            f"{where}: labels must be one number per image, got shape {labels.shape}.",
            "Or one row of numbers per image, to predict them all.",
        )
    if labels.dtype.kind not in "buif" or not np.isfinite(labels).all():
        odd = labels[:3].tolist()
        raise InvalidData(
            f"{where}: labels must be whole numbers, or finite ones to predict; got {odd}, ...",
            "Number the classes 0, 1, 2, ..., for example with numpy.unique(labels, return_inverse=True)[1].",
        )
    return labels.astype(np.int64 if np.equal(labels, np.floor(labels)).all() else np.float64)
