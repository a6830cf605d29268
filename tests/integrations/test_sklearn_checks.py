"""scikit-learn's own checks of estimators, on both that take arrays; short searches, for there are hundreds."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from automl.integrations.sklearn import AutoMLClassifier, AutoMLRegressor

SHORT = {"trials": 1, "settings": {"epochs": 1, "final_epochs": 12}, "random_state": 0}
EXCEPTIONS: dict[str, str] = {}
"""Checks that fail, each with the reason."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [AutoMLClassifier(**SHORT), AutoMLRegressor(**SHORT)],
    expected_failed_checks=lambda estimator: EXCEPTIONS,
)
def test_an_estimator_of_scikit_learn(estimator, check):
    check(estimator)
