"""A classifier that searches for its network."""

# ruff: noqa: N803, N806 - X is what scikit-learn calls it
from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from automl.integrations.sklearn.imaging import Imaging


class AutoMLClassifier(ClassifierMixin, Imaging):  # type: ignore[misc]
    """Finds a convolutional network for images, or a perceptron for rows of features, and classifies with it.

        AutoMLClassifier(trials=20, time="5m", random_state=0).fit(images, labels)
        AutoMLClassifier(image_shape=(8, 8)).fit(rows_of_64_pixels, labels)

    A part of the data is kept apart to select on; the best candidate is trained on, to its best epoch on that part.

    Args:
        trials, time, controller, objectives, settings, workers, random_state, directory, verbose: see `Searching`.
        image_shape: height and width, perhaps channels, if the features of a row are the pixels of an image.
        validation_fraction: share of the rows to select on.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_, feature_names_in_: as everywhere.
        model_: the network: (n, channels, height, width) to logits (n, classes); a row is (n, features, 1, 1).
        best_candidate_, summary_: what it is, and what was searched and measured.
    """

    _keeps = (*Imaging._keeps, "classes_")

    def fit(self, X: Any, y: Any) -> Self:
        """Search for a network.

        Args:
            X: (n, features), (n, height, width) or (n, height, width, channels) finite numbers.
            y: (n,) labels of any kind.

        Raises:
            ValueError: if X and y are nothing to learn from.
            AutomlError: if a parameter is wrong, or no candidate could be trained.
        """
        X, y = validate_data(self, X, y, allow_nd=True, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class in y, {self.classes_[0]!r}: nothing to tell apart.")
        return self._fit(X, labels, "classes", int(np.bincount(labels).max()))

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability (n, classes) of each of `classes_`."""
        outputs = self._outputs(X)
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities: npt.NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable label (n,) of each row."""
        places = self._outputs(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[places]
        return labels
