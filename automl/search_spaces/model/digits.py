"""The default program: a pipeline of scikit-learn for rows of numbers in classes, such as its digits."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from automl.core.choices import Choose
from automl.core.domains import Reals


def digits(choose: Choose) -> Any:
    """Return a scaler and a classifier: a support vector machine, a linear one, or nearest neighbours."""
    kind = choose("model", ["svm", "linear", "neighbours"])
    if kind == "svm":
        c, gamma = choose("svm_C", Reals(0.1, 100.0, log=True)), choose("svm_gamma", Reals(1e-4, 0.1, log=True))
        model = _sklearn("svm").SVC(C=c, gamma=gamma)
    elif kind == "linear":
        c = choose("linear_C", Reals(1e-3, 10.0, log=True))
        model = _sklearn("linear_model").LogisticRegression(C=c, max_iter=200)
    else:
        near = choose("k", range(1, 16))
        votes = choose("votes", ["uniform", "distance"])
        model = _sklearn("neighbors").KNeighborsClassifier(near, weights=votes)
    return _sklearn("pipeline").make_pipeline(_sklearn("preprocessing").StandardScaler(), model)


def _sklearn(module: str) -> Any:
    """Import when it is needed: a search space loads without scikit-learn."""
    return import_module(f"sklearn.{module}")
