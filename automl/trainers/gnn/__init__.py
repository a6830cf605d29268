"""Trainer `gnn`: graph neural networks on torch alone. This module loads without torch."""

from automl.trainers.gnn.trainer import GnnTrainer as GnnTrainer
