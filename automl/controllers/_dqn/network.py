"""The network of CRLQAS: a multilayer perceptron from what is seen to one value per move."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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
    """Linear layers with LeakyReLU between them; all weights lie in one vector.

    Args:
        shape: its shape.
        seed: seed of the first weights: uniform within 1 / sqrt(inputs of the layer), as torch draws them. They come
            from a generator of their own; torch's global one is never touched.

    Attributes:
        weights: all weights and biases, layer by layer (count,).
        gradient: their gradient, filled by `backward` (count,).
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        sizes = [shape.inputs, *shape.hidden, shape.moves + shape.dueling]
        self.weights = torch.from_numpy(_first_weights(sizes, seed))
        self.gradient = torch.zeros_like(self.weights)
        self._layers: list[tuple[Tensor, Tensor]] = []
        start = 0
        for fan_in, fan_out in itertools.pairwise(sizes):
            weight = self._part(start, (fan_out, fan_in))
            bias = self._part(start + weight.numel(), (fan_out,))
            self._layers.append((weight, bias))
            start += weight.numel() + fan_out

    def _part(self, start: int, size: tuple[int, ...]) -> Tensor:
        """Return a part of the vector as a tensor that autograd knows, with its gradient in place."""
        place = slice(start, start + math.prod(size))
        part = self.weights[place].view(size).requires_grad_()
        part.grad = self.gradient[place].view(size)
        return part

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the values (rows, moves) of inputs (rows, inputs)."""
        for weight, bias in self._layers[:-1]:
            inputs = nn.functional.leaky_relu(nn.functional.linear(inputs, weight, bias), _SLOPE)
        heads = nn.functional.linear(inputs, *self._layers[-1])
        if not self._shape.dueling:
            return heads
        advantages = heads[:, 1:]
        return heads[:, :1] + advantages - advantages.mean(dim=1, keepdim=True)


def _first_weights(sizes: list[int], seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng((seed, len(sizes)))
    layers = [
        rng.uniform(-1.0, 1.0, (fan_in + 1) * fan_out) * fan_in**-0.5 for fan_in, fan_out in itertools.pairwise(sizes)
    ]
    return np.concatenate(layers).astype(np.float32)
