"""The network of CRLQAS: a multilayer perceptron from what is seen to one value per move."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

_SLOPE = 0.01
"""Of LeakyReLU for negative inputs (released code: torch's default)."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: these nets are too small for more, and sums keep their order."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of the network.

    Attributes:
        inputs: numbers it reads.
        hidden: widths of the hidden layers.
        moves: values it returns.
        dueling: compose them from one value of the state and one advantage per move (Wang et al. 2016).
    """

    inputs: int
    hidden: tuple[int, ...]
    moves: int
    dueling: bool = False


class Network:
    """Linear layers with LeakyReLU between them.

    Args:
        shape: its shape.
        seed: seed of the first weights: uniform within 1 / sqrt(inputs of the layer), as torch draws them. They come
            from a generator of their own; torch's global one is never touched.
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        sizes = [shape.inputs, *shape.hidden, shape.moves + shape.dueling]
        rng = np.random.default_rng((seed, len(sizes)))
        self.parameters: list[Tensor] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            for size in ((fan_out, fan_in), (fan_out,)):
                drawn = rng.uniform(-1.0, 1.0, size) * fan_in**-0.5
                self.parameters.append(torch.from_numpy(drawn.astype(np.float32)).requires_grad_())

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the values (rows, moves) of inputs (rows, inputs)."""
        layers = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for weight, bias in layers[:-1]:
            inputs = nn.functional.leaky_relu(nn.functional.linear(inputs, weight, bias), _SLOPE)
        heads = nn.functional.linear(inputs, *layers[-1])
        if not self._shape.dueling:
            return heads
        advantages = heads[:, 1:]
        return heads[:, :1] + advantages - advantages.mean(dim=1, keepdim=True)

    def copy(self, other: Network) -> None:
        """Take over the weights of another network of this shape."""
        with torch.no_grad():
            for mine, theirs in zip(self.parameters, other.parameters, strict=True):
                mine.copy_(theirs)

    def state_dict(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the weights, numbered in the order of the layers."""
        return {str(i): tensor.detach().numpy().copy() for i, tensor in enumerate(self.parameters)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        with torch.no_grad():
            for i, tensor in enumerate(self.parameters):
                tensor.copy_(torch.from_numpy(np.asarray(state[str(i)])))
