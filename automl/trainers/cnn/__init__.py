"""Trainer `cnn`: image classification on PyTorch Lightning. This module loads without torch."""

from automl.trainers.cnn.trainer import CnnTrainer as CnnTrainer
