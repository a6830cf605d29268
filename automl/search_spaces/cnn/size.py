"""How large a network is: trainable parameters and multiply-accumulates of one image, both exact.

Parameters are those of the torch module: weights of convolutions (no bias: batch norm has one) and of fully
connected layers, scale and shift of batch norms, weights and biases of the classifier. Multiply-accumulates
(MACs) are those of convolutions and fully connected layers, taps on the padding included; batch norm, ReLU
and pooling are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Residual


@dataclass(frozen=True, slots=True)
class Size:
    """Trainable parameters, and multiply-accumulates of one forward pass of one image."""

    params: int
    macs: int


def shapes(candidate: Cnn, input_shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return the shape (channels, height, width) that enters each part, and last the classifier.

    Behind the head it is (features, 1, 1).
    """
    channels, height, across = input_shape
    entering = [(channels, height, across)]
    for part in candidate.parts():
        if isinstance(part, Conv):
            channels = part.filters
        elif isinstance(part, Hidden):
            channels = part.units
        elif part == "flatten":
            channels, height, across = channels * height * across, 1, 1
        elif part == "gap":
            height, across = 1, 1
        elif not isinstance(part, Residual):
            height, across = height // 2, across // 2
        entering.append((channels, height, across))
    return entering


def size(candidate: Cnn, input_shape: tuple[int, ...], classes: int) -> Size:
    """Count a network on images of `input_shape` (channels, height, width) with `classes` outputs."""
    entering = shapes(candidate, input_shape)
    features = entering[-1][0]
    params, macs = features * classes + classes, features * classes
    for part, (channels, height, across) in zip(candidate.parts(), entering, strict=False):
        if isinstance(part, Conv):
            weights, scales = channels * part.filters * part.kernel**2, part.filters
        elif isinstance(part, Residual):
            weights, scales = 2 * channels * part.inner * part.kernel**2, part.inner + channels
        elif isinstance(part, Hidden):
            weights, scales = channels * part.units, part.units
        else:
            continue
        params += weights + 2 * scales
        macs += weights * height * across
    return Size(params, macs)


def side(input_shape: tuple[int, ...], poolings: int) -> int:
    """Return the shorter side of the images behind so many poolings."""
    return int(min(input_shape[1:])) >> poolings
