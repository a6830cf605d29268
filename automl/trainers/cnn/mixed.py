"""A convolution that holds all narrower ones and all smaller kernels: the layer of the relaxed network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from automl.search_spaces.cnn.relax import group, rings


class MixedConv(nn.Module):
    """A convolution, batch norm and ReLU that goes to a drawn ring of its kernel and to a drawn group of its channels.

    In training both are drawn anew for every batch, with straight-through gradients for their logits (Jang, Gu and
    Poole: Categorical reparameterization with Gumbel-softmax. ICLR 2017). In eval mode weights and channels are
    multiplied by the probability that they are in, as dropout does. The logits are buffers: state like any other to
    whoever saves the network, unknown to who trains its weights.

    Attributes:
        kernels: (rings,) logits of the last ring.
        widths: (groups,) logits of the last group of channels.
        epochs: () how many it was trained for.
    """

    kernels: Tensor
    widths: Tensor
    epochs: Tensor
    ring: Tensor
    group: Tensor

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.bn = nn.BatchNorm2d(conv.out_channels)
        side, member = conv.kernel_size[0], group(conv.out_channels)
        self.register_buffer("kernels", torch.zeros(side // 2 + 1))
        self.register_buffer("widths", torch.zeros(int(member[-1]) + 1))
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))
        self.register_buffer("ring", torch.from_numpy(rings(side)), persistent=False)
        self.register_buffer("group", torch.from_numpy(member), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, filters, H, W)."""
        weight = self.conv.weight * self._reach(self.kernels)[self.ring]
        y = torch.relu(self.bn(F.conv2d(x, weight, padding=self.conv.padding)))
        return y * self._reach(self.widths)[self.group].view(-1, 1, 1)

    def price(self) -> Tensor:
        """Return the share of its taps and channels that is expected to be in, between 0 and 1."""
        taps, channels = _reaching(self.kernels.softmax(0)), _reaching(self.widths.softmax(0))
        return taps[self.ring].mean() * channels[self.group].mean()

    def _reach(self, logits: Tensor) -> Tensor:
        """Return whether each place is in: 0 or 1 in training, its probability otherwise."""
        return _reaching(F.gumbel_softmax(logits, hard=True) if self.training else logits.softmax(0))


def _reaching(last: Tensor) -> Tensor:
    """Return the probability of each place to be at or before the last one, whose distribution is given."""
    return last.flip(0).cumsum(0).flip(0)
