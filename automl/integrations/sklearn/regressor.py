"""A regressor that searches for its network."""

# ruff: noqa: N803, N806 - X is what scikit-learn calls it
from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from automl.integrations.sklearn.imaging import Imaging


class AutoMLRegressor(RegressorMixin, Imaging):  # type: ignore[misc]
    """Finds a convolutional network for images, or a perceptron for rows of features, and predicts numbers with it.

    Parameters and attributes are those of `AutoMLClassifier`, but for `classes_`. `model_` gives numbers (n, outputs)
    in the units of y, and the objective is `min:val_rmse`.
    """

    _keeps = (*Imaging._keeps, "_single")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Search for a network.

        Args:
            X: (n, features), (n, height, width) or (n, height, width, channels) finite numbers.
            y: (n,) or (n, outputs) finite numbers.

        Raises:
            ValueError: if X and y are nothing to learn from.
            AutomlError: if a parameter is wrong, or no candidate could be trained.
        """
        X, y = validate_data(self, X, y, allow_nd=True, ensure_min_samples=2, multi_output=True, y_numeric=True)
        self._single = y.ndim == 1
        return self._fit(X, np.asarray(y, np.float64), "numbers", len(X))

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return numbers (n,) or (n, outputs), as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._single else outputs
