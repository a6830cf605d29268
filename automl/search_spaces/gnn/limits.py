"""What a network of a space may be: the options of each action, and its size on the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from automl.core.errors import InvalidCandidate
from automl.search_spaces.gnn.candidate import (
    Activation,
    Aggregate,
    Attention,
    Combine,
    Gnn,
    Layer,
    Norm,
    Pooling,
    Skip,
)
from automl.search_spaces.gnn.size import Task, shapes, size

ATTENTIONS: tuple[Attention, ...] = get_args(Attention)
PUBLISHED: tuple[Attention, ...] = ATTENTIONS[1:]
"""Those of Auto-GNN; the first is of the wide space alone."""
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)
COMBINES: tuple[Combine, ...] = get_args(Combine)
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
SKIPS: tuple[Skip, ...] = get_args(Skip)
NORMS: tuple[Norm, ...] = get_args(Norm)
TELEPORTS = (0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Limits:
    """The frame of a space, shared by its program and its check.

    Attributes:
        features: of a node.
        outputs: of a network: classes, or numbers to predict.
        task: what is predicted.
        layers: least and most layers.
        widths: of one head, ascending.
        heads: numbers of heads, ascending.
        max_width: most heads x width of a layer, or None.
        max_params: most parameters, or None.
        final_activation: whether the trainer has an activation on the last layer, too.
        wide: whether skip connections, norms, propagation and the recipe of training are searched.
        poolings: how node vectors may become a graph's, where graphs are predicted.
        steps: how many steps of personalised PageRank there may be, 0 for none, ascending.
    """

    features: int
    outputs: int
    task: Task
    layers: tuple[int, int]
    widths: tuple[int, ...]
    heads: tuple[int, ...]
    max_width: int | None
    max_params: int | None
    final_activation: bool
    wide: bool
    poolings: tuple[Pooling, ...] = POOLINGS
    steps: tuple[int, ...] = (0,)

    @property
    def attentions(self) -> tuple[Attention, ...]:
        """The attention functions that layers may have."""
        return ATTENTIONS if self.wide else PUBLISHED

    def smallest(self, layers: int) -> Gnn:
        """Return the smallest network of so many layers."""
        least = Layer(self.widths[0], self.heads[0], "const", "sum", "identity", "sigmoid")
        last = Layer(self.outputs, self.heads[0], "const", "sum", "identity", "sigmoid")
        hidden = (least,) * (layers - 1)
        every = (*hidden, last if self.task == "node" else least)
        return Gnn(every, pooling=self.poolings[0] if self.task == "graph" else None)

    def fit(self, candidate: Gnn) -> bool:
        """Tell whether a network is small enough. A last layer of one head is never too wide for its outputs."""
        if self.max_width is not None:
            for shape in shapes(candidate, self.features, self.task):
                if shape.heads * shape.width > self.max_width and not (shape.averaged and shape.heads == self.heads[0]):
                    return False
        return self.max_params is None or self.size(candidate) <= self.max_params

    def size(self, candidate: Gnn) -> int:
        """Count the parameters of a network on the data of this space."""
        return size(candidate, self.features, self.outputs, self.task)

    def check(self, candidate: Gnn) -> None:
        """Refuse a network outside the frame.

        Raises:
            InvalidCandidate: saying what is wrong and what would be right.
        """
        low, high = self.layers
        if not low <= len(candidate.layers) <= high:
            raise InvalidCandidate(
                f"The network has {len(candidate.layers)} layers.", f"Networks of this space have {low} to {high}."
            )
        for place, layer in enumerate(candidate.layers):
            self._check_layer(layer, last=place == len(candidate.layers) - 1)
        if (candidate.pooling is not None) != (self.task == "graph"):
            raise InvalidCandidate("Graphs are pooled, nodes and links are not.", f"The task is '{self.task}'.")
        if candidate.pooling is not None and candidate.pooling not in self.poolings:
            raise InvalidCandidate(
                f"The network pools by {candidate.pooling}.", f"This space has {', '.join(self.poolings)}."
            )
        if not self.wide and candidate != Gnn(candidate.layers, candidate.pooling):
            raise InvalidCandidate(
                "The network has skip connections, propagation, norms or a recipe of its own.",
                "Search them in space 'gnn-wide'.",
            )
        self._check_between(candidate)
        if not self.fit(candidate):
            raise InvalidCandidate(
                f"The network is too large: {self.size(candidate)} parameters.",
                f"The limits are max_params={self.max_params} and max_width={self.max_width}.",
            )

    def _check_between(self, candidate: Gnn) -> None:
        """Refuse what is not of the space between and after the layers."""
        if candidate.norm not in (None, *NORMS) or candidate.skip not in SKIPS:
            raise InvalidCandidate(
                f"The network has the norm {candidate.norm!r} and the skip connections {candidate.skip!r}.",
                f"Norms are {', '.join(NORMS)}; connections are {', '.join(SKIPS)}.",
            )
        if candidate.steps not in self.steps:
            raise InvalidCandidate(f"The network has {candidate.steps} steps, which is not among {self.steps}.")
        if candidate.steps and not (candidate.teleport is not None and 0 < candidate.teleport <= 1):
            raise InvalidCandidate(
                f"A node keeps {candidate.teleport} of its own output at each of {candidate.steps} steps.",
                f"`teleport` must be in (0, 1], as in {', '.join(map(str, TELEPORTS))}.",
            )

    def _check_layer(self, layer: Layer, *, last: bool) -> None:
        widths = (self.outputs,) if last and self.task == "node" else self.widths
        for name, value, known in (
            ("width", layer.width, widths),
            ("heads", layer.heads, self.heads),
            ("attention", layer.attention, self.attentions),
            ("aggregate", layer.aggregate, AGGREGATES),
            ("combine", layer.combine, COMBINES),
            ("activation", layer.activation, ACTIVATIONS),
        ):
            if value not in known:
                raise InvalidCandidate(f"A layer has the {name} {value!r}, which is not among {known}.")
