"""A finished network as users get it: it takes images as they are and needs no data to exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.cnn.candidate import Cnn
from automl.trainers.cnn.network import build_network, load_weights

BYTE = 255.0


class Classifier(nn.Module):
    """A network with the normalisation of its training data in front.

    Attributes:
        network: takes normalised images.
        mean, std: per channel, (1, C, 1, 1).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, classes) of images (N, C, H, W): bytes, or floats on the data's scale."""
        if images.dtype == torch.uint8:
            images = images.to(self.mean.dtype) / BYTE
        logits: Tensor = self.network((images - self.mean) / self.std)
        return logits


class Regressor(Classifier):
    """A network with the normalisation of its training data in front, and that of their labels behind.

    Attributes:
        label_mean, label_std: of the training labels, (outputs,).
    """

    label_mean: Tensor
    label_std: Tensor

    def scaled(self, mean: Sequence[float], std: Sequence[float]) -> Regressor:
        """Set the scale of the labels and return the network."""
        self.register_buffer("label_mean", torch.tensor(mean))
        self.register_buffer("label_std", torch.tensor(std))
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return numbers (N, outputs) in the units of the labels, of images as a `Classifier` takes them."""
        return super().forward(images) * self.label_std + self.label_mean


def finished(network: nn.Module, facts: Mapping[str, Any]) -> nn.Module:
    """Return a network with what the facts say about its training data, in eval mode."""
    mean, std = facts["mean"], facts["std"]
    if facts.get("predict", "classes") == "numbers":
        return Regressor(network, mean, std).scaled(facts["label_mean"], facts["label_std"]).eval()
    return Classifier(network, mean, std).eval()


def restore(candidate: Cnn, weights: Weights, input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Return a network with these weights, in eval mode and on the CPU.

    Raises:
        WeightsError: if the weights are not complete, or of another network.
    """
    with torch.random.fork_rng([]):
        network = build_network(candidate, input_shape, classes)
    missing = network.state_dict().keys() - weights.keys()
    if missing:
        raise WeightsError(f"The weights lack {sorted(missing)[0]} and are not those of a finished network.")
    load_weights(network, weights)
    return network.eval()
