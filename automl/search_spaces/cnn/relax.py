"""The relaxed network: one that contains many, shares their weights, and learns which of them to be.

It is the start net, up to twice as wide and two convolutions a block deep, with the largest kernels. Both choices of a
convolution are nested: kernel 3 is the inside of kernel 5, and 8 channels are the first of 16. So each is a
distribution over how far to go, over the rings of the kernel and over groups of channels, and what a smaller network
inherits is cut out, no more. Whether a cut hurts is the probability that more was wanted.

After DARTS (Liu, Simonyan and Yang. ICLR 2019), with kernels inside each other as in Single-Path NAS (Stamoulis et al.
ECML 2019), and widths as in slimmable networks (Yu et al. ICLR 2019).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidCandidate
from automl.core.records import Weights
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden
from automl.search_spaces.cnn.limits import Limits
from automl.search_spaces.cnn.program import named

Floats: TypeAlias = npt.NDArray[np.float64]
Importance: TypeAlias = Mapping[str, Mapping[str, list[float]]]
"""By convolution: the probability to end at each of its `channels`, and of its `rings`, inner ring first."""

_DEPTH = 2
_GROUPS = 8
_LEAST = 1e-6
"""No probability counts as less."""


def relaxed(limits: Limits, root: Cnn) -> Cnn:
    """Return the relaxed network of a space. The limits of size are not for it, but for what is read from it."""
    blocks = []
    for number, (first, *_) in enumerate(root.blocks):
        assert isinstance(first, Conv)
        width = max(filters for filters in limits.filters if filters <= 2 * first.filters)
        conv = Conv(first.id, width, limits.kernels_in(number)[-1])
        blocks.append((conv, *(replace(conv, id=f"{conv.id}{n}") for n in range(1, min(_DEPTH, limits.depth)))))
    return replace(named(replace(root, blocks=tuple(blocks))), mixed=True)


def discretise(limits: Limits, mixed: Cnn, importance: Importance, budget: float) -> Cnn:
    """Return the network within a budget of parameters that is most probably large enough everywhere.

    From the smallest network on, that step is taken which gains most log probability per parameter.

    Raises:
        InvalidCandidate: if not even the smallest network fits.
    """
    most = budget * limits.size(mixed).params if budget <= 1 else budget
    found = _narrowest(limits, mixed)
    if not _fits(limits, found, most):
        least = limits.size(found)
        raise InvalidCandidate(
            f"The smallest network of this depth has {least.params} parameters and {least.macs} multiply-accumulates; "
            f"the budget is {most:.0f} parameters, the limits are {limits.max_params} and {limits.max_macs}.",
            "Give a larger budget, or raise max_params or max_macs.",
        )
    while True:
        before, params = _kept(found, importance), limits.size(found).params
        steps = [step for step in _steps(limits, found, mixed) if _fits(limits, step, most)]
        if not steps:
            return found
        gains = [(_kept(step, importance) - before) / (limits.size(step).params - params) for step in steps]
        found = steps[int(np.argmax(gains))]


def importance(mixed: Cnn, weights: Weights) -> dict[str, dict[str, list[float]]]:
    """Return the learned probability that each convolution ends at each of its channels and rings."""
    found = {}
    for conv in _convs(mixed):
        groups = _softmax(weights[f"{conv.id}.widths"])
        member = group(conv.filters)
        channels = (groups / np.bincount(member))[member]
        found[conv.id] = {"channels": channels.tolist(), "rings": _softmax(weights[f"{conv.id}.kernels"]).tolist()}
    return found


def inherit(child: Cnn, mixed: Cnn, weights: Weights) -> dict[str, npt.NDArray[Any]] | None:
    """Return the weights of a network read from a relaxed one; None if it cannot have been."""
    if child == mixed:
        return {name: array.copy() for name, array in weights.items()}
    if child.mixed or _outline(child) != _outline(mixed):
        return None
    made: dict[str, npt.NDArray[Any]] = {}
    inputs: int | None = None
    for part in child.parts():
        if isinstance(part, Conv):
            made |= _cut(part, weights, inputs)
            inputs = part.filters
        elif isinstance(part, Hidden):
            made |= {name: weights[name].copy() for name in weights if name.startswith(f"{part.id}.")}
            made[f"{part.id}.linear.weight"], inputs = made[f"{part.id}.linear.weight"][:, :inputs].copy(), None
    made["classifier.weight"] = weights["classifier.weight"][:, :inputs].copy()
    made["classifier.bias"] = weights["classifier.bias"].copy()
    return made


def rings(side: int) -> npt.NDArray[np.intp]:
    """Return which ring each tap of a square kernel belongs to, (side, side); the centre is ring 0."""
    away = np.abs(np.arange(side) - side // 2)
    return np.maximum(away[:, None], away)


def group(filters: int) -> npt.NDArray[np.intp]:
    """Return which group each channel of a convolution belongs to, (filters,), the first group first."""
    return np.arange(filters) * min(_GROUPS, filters) // filters


def _cut(conv: Conv, weights: Weights, inputs: int | None) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an ordinary convolution: the first channels and the inside of the kernel."""
    name, norm = f"{conv.id}.conv.weight", f"{conv.id}.bn."
    margin = (weights[name].shape[-1] - conv.kernel) // 2
    inner = slice(margin, margin + conv.kernel)
    made = {
        each: weights[each][: conv.filters].copy() for each in weights if each.startswith(norm) and weights[each].ndim
    }
    batches = f"{norm}num_batches_tracked"
    return {name: weights[name][: conv.filters, :inputs, inner, inner].copy(), **made, batches: weights[batches].copy()}


def _softmax(logits: npt.NDArray[Any]) -> Floats:
    powers = np.exp(logits.astype(np.float64) - float(logits.max()))
    found: Floats = powers / powers.sum()
    return found


def _kept(cnn: Cnn, importance: Importance) -> float:
    """Return the logarithm of the probability that no convolution wanted more than it has."""
    total = 0.0
    for conv in _convs(cnn):
        shares = importance[conv.id]
        channels, rings_ = shares["channels"][: conv.filters], shares["rings"][: conv.kernel // 2 + 1]
        total += math.log(max(_LEAST, sum(channels))) + math.log(max(_LEAST, sum(rings_)))
    return total


def _narrowest(limits: Limits, mixed: Cnn) -> Cnn:
    for block, layers in enumerate(mixed.blocks):
        kernel = limits.kernels_in(block)[0]
        narrow = tuple(Conv(layer.id, limits.filters[0], kernel) for layer in layers)
        mixed = mixed.with_block(block, narrow)
    return replace(mixed, mixed=False)


def _steps(limits: Limits, cnn: Cnn, mixed: Cnn) -> Iterator[Cnn]:
    """Yield every network with one convolution a notch wider, or its kernel a notch larger."""
    for block, layers in enumerate(cnn.blocks):
        for place, layer in enumerate(layers):
            widest = mixed.blocks[block][place]
            assert isinstance(layer, Conv)
            assert isinstance(widest, Conv)
            for filters in [n for n in limits.filters if layer.filters < n <= widest.filters][:1]:
                yield cnn.with_layer(block, place, replace(layer, filters=filters))
            for kernel in [n for n in limits.kernels_in(block) if n > layer.kernel][:1]:
                yield cnn.with_layer(block, place, replace(layer, kernel=kernel))


def _fits(limits: Limits, cnn: Cnn, most: float) -> bool:
    return limits.size(cnn).params <= most and limits.fit(cnn)


def _convs(cnn: Cnn) -> Iterator[Conv]:
    return (part for part in cnn.parts() if isinstance(part, Conv))


def _outline(cnn: Cnn) -> list[Any]:
    """Return everything about a network but widths and kernels of its convolutions."""
    return [part.id if isinstance(part, Conv) else part for part in cnn.parts()]
