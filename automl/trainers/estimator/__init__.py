"""Trainer `estimator`: any estimator or pipeline with the interface of scikit-learn. Loads without it."""

from automl.trainers.estimator.trainer import EstimatorTrainer as EstimatorTrainer
