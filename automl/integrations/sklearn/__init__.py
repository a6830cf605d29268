"""Searches as estimators of scikit-learn.

    from automl.integrations.sklearn import AutoMLClassifier

    model = AutoMLClassifier(trials=20, random_state=0).fit(X, y)
    model.score(X_test, y_test)

These two stand where any estimator stands: in a Pipeline, in cross_val_score, in GridSearchCV. `AutoMLNodeClassifier`
takes a graph and `AutoMLRecommender` a DataFrame.
"""

from automl.integrations.sklearn.classifier import AutoMLClassifier as AutoMLClassifier
from automl.integrations.sklearn.nodes import AutoMLNodeClassifier as AutoMLNodeClassifier
from automl.integrations.sklearn.recommender import AutoMLRecommender as AutoMLRecommender
from automl.integrations.sklearn.regressor import AutoMLRegressor as AutoMLRegressor
