"""Trainer `embeddings`: how well a recommender predicts with the embedding dimensions of a plan."""

from automl.trainers.embeddings.trainer import EmbeddingsTrainer as EmbeddingsTrainer
