"""Searches as estimators of scikit-learn.

    from automl.integrations.sklearn import AutoMLClassifier

    model = AutoMLClassifier(trials=20, random_state=0).fit(X, y)
    model.score(X_test, y_test)

They stand where any estimator stands: in a Pipeline, in cross_val_score, in GridSearchCV.
"""

from automl.integrations.sklearn.classifier import AutoMLClassifier as AutoMLClassifier
from automl.integrations.sklearn.regressor import AutoMLRegressor as AutoMLRegressor
