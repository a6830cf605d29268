"""Trainer `lightning`: any LightningModule on any data Lightning takes. This module loads without torch."""

from automl.trainers.lightning_module.trainer import LightningTrainer as LightningTrainer
