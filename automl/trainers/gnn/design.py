"""From a candidate to a network with its head, and back from its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from automl.core.records import Weights
from automl.search_spaces.gnn.candidate import Gnn
from automl.trainers.gnn.heads import Scale
from automl.trainers.gnn.network import Frame, Network, load_known
from automl.trainers.gnn.tasks import LEVELS
from automl.trainers.gnn.tasks.level import Decoder, Ends
from automl.trainers.gnn.weights import refuse_incomplete

HEAD, SCALE = "readout", "scale"
"""Names of the head within a network, whose weights are never inherited, and of what scales its outputs."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a network is besides its candidate.

    Attributes:
        frame: of the layers.
        decoder: of pairs of nodes.
        deviation, mean: of labels that are numbers, which outputs are scaled to.
    """

    frame: Frame
    decoder: Decoder
    deviation: tuple[float, ...]
    mean: tuple[float, ...]

    @classmethod
    def of(cls, facts: Mapping[str, Any], dropout: float = 0.0) -> Design:
        """Return the design that a trainer's facts describe; dropout matters in training only."""
        names = ("features", "outputs", "task", "norm", "final_activation")
        frame = Frame(**{name: facts[name] for name in names}, dropout=dropout)
        return cls(frame, facts["decoder"], tuple(facts["deviation"]), tuple(facts["mean"]))

    def network(self, candidate: Gnn) -> Network:
        """Return a candidate as a network, newly started, with its head."""
        network = Network(candidate, self.frame)
        ends = Ends(network.shapes[-1].outputs, self.frame.outputs, self.decoder)
        head = LEVELS[self.frame.task]().head(candidate, ends)
        network.add_module(HEAD, head)
        network.add_module(SCALE, Scale(list(self.deviation), list(self.mean)) if self.mean else nn.Identity())
        return network

    def restored(self, candidate: Gnn, weights: Weights) -> Network:
        """Return a network with all its weights, in eval mode and on the CPU.

        Raises:
            WeightsError: if the weights are not complete, or of another network.
        """
        with torch.random.fork_rng([]):
            network = self.network(candidate)
        refuse_incomplete(load_known(network, weights))
        return network.eval()
