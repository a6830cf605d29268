"""Pipelines of scikit-learn as their users write them."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from automl.core.domains import Reals


def table(count=120, seed=0):
    """Columns of numbers and of words, and a class that depends on both."""
    rng = np.random.default_rng(seed)
    columns = {"size": rng.standard_normal(count), "colour": rng.choice(["red", "blue"], count)}
    return columns, np.where(columns["size"] + (columns["colour"] == "red") > 0.5, "yes", "no")


def mixed(choose):
    encode = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), ["colour"]),
            ("numbers", StandardScaler(), ["size"]),
        ]
    )
    return make_pipeline(encode, LogisticRegression(C=choose("C", Reals(0.01, 100.0, log=True))))


def forest(choose):
    return RandomForestClassifier(choose("trees", [3, 5]))


def boosted(choose):
    return HistGradientBoostingClassifier(max_iter=choose("rounds", [3, 5]))


def ridge(choose):
    return Ridge(choose("alpha", [0.1, 1.0]))


class Clip(TransformerMixin, BaseEstimator):
    """A step of the user's own."""

    def __init__(self, most=1.0):
        self.most = most

    def fit(self, x, y=None):
        return self

    def transform(self, x):
        return np.clip(x, -self.most, self.most)


def own_step(choose):
    return make_pipeline(Clip(choose("most", [0.5, 2.0])), FunctionTransformer(np.tanh), LogisticRegression())


def other_step(choose):
    return make_pipeline(StandardScaler(), LogisticRegression(C=choose("C", [1.0])))


class Lottery(ClassifierMixin, BaseEstimator):
    """Draws from the global generator, as estimators without a random_state do; and remembers what it saw."""

    rows: list = []

    def fit(self, x, y):
        self.rows.append(x[:, 0].tolist())
        self.classes_ = np.unique(y)
        self.ticket_ = float(np.random.random())
        return self

    def predict(self, x):
        return np.full(len(x), self.classes_[int(self.ticket_ * len(self.classes_))])


def lottery(choose):
    choose("x", [1])
    return Lottery()


def nothing(choose):
    return choose("x", [1])
