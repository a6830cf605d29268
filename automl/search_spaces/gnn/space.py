"""The search spaces `gnn` and `gnn-wide`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypeAlias

from automl.core.choices import Choose
from automl.core.domains import Value
from automl.core.errors import UsageError
from automl.core.records import Weights
from automl.core.space import SearchSpace
from automl.search_spaces.gnn import codec, program
from automl.search_spaces.gnn.candidate import Gnn, Layer
from automl.search_spaces.gnn.inherit import inherit
from automl.search_spaces.gnn.known import known as known_networks
from automl.search_spaces.gnn.limits import POOLINGS, SKIPS, Limits
from automl.search_spaces.gnn.size import Task

MEGABYTE = 1_000_000
WIDTHS = (4, 8, 16, 32, 64, 128, 256)
HEADS = (1, 2, 4, 8, 16)
STEPS = (0, 2, 5, 10)
Pool: TypeAlias = Literal["searched", "mean", "sum", "max"]
_Frame: TypeAlias = tuple[int, int, Task, bool]
"""Features, outputs, task, and whether logits have an activation."""
_Sizes: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], int, int]
"""Widths, heads, most heads x width, most parameters."""


class _Gnns(SearchSpace[Gnn]):
    """What both spaces have in common: everything but their settings."""

    limits: Limits
    bank_bytes: int
    _starts_known: bool

    def build(self, choose: Choose) -> Gnn:
        return program.build(self.limits, choose)

    def defaults(self) -> Sequence[Mapping[str, Value]]:
        return known_networks(self.limits) if self._starts_known else ()

    def check(self, candidate: Gnn) -> None:
        self.limits.check(candidate)

    def load(self, json: Any) -> Gnn:
        return codec.load(json)

    def describe(self, candidate: Gnn) -> str:
        """Return the network as in `8x8 gat sum elu | 1x7 gat sum linear`: heads x width and the other actions."""
        parts = [_short(layer) for layer in candidate.layers]
        if candidate.pooling is not None:
            parts.append(candidate.pooling)
        if candidate.skip != "none":
            parts.append(candidate.skip)
        if candidate.steps:
            parts.append(f"{candidate.steps} steps teleport {candidate.teleport:g}")
        if candidate.norm is not None:
            parts.append("no norm" if candidate.norm == "none" else f"{candidate.norm} norm")
        recipe = {"dropout": candidate.dropout, "lr": candidate.lr, "decay": candidate.weight_decay}
        parts += [f"{name} {value:g}" for name, value in recipe.items() if value is not None]
        return " | ".join(parts)

    def key(self, candidate: Gnn) -> str:
        """Return the same text for networks that differ only in what makes no difference."""
        return super().key(codec.canonical(candidate, final_activation=self.limits.final_activation))

    def inherit(self, child: Gnn, parent: Gnn, weights: Weights) -> Weights | None:
        limits = self.limits
        return inherit(child, parent, weights, features=limits.features, task=limits.task, capacity=self.bank_bytes)

    def _take(
        self, frame: _Frame, layers: tuple[int, int], sizes: _Sizes, pooling: Pool, bank_mb: float, *,
        wide: tuple[int, ...] | None = None,
    ) -> None:  # fmt: skip
        """Take the settings that both spaces have; of the wide one, how many steps there may be."""
        features, outputs, task, final_activation = frame
        widths, heads, max_width, max_params = sizes
        self.limits = Limits(
            features=features,
            outputs=outputs,
            task=task,
            layers=layers,
            widths=tuple(widths),
            heads=tuple(heads),
            max_width=max_width or None,
            max_params=max_params or None,
            final_activation=final_activation,
            wide=wide is not None,
            poolings=POOLINGS if pooling == "searched" else (pooling,),
            steps=(0,) if wide is None else tuple(wide),
        )
        _refuse_bad_settings(self.limits, bank_mb)
        self.bank_bytes = int(bank_mb * MEGABYTE)


class GnnSpace(_Gnns):
    """Graph neural networks of a fixed depth: six actions per layer, as in Auto-GNN.

    The width of one head, the number of heads, the attention function, how messages are aggregated, how they are
    combined, and the activation. The last layer of a network on nodes has the width of its output. Attention
    functions have their formulas in `automl.trainers.gnn.attention`.

    Settings:
        features: of a node; the trainer's data say it.
        outputs: classes or numbers to predict; the trainer's data say it.
        task: "node", "graph" or "link"; the trainer's data say it.
        final_activation: whether the trainer has an activation on logits, too; the trainer says it.
        layers: how deep; the paper has 2 on citation graphs and 3 on protein graphs.
        widths: of one head, ascending.
        heads: numbers of heads, ascending.
        max_width: most heads x width of a layer, 0 for no limit. On a CPU 16 heads of 256 take 60 times as long as
            8 heads of 8.
        max_params: most trainable parameters, 0 for no limit.
        pooling: how the vectors of nodes become that of a graph, where graphs are predicted: "mean", "sum", "max", or
            "searched".
        bank_mb: megabytes of explored layers that travel with the weights, where a controller lets candidates
            inherit.
        known: whether GCN and GAT are what one would take without a search, and so are tried first.

    Profile `paper`: no limits of size, and nothing known beforehand.
    """

    default_controller: ClassVar[str] = "conservative"
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {"max_width": 0, "max_params": 0, "known": False}}

    def __init__(
        self,
        *,
        features: int = 1433,
        outputs: int = 7,
        task: Task = "node",
        final_activation: bool = False,
        layers: int = 2,
        widths: tuple[int, ...] = WIDTHS,
        heads: tuple[int, ...] = HEADS,
        max_width: int = 256,
        max_params: int = 1_000_000,
        pooling: Pool = "searched",
        bank_mb: float = 8.0,
        known: bool = True,
    ) -> None:
        self._starts_known = known
        frame, sizes = (features, outputs, task, final_activation), (widths, heads, max_width, max_params)
        self._take(frame, (layers, layers), sizes, pooling, bank_mb)


class WideGnnSpace(_Gnns):
    """Graph neural networks with what Auto-GNN holds fixed: depth, skip connections, norms, propagation, the recipe.

    Residual connections add the input of every layer but the first to its output, through a linear map where the
    widths differ; jumping connections let the last layer read all layers before it. Hidden layers have no norm, batch
    norms or layer norms. After the last layer outputs may go along the edges for some steps of personalised PageRank;
    and in a layer with the attention `own` nodes hear themselves alone, so that a network may predict first and
    propagate then, as APPNP does. Dropout, learning rate and weight decay belong to the network, too.

    Settings:
        features: of a node; the trainer's data say it.
        outputs: classes or numbers to predict; the trainer's data say it.
        task: "node", "graph" or "link"; the trainer's data say it.
        final_activation: whether the trainer has an activation on logits, too; the trainer says it.
        max_layers: most layers.
        widths: of one head, ascending.
        heads: numbers of heads, ascending.
        max_width: most heads x width of a layer, 0 for no limit.
        max_params: most trainable parameters, 0 for no limit.
        pooling: how the vectors of nodes become that of a graph, where graphs are predicted: "mean", "sum", "max", or
            "searched".
        bank_mb: megabytes of explored layers that travel with the weights, where a controller lets candidates
            inherit.
        steps: how many steps of propagation there may be, from 0 for none, ascending. Where neighbours are sampled,
            the trainer says that there are none: ten steps hear nearly everybody.
        known: whether GCN, GAT and APPNP are what one would take without a search, and so are tried first.
    """

    default_controller: ClassVar[str] = "conservative"

    def __init__(
        self,
        *,
        features: int = 1433,
        outputs: int = 7,
        task: Task = "node",
        final_activation: bool = False,
        max_layers: int = 4,
        widths: tuple[int, ...] = WIDTHS,
        heads: tuple[int, ...] = HEADS,
        max_width: int = 256,
        max_params: int = 1_000_000,
        pooling: Pool = "searched",
        bank_mb: float = 8.0,
        steps: tuple[int, ...] = STEPS,
        known: bool = True,
    ) -> None:
        self._starts_known = known
        frame, sizes = (features, outputs, task, final_activation), (widths, heads, max_width, max_params)
        self._take(frame, (1, max_layers), sizes, pooling, bank_mb, wide=steps)


def _short(layer: Layer) -> str:
    mlp = " mlp" if layer.combine == "mlp" else ""
    return f"{layer.heads}x{layer.width} {layer.attention} {layer.aggregate}{mlp} {layer.activation}"


def _refuse_bad_settings(limits: Limits, bank_mb: float) -> None:
    high = limits.layers[1]
    for name, value in {"features": limits.features, "outputs": limits.outputs, "layers": high}.items():
        if value < 1:
            raise UsageError(f"{name} must be at least 1, got {value}.")
    for name, values in {"widths": limits.widths, "heads": limits.heads}.items():
        if not values or min(values) < 1 or any(a >= b for a, b in itertools.pairwise(values)):
            raise UsageError(f"{name} must be positive and ascending, got {values}.")
    if not limits.steps or limits.steps[0] != 0 or any(a >= b for a, b in itertools.pairwise(limits.steps)):
        raise UsageError(f"steps must be ascending from 0, got {limits.steps}.", "0 alone stands for no propagation.")
    for name, limit in {"max_width": limits.max_width, "max_params": limits.max_params}.items():
        if limit is not None and limit < 0:
            raise UsageError(f"{name} must not be negative, got {limit}.", "0 stands for no limit.")
    if not bank_mb >= 0:
        raise UsageError(f"bank_mb must not be negative, got {bank_mb}.")
    _refuse_bad_limits(limits, high)


def _refuse_bad_limits(limits: Limits, deepest: int) -> None:
    """See that every depth has a network that fits, however the layers are connected."""
    least = max(
        (replace(limits.smallest(deepest), skip=skip) for skip in (SKIPS if limits.wide else SKIPS[:1])),
        key=limits.size,
    )
    if not limits.fit(least):
        raise UsageError(
            f"No network of {deepest} layers fits: with {limits.features} features the smallest has "
            f"{limits.size(least)} parameters; the limits are max_params={limits.max_params} and "
            f"max_width={limits.max_width}.",
            "Raise the limits, or give smaller widths.",
        )
