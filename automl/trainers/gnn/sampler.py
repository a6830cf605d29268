"""A few nodes with some of their neighbours: what a network on a large graph is trained on.

Hamilton, Ying and Leskovec: Inductive representation learning on large graphs. NeurIPS 2017, algorithm 2. Every step
outward draws, without replacement, at most so many neighbours of each node that the step before has added; all
neighbours of all nodes of a step are drawn at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from automl.trainers.gnn.spans import spans
from automl.trainers.gnn.wiring import Wiring


class Sampler:
    """Draws neighbours.

    Attributes:
        starts: (nodes + 1,) where the neighbours of each node begin among `neighbours`.
        neighbours: whose messages nodes receive, each once, without themselves.
    """

    def __init__(self, wiring: Wiring) -> None:
        apart = wiring.edges.rows != wiring.edges.cols
        self.neighbours = wiring.edges.cols[apart]
        counts = torch.bincount(wiring.edges.rows[apart], minlength=wiring.nodes)
        self.starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        self._place = torch.full((wiring.nodes,), -1, device=counts.device)  # of a node in the sample at hand

    def around(
        self, nodes: Tensor, fanouts: Sequence[int], generator: torch.Generator | None = None
    ) -> tuple[Tensor, Wiring]:
        """Return nodes, the given ones first, and the edges between them along which messages reach the given ones.

        Nodes of the last step hear nobody. They count as many neighbours as would have been drawn, so that a network's
        outputs for the given nodes are those on the whole graph if no node has more neighbours than may be drawn.

        Args:
            nodes: (asked,) different nodes.
            fanouts: most neighbours, for every step outward.
            generator: of the draws; None for torch's own.
        """
        found, sources, targets, frontier = [nodes], [], [], nodes
        self._place[nodes] = torch.arange(len(nodes), device=nodes.device)
        count = len(nodes)
        for most in fanouts:
            heard, member = self._drawn(frontier, most, generator)
            sources.append(heard)
            targets.append(self._place[frontier][member])
            frontier = torch.unique(heard[self._place[heard] < 0])
            self._place[frontier] = torch.arange(count, count + len(frontier), device=nodes.device)
            count += len(frontier)
            found.append(frontier)
        every = torch.cat(found)
        edges = torch.stack([self._place[torch.cat(sources)], torch.cat(targets)])
        self._place[every] = -1
        wiring = Wiring(edges, count)
        counts = (self.starts[frontier + 1] - self.starts[frontier]).clamp(max=fanouts[-1])
        wiring.degrees[count - len(frontier) :] = 1 + counts.to(wiring.degrees)
        return every, wiring

    def _drawn(self, nodes: Tensor, most: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return at most so many neighbours of each node, and the place in `nodes` of who hears each."""
        places, member = spans(self.starts, nodes)
        lots = torch.rand(len(places), generator=generator, dtype=torch.float64).to(nodes.device)
        order = torch.argsort(member + lots)  # node by node, the neighbours of each in a random order
        counts = torch.bincount(member, minlength=len(nodes))
        rank = torch.arange(len(places), device=nodes.device) - (counts.cumsum(0) - counts)[member]
        chosen = order[rank < most]
        return self.neighbours[places[chosen]], member[chosen]
