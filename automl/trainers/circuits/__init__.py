"""Trainer `circuits`: the energy of a parametrised circuit, simulated exactly, with noise or without."""

from automl.trainers.circuits.trainer import CircuitsTrainer as CircuitsTrainer
