"""Trainer `morl`: how good a set of policies an algorithm of multi-objective reinforcement learning finds."""

from automl.trainers.morl.trainer import MorlTrainer as MorlTrainer
