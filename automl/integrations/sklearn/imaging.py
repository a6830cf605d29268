"""What the estimators on images and rows of numbers share: how data are divided, trained on, and predicted."""

# ruff: noqa: N803, N806 - X is what scikit-learn calls it
from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.integrations.sklearn.pictures import LAYOUT, as_pictures
from automl.integrations.sklearn.searching import Searching

BATCH = 32
"""Images per step, the trainer's default."""
STEPS, FINAL_STEPS = 20, 100
"""Fewest steps of a training in the search, and of the winner: small data are passed over more often."""
EPOCHS, FINAL_EPOCHS = 2, 20
"""Fewest epochs of the same, the trainer's defaults."""
AT_ONCE = 1024


class Imaging(Searching):
    """Searches the space `cnn`."""

    _space = "cnn"
    _keeps: ClassVar[tuple[str, ...]] = ("n_features_in_", "feature_names_in_", "_shape")

    def __init__(
        self,
        *,
        trials: int | None = 10,
        time: str | None = None,
        controller: str | None = "hill_climb",
        objectives: Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        image_shape: tuple[int, ...] | None = None,
        validation_fraction: float = 0.2,
        workers: int = 1,
        random_state: Any = None,
        directory: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            trials=trials, time=time, controller=controller, objectives=objectives, settings=settings,
            workers=workers, random_state=random_state, directory=directory, verbose=verbose,
        )  # fmt: skip
        self.image_shape = image_shape
        self.validation_fraction = validation_fraction

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _fit(self, X: npt.NDArray[Any], labels: npt.NDArray[Any], predict: str, most: int) -> Self:
        """Search on checked arrays.

        Args:
            X: as it was given.
            labels: classes from 0, or numbers.
            predict: which of the two.
            most: how many rows have the most frequent label.
        """
        images = as_pictures(X, self.image_shape).astype(np.float32)  # even bytes: rows to predict may be no bytes
        self._shape = X.shape[1:]
        data: dict[str, Any] = {"x": images, "y": labels, "layout": LAYOUT}
        if len(X) * self.validation_fraction < 0.5 or most < 2:  # too few to keep any apart
            data |= {"x_val": images, "y_val": labels}
        usual = {
            "trainer.predict": predict,
            "trainer.test_share": 0.0,  # test data are the caller's
            "trainer.validation_share": self.validation_fraction,
            "trainer.finish_from": "kept",
        }
        return self._search(data, {**usual, **self._epochs(len(X))})

    def _epochs(self, rows: int) -> dict[str, int]:
        """Return how long is trained, unless a profile says it."""
        if "profile" in (self.settings or {}):
            return {}
        steps = max(1, int(rows * (1 - self.validation_fraction)) // BATCH)
        return {
            "trainer.epochs": max(EPOCHS, math.ceil(STEPS / steps)),
            "trainer.final_epochs": max(FINAL_EPOCHS, math.ceil(FINAL_STEPS / steps)),
        }

    def _outputs(self, X: Any) -> npt.NDArray[np.float64]:
        """Return what the network makes of rows, in double precision: then it is the same in any batch."""
        import torch

        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        if X.shape[1:] != self._shape:
            raise ValueError(f"Expected rows of shape {self._shape}, as in fit, got {X.shape[1:]}.")
        images = as_pictures(X, self.image_shape)
        model = copy.deepcopy(self.model_).double()
        parts = (images[first : first + AT_ONCE].astype(np.float64) for first in range(0, len(images), AT_ONCE))
        with torch.no_grad():
            outputs = [model(torch.from_numpy(part)).numpy() for part in parts]
        return np.concatenate(outputs)
