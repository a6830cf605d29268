"""Doors to other libraries, both ways: scikit-learn, Optuna, Ray Tune."""
