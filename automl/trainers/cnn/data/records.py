"""What every format is read into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Labelled images.

    Attributes:
        pixels: (N, channels, height, width), uint8 as in the file (a quarter of the memory), or float32.
        labels: (N,) int64, classes counted from 0; or numbers, (N,) or (N, outputs), int64 or float64.
    """

    pixels: npt.NDArray[Any]
    labels: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def take(self, places: npt.NDArray[np.intp]) -> Images:
        """Return the images at these places."""
        return Images(self.pixels[places], self.labels[places])

    def as_float(self) -> npt.NDArray[np.float32]:
        """Return the pixels as float32: bytes become [0, 1], floats stay on their own scale."""
        if self.pixels.dtype == np.uint8:
            return np.asarray(self.pixels, np.float32) / np.float32(255)
        return np.asarray(self.pixels, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A data set as it was found: a part that is None did not come with it.

    Attributes:
        where: file or name, for messages.
        train: images to train on.
        validation: images to select on.
        test: images that are touched once, at the end.
        names: what the classes are called, empty if unknown; where given, there are no other classes.
    """

    where: str
    train: Images
    validation: Images | None = None
    test: Images | None = None
    names: tuple[str, ...] = ()
