"""How large a network is: trainable parameters and multiply-accumulates of one image, both exact.

Parameters are those of the torch module: weights of convolutions (no bias: batch norm has one) and of fully connected
layers, scale and shift of batch norms, weights and biases of the classifier. Multiply-accumulates (MACs) are those of
convolutions and fully connected layers, taps on the padding included; batch norm, ReLU and pooling are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Residual


@dataclass(frozen=True, slots=True)
class Size:
    """Trainable parameters, and multiply-accumulates of one forward pass of one image."""

    params: int
    macs: int


def size(candidate: Cnn, input_shape: tuple[int, ...], classes: int) -> Size:
    """Count a network on images of `input_shape` (channels, height, width) with `classes` outputs."""
    width, height, across = input_shape
    params = macs = 0
    for part in candidate.parts():
        if isinstance(part, Conv):
            weights = width * part.filters * part.kernel**2
            params += weights + 2 * part.filters
            macs += weights * height * across
            width = part.filters
        elif isinstance(part, Residual):
            weights = 2 * width * part.inner * part.kernel**2
            params += weights + 2 * (part.inner + width)
            macs += weights * height * across
        elif isinstance(part, Hidden):
            params += width * part.units + 2 * part.units
            macs += width * part.units
            width = part.units
        elif part == "flatten":
            width *= height * across
        elif part != "gap":
            height, across = height // 2, across // 2
    return Size(params + width * classes + classes, macs + width * classes)


def side(input_shape: tuple[int, ...], poolings: int) -> int:
    """Return the shorter side of the images behind so many poolings."""
    return int(min(input_shape[1:])) >> poolings
