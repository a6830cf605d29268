"""The search space `cnn`."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from automl.core.choices import Choose
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.records import Json, Weights
from automl.core.space import SearchSpace
from automl.search_spaces.cnn import codec, edits, inherit, program, relax
from automl.search_spaces.cnn.candidate import Cnn, Conv, Layer, words
from automl.search_spaces.cnn.limits import Limits
from automl.search_spaces.cnn.replication import Symmetry


class CnnSpace(SearchSpace[Cnn]):
    """Plain and residual convolutional networks that grow without changing their function.

    Settings:
        input_shape: channels, height and width of the images; the trainer's data say it.
        classes: number of outputs, one for each class or number to predict; the trainer's data say it.
        family: `plain`, or `residual`, which has residual blocks beside convolutions.
        filters: widths of convolutions, ascending. The default steps grow by a half or less: inherited
            weights pay for small steps of growth, not for large ones.
        units: widths of hidden layers, ascending.
        kernels: sides of kernels, ascending and odd.
        depth: most layers in a block.
        hidden: most hidden layers.
        start: filters of the start net, block by block; the last one again where there are more blocks.
        start_hidden: units of the start net's hidden layers, as many as `hidden` allows.
        max_params: most trainable parameters, 0 for no limit.
        max_macs: most multiply-accumulates per image, 0 for no limit.
        uneven: how unevenly replicas of a widened channel share what they feed, 0 (evenly) to below 1; exact
            at any value, and what lets them learn different things.
        noise: standard deviation of the noise on replicas, relative to that of their layer's weights. EAS has
            0.01; 0 keeps the function exactly.

    Profile `paper`: widths, depth, start net and noise of EAS (Cai et al. 2018), without limits of size.
    """

    default_controller: ClassVar[str] = "transformation"
    rules: ClassVar[Sequence[str]] = ("learned",)
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "filters": (16, 32, 64, 96, 128, 192, 256, 320, 384, 448, 512),
            "units": (64, 128, 256, 384, 512, 640, 768, 896, 1024),
            "depth": 10,
            "hidden": 10,
            "start": (16, 32, 64, 128),
            "start_hidden": (256,),
            "max_params": 0,
            "max_macs": 0,
            "uneven": 0.0,
            "noise": 0.01,
        }
    }

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...] = (1, 8, 8),
        classes: int = 10,
        family: Literal["plain", "residual"] = "plain",
        filters: tuple[int, ...] = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128),
        units: tuple[int, ...] = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256),
        kernels: tuple[int, ...] = (1, 3, 5),
        depth: int = 4,
        hidden: int = 2,
        start: tuple[int, ...] = (8, 12, 16, 24),
        start_hidden: tuple[int, ...] = (32,),
        max_params: int = 200_000,
        max_macs: int = 5_000_000,
        uneven: float = 0.1,
        noise: float = 0.0,
    ) -> None:
        _refuse_bad_data(input_shape, classes)
        _refuse_bad_layers(filters=filters, units=units, kernels=kernels)
        _refuse_bad_counts(depth=(depth, 1), hidden=(hidden, 0), max_params=(max_params, 0), max_macs=(max_macs, 0))
        _refuse_bad_start("start", start, filters)
        _refuse_bad_start("start_hidden", start_hidden, units)
        if not start:
            raise UsageError("start must name the filters of one block or more.")
        if not 0.0 <= uneven < 1.0 or not noise >= 0.0:
            raise UsageError(f"uneven is in [0, 1) and noise is not negative, got {uneven} and {noise}.")
        self.limits = Limits(
            input_shape=tuple(input_shape),
            classes=classes,
            residual=family == "residual",
            filters=tuple(filters),
            units=tuple(units),
            kernels=tuple(kernels),
            depth=depth,
            hidden=hidden,
            max_params=max_params or None,
            max_macs=max_macs or None,
        )
        self._start, self._start_hidden = tuple(start), tuple(start_hidden)[:hidden]
        self._symmetry = Symmetry(uneven, noise)
        self._refuse_bad_limits()

    def build(self, choose: Choose) -> Cnn:
        return program.build(self.limits, choose)

    def check(self, candidate: Cnn) -> None:
        if not candidate.mixed:
            self.limits.check(candidate)
        elif [candidate] != self.relax(*self.rules):
            raise InvalidCandidate(
                f"The relaxed network of this space is another one than '{self.describe(candidate)}'."
            )

    def dump(self, candidate: Cnn) -> Json:
        return codec.dump(candidate)

    def load(self, json: Any) -> Cnn:
        return codec.load(json)

    def describe(self, candidate: Cnn) -> str:
        """Return the network as in `12k3 16k3 | 32k3 | gap fc64`: widths, kernels, poolings, head."""
        blocks = (" ".join(_short(layer) for layer in block) for block in candidate.blocks)
        hidden = (f"fc{layer.units}" for layer in candidate.hidden)
        return " ".join([*("mixed" for _ in range(candidate.mixed)), " | ".join(blocks), "|", candidate.head, *hidden])

    def key(self, candidate: Cnn) -> str:
        """Return the same text for networks that differ in the names of their layers only."""
        return _text(codec.dump_unnamed(candidate))

    def root(self) -> Cnn:
        return edits.root(self.limits, self._start, self._start_hidden)

    def edits(self, parent: Cnn) -> Sequence[str]:
        return edits.edits(self.limits, parent)

    def grow(self, parent: Cnn, choose: Choose) -> Cnn:
        return edits.grow(self.limits, parent, choose)

    def words(self, candidate: Cnn) -> Sequence[str]:
        return words(candidate)

    def relax(self, rule: str) -> Sequence[Cnn]:
        return [relax.relaxed(self.limits, self.root())]

    def discretise(self, relaxed: Cnn, extras: Mapping[str, Any], budget: float, rule: str) -> Cnn:
        return relax.discretise(self.limits, relaxed, extras["importance"], budget)

    def inherit(self, child: Cnn, parent: Cnn, weights: Weights) -> Weights | None:
        if parent.mixed:
            return relax.inherit(child, parent, weights)
        digest = hashlib.sha256(_text(codec.dump(child)).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest))
        shape = self.limits.input_shape
        return inherit.inherit(child, parent, weights, input_shape=shape, symmetry=self._symmetry, rng=rng)

    def _refuse_bad_limits(self) -> None:
        least = program.smallest(self.limits)
        if not self.limits.fit(least):
            counted = self.limits.size(least)
            raise UsageError(
                f"No network fits: on images of {self.limits.input_shape} the smallest has {counted.params} parameters "
                f"and {counted.macs} multiply-accumulates, the limits are {self.limits.max_params} and "
                f"{self.limits.max_macs}.",
                "Raise max_params or max_macs, or give smaller filters.",
            )


def _text(json_: Json) -> str:
    return json.dumps(json_, sort_keys=True, separators=(",", ":"))


def _short(layer: Layer) -> str:
    if isinstance(layer, Conv):
        return f"{layer.filters}k{layer.kernel}"
    return f"res{layer.inner}k{layer.kernel}"


def _refuse_bad_data(input_shape: tuple[int, ...], classes: int) -> None:
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise UsageError(f"input_shape is channels, height, width, all positive; got {input_shape}.")
    if classes < 1:
        raise UsageError(f"A network has one output or more, got classes={classes}.")


def _refuse_bad_layers(**lists: tuple[int, ...]) -> None:
    for name, values in lists.items():
        if not values or min(values) < 1 or any(a >= b for a, b in itertools.pairwise(values)):
            raise UsageError(f"{name} must be positive and ascending, got {values}.")
    if any(kernel % 2 == 0 for kernel in lists["kernels"]):
        raise UsageError(f"kernels must be odd to have a centre, got {lists['kernels']}.")


def _refuse_bad_counts(**counts: tuple[int, int]) -> None:
    for name, (value, least) in counts.items():
        if value < least:
            raise UsageError(f"{name} must be at least {least}, got {value}.")


def _refuse_bad_start(name: str, start: tuple[int, ...], widths: tuple[int, ...]) -> None:
    strange = [width for width in start if width not in widths]
    if strange:
        raise UsageError(f"{name} has the widths {strange}, which are not among {widths}.")
