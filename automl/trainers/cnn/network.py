"""A candidate of space `cnn` as a plain torch module, and what weights need to get into it.

    module = build_network(candidate, (1, 8, 8), classes=10)
    missing = load_weights(module, space.inherit(child, parent, weights))
    calibrate(module, missing, images)            # at least 1000 training images
    logits = module(images)                       # (N, channels, height, width) float -> (N, classes)

Arrays are named after the layers: `c0.conv.weight`, `c0.bn.running_mean`, `r0.conv1.weight`,
`f0.linear.weight`, `classifier.bias`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Part, Residual
from automl.search_spaces.cnn.size import shapes
from automl.trainers.cnn.mixed import MixedConv

CALIBRATION_IMAGES = 1000
"""Fewest images to measure a batch norm on. EAS takes one batch of 64; the training loss then jumps more."""


class ResidualUnit(nn.Module):
    """relu(x + bn2(conv2(relu(bn1(conv1(x)))))) on (N, width, H, W).

    A fresh unit has a zero scale in bn2, so it starts as the identity (Goyal et al. 2017, section 5.1).
    """

    def __init__(self, width: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv1 = _convolution(width, inner, kernel)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = _convolution(inner, width, kernel)
        self.bn2 = nn.BatchNorm2d(width)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of `x`."""
        inner = torch.relu_(self.bn1(self.conv1(x)))
        return torch.relu_(self.bn2(self.conv2(inner)) + x)


def build_network(candidate: Cnn, input_shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Return a freshly initialised module in torch's default dtype, drawn from torch's global generator.

    Args:
        candidate: what to build.
        input_shape: channels, height and width of the images.
        classes: number of outputs.
    """
    entering = shapes(candidate, input_shape)
    module = nn.Sequential()
    pools = itertools.count()
    for part, (width, _, _) in zip(candidate.parts(), entering, strict=False):
        name = part.id if not isinstance(part, str) else f"pool{next(pools)}" if part in ("max", "avg") else part
        module.add_module(name, _unit(part, width, mixed=candidate.mixed))
    module.add_module("classifier", nn.Linear(entering[-1][0], classes))
    return module


def _unit(part: Part, width: int, *, mixed: bool) -> nn.Module:
    match part:
        case Conv() if mixed:
            return MixedConv(_convolution(width, part.filters, part.kernel))
        case Conv():
            unit = nn.Sequential()
            unit.add_module("conv", _convolution(width, part.filters, part.kernel))
            unit.add_module("bn", nn.BatchNorm2d(part.filters))
            return unit.append(nn.ReLU(inplace=True))
        case Residual():
            return ResidualUnit(width, part.inner, part.kernel)
        case Hidden():
            unit = nn.Sequential()
            unit.add_module("linear", nn.Linear(width, part.units, bias=False))
            unit.add_module("bn", nn.BatchNorm1d(part.units))
            return unit.append(nn.ReLU(inplace=True))
        case "max":
            return nn.MaxPool2d(2)
        case "avg":
            return nn.AvgPool2d(2)
        case "gap":
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Flatten()


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Same padding, no bias, initialised for ReLU as in He et al. 2015 (arXiv 1502.01852, equation 14)."""
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


def weights_of(module: nn.Module) -> dict[str, npt.NDArray[np.generic]]:
    """Return copies of all arrays of a module, as `load_weights` takes them."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load_weights(module: nn.Module, weights: Weights) -> list[str]:
    """Put weights into a module; what they lack keeps its fresh initialisation.

    Returns:
        Names of the batch norms to `calibrate`: those of inserted identities, whose layer alone is in
        `weights`.

    Raises:
        WeightsError: if an array has no place in the module, or not this shape.
    """
    places = module.state_dict()
    for name, array in weights.items():
        if name not in places or tuple(places[name].shape) != tuple(array.shape):
            shape = tuple(places[name].shape) if name in places else "no such array"
            raise WeightsError(f"The weights '{name}' of shape {array.shape} do not fit the network ({shape}).")
    module.load_state_dict({name: torch.tensor(array) for name, array in weights.items()}, strict=False)
    return [
        name
        for name, unit in module.named_modules()
        if isinstance(unit, nn.BatchNorm1d | nn.BatchNorm2d)
        and f"{name}.running_mean" not in weights
        and _layer_before(name) in weights
    ]


def _layer_before(norm: str) -> str:
    """Return the name of the weights that a batch norm normalises: `c0.bn` -> `c0.conv.weight`."""
    unit, _, own = norm.rpartition(".")
    layer = "linear" if unit.startswith("f") else "conv"
    return f"{unit}.{own.replace('bn', layer)}.weight"


@torch.no_grad()
def calibrate(module: nn.Module, norms: Sequence[str], images: Tensor, *, batch: int = 256) -> None:
    """Turn batch norms into identities on the data: exactly so in eval mode, nearly so in train mode.

    EAS, Net2Deeper with batch normalisation: with mean m and variance v of what the norm receives, set the
    running statistics to m and v, the shift to m and the scale to sqrt(v + eps).

    Args:
        module: the network; it comes back in the mode it had.
        norms: names from `load_weights`.
        images: (N, channels, height, width) training images, `CALIBRATION_IMAGES` or more where there are so
            many.
        batch: images measured at once.
    """
    if not norms:
        return
    moments = [_Moments(module.get_submodule(name)) for name in norms]
    hooks = [moment.norm.register_forward_pre_hook(moment) for moment in moments]
    training = module.training
    module.eval()
    for start in range(0, len(images), batch):
        module(images[start : start + batch])
    module.train(training)
    for moment, hook in zip(moments, hooks, strict=True):
        hook.remove()
        moment.write()


class _Moments:
    """Mean and variance of what a batch norm receives, summed in float64 over batches.

    While they are measured the norm is the identity, so one pass measures any number of norms in a row.
    """

    def __init__(self, norm: nn.Module) -> None:
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        self.norm = norm
        self.count = 0
        self.sum = torch.zeros(norm.num_features, dtype=torch.float64)
        self.squares = torch.zeros(norm.num_features, dtype=torch.float64)
        self._set(mean=self.sum, variance=torch.ones_like(self.sum))

    def __call__(self, norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].transpose(0, 1).flatten(1).double().cpu()
        self.count += x.shape[1]
        self.sum += x.sum(1)
        self.squares += (x * x).sum(1)

    def write(self) -> None:
        mean = self.sum / self.count
        self._set(mean, (self.squares / self.count - mean**2).clamp(min=0.0))

    def _set(self, mean: Tensor, variance: Tensor) -> None:
        """Make the norm the identity in eval mode, by undoing what it does with this mean and variance."""
        tensors = {
            "running_mean": mean,
            "running_var": variance,
            "weight": (variance + self.norm.eps).sqrt(),
            "bias": mean,
        }
        for name, tensor in tensors.items():
            getattr(self.norm, name).copy_(tensor)
