"""Tasks: what is predicted of an image, classes or numbers. Importing this loads no torch.

The contract is in `target`: which labels, the loss, the metrics with their directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from automl.trainers.cnn.tasks.classes import Classes
from automl.trainers.cnn.tasks.numbers import Numbers
from automl.trainers.cnn.tasks.target import Target as Target

if TYPE_CHECKING:
    from automl.trainers.cnn.data.records import Images

Predict: TypeAlias = Literal["auto", "classes", "numbers"]

TARGETS: Mapping[str, type[Target]] = {"classes": Classes, "numbers": Numbers}
"""By the value of the setting `predict`."""


def predicted(images: Images, wanted: Predict) -> str:
    """Return what is predicted: what is asked for or, by `auto`, classes where labels are whole numbers."""
    if wanted != "auto":
        return wanted
    return "classes" if images.labels.dtype.kind == "i" else "numbers"
