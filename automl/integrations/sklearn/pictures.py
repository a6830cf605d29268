"""Rows of numbers, or images, as the images that convolutional networks take.

Rows of features have no neighbours, so each is an image of one pixel with a channel for every feature: convolutions on
one pixel are layers of a multilayer perceptron, and the trainer standardises channels, thus features.
"""

# ruff: noqa: N803, N806 - X is what scikit-learn calls it
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LAYOUT = "nchw"


def as_pictures(X: npt.NDArray[Any], image_shape: tuple[int, ...] | None) -> npt.NDArray[Any]:
    """Return images (n, channels, height, width) of the same numbers, without a copy.

    Args:
        X: (n, height, width), (n, height, width, channels), or (n, features).
        image_shape: height and width, perhaps channels, of what the features of a row are; None if they are no image.

    Raises:
        ValueError: if X is not of one of these shapes.
    """
    if X.ndim == 2 and image_shape is None:
        return X[:, :, None, None]
    if X.ndim == 2 and image_shape is not None:
        X = _framed(X, tuple(image_shape))
    if X.ndim == 3:
        return X[:, None]
    if X.ndim == 4:
        return X.transpose(0, 3, 1, 2)
    raise ValueError(f"Expected 2 to 4 axes (n, features) or (n, height, width[, channels]), got {X.shape}.")


def _framed(X: npt.NDArray[Any], image_shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if len(image_shape) not in (2, 3) or np.prod(image_shape) != X.shape[1]:
        raise ValueError(
            f"image_shape={image_shape} are no images of {X.shape[1]} features; "
            "it is (height, width) or (height, width, channels)."
        )
    return X.reshape(len(X), *image_shape)
