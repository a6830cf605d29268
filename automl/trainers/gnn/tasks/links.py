"""Links: whether two nodes of a graph are linked.

Linked pairs are divided, whichever way their edges lead. Messages go along the edges between pairs to train on and no
others, in validation and test, too. Every part has as many pairs that are not linked: those of validation and test are
drawn once, those to train on in every epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from automl.core.errors import InvalidData
from automl.core.objectives import Direction
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.split import Splitting, Units, split
from automl.trainers.gnn.graph import Graph, Integers, Mask
from automl.trainers.gnn.memory import AtOnce
from automl.trainers.gnn.tasks.level import Divided, Ends, Level, Loading, Usual
from automl.trainers.gnn.tasks.target import Labels, Target

if TYPE_CHECKING:
    from torch import Tensor, nn

    from automl.search_spaces.gnn.candidate import Gnn
    from automl.trainers.gnn.batch import Source
    from automl.trainers.gnn.ground import Ground


class Linked(Target):
    """Labels (pairs,) are 1 for linked and 0 for not; outputs (pairs,) are logits."""

    metrics: ClassVar[Mapping[str, Direction]] = {"auc": "max", "ap": "max", "loss": "min"}

    def labels(self, raw: Raw, used: Mask) -> tuple[Labels, int]:
        return used.astype(np.float32), 1

    def known(self, y: Labels) -> Mask:
        return np.ones(len(y), bool)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.binary_cross_entropy_with_logits(outputs, y)

    def measure(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        from torchmetrics.functional.classification import binary_auroc, binary_average_precision

        return {
            "auc": float(binary_auroc(outputs, y.long(), validate_args=False)),
            "ap": float(binary_average_precision(outputs, y.long(), validate_args=False)),
            "loss": self.loss(outputs, y).item(),
        }


class Links(Level):
    """Units are pairs of nodes of one graph."""

    name = "link"
    usual = Usual(dropout=0.2, weight_decay=0.0, batch_size=512)

    def divide(self, raw: Raw, target: Target, splitting: Splitting) -> Divided:
        if raw.sizes is not None:
            raise InvalidData(f"{raw.where} holds {len(raw.sizes)} graphs; links are predicted in one.", "Give one.")
        nodes = len(raw.x)
        edges = np.unique(np.sort(raw.edge_index, axis=0), axis=1)
        linked = edges[:, edges[0] != edges[1]]
        units = Units("links", np.ones(linked.shape[1], bool))
        if linked.shape[1] < 3:
            raise InvalidData(
                f"{raw.where} has {linked.shape[1]} pairs of linked nodes: too few to divide.", "Give more edges."
            )
        train, validation, test = split(replace(raw, train=None), units, splitting)
        key = _keys(raw.edge_index, nodes)
        message = raw.edge_index[:, np.isin(key, _keys(linked[:, train], nodes))]
        wanted = int(validation.sum()), int(test.sum())
        others = unlinked(linked, nodes, sum(wanted), splitting.seed)
        if others.shape[1] < sum(wanted):
            raise InvalidData(f"{raw.where} has too few pairs of nodes that are not linked.", "Give a sparser graph.")
        of_test = np.arange(sum(wanted)) >= wanted[0]
        y, _ = target.labels(raw, np.arange(linked.shape[1] + sum(wanted)) < linked.shape[1])
        masks = (
            np.concatenate([train, np.zeros(sum(wanted), bool)]),
            np.concatenate([validation, ~of_test]),
            np.concatenate([test, of_test]),
        )
        return Divided(y, masks, 1, message, np.concatenate([linked, others], axis=1))

    def head(self, candidate: Gnn, ends: Ends) -> nn.Module:
        from automl.trainers.gnn.heads import Decode

        return Decode(ends.decoder, ends.width)

    def at_once(self, graph: Graph, loading: Loading) -> AtOnce:
        return AtOnce(
            graph.nodes, graph.edge_index.shape[1], "Links are predicted on whole graphs: give a smaller one."
        )

    def source(self, graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> Source:
        from automl.trainers.gnn import sources

        return sources.pairs(graph, ground, mask, training=training)

    def normalizes(self, graph: Graph) -> bool:
        return graph.x.smallest() >= 0


def unlinked(linked: Integers, nodes: int, count: int, seed: int) -> Integers:
    """Return pairs (2, count) of different nodes that are not linked, each once; fewer if there are not so many.

    Args:
        linked: (2, pairs) the smaller node first.
        nodes: of the graph.
        count: how many.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    taken = _keys(linked, nodes)
    found = np.zeros(0, np.int64)
    for _ in range(100):
        pairs = np.sort(rng.integers(nodes, size=(2, 2 * count + 8)), axis=0)
        fresh = _keys(pairs[:, pairs[0] != pairs[1]], nodes)
        fresh = fresh[~np.isin(fresh, taken)]
        every = np.concatenate([found, fresh])
        found = every[np.sort(np.unique(every, return_index=True)[1])][:count]
        if len(found) == count:
            break
    return np.stack([found // nodes, found % nodes])


def _keys(pairs: Integers, nodes: int) -> Integers:
    """Return one number for each pair, the same either way round."""
    keys: Integers = pairs.min(axis=0) * nodes + pairs.max(axis=0)
    return keys
