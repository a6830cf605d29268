"""What the units of a task are: the contract of nodes, graphs and links."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from automl.core.errors import UsageError
from automl.search_spaces.gnn.size import Task as Unit
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.split import Masks, Splitting
from automl.trainers.gnn.graph import Graph, Integers, Mask
from automl.trainers.gnn.memory import AtOnce
from automl.trainers.gnn.tasks.target import Labels, Target

if TYPE_CHECKING:
    from torch import nn

    from automl.search_spaces.gnn.candidate import Gnn
    from automl.trainers.gnn.batch import Source
    from automl.trainers.gnn.ground import Ground

Decoder: TypeAlias = Literal["dot", "mlp"]


@dataclass(frozen=True, slots=True)
class Divided:
    """Units and their parts.

    Attributes:
        y: labels of all units.
        masks: who is trained on, selected by and tested on.
        outputs: of a network.
        edge_index: the edges along which messages may go.
        pairs: (2, units) the ends of links; None for other units.
    """

    y: Labels
    masks: Masks
    outputs: int
    edge_index: Integers
    pairs: Integers | None = None


@dataclass(frozen=True, slots=True)
class Loading:
    """How batches are made.

    Attributes:
        batch_size: graphs, or nodes whose neighbours are sampled, of one batch.
        sample_above: number of nodes above which neighbours are sampled.
        fanout: most neighbours that a node hears; of the last layer first, further layers have the last number.
    """

    batch_size: int
    sample_above: int
    fanout: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.sample_above < 0:
            raise UsageError(f"'batch_size' must be at least 1, got {self.batch_size}; 'sample_above' at least 0.")
        if not self.fanout or min(self.fanout) < 1:
            raise UsageError(f"'fanout' must be positive numbers of neighbours, got {self.fanout}.")


@dataclass(frozen=True, slots=True)
class Ends:
    """What a head must know besides the network below it.

    Attributes:
        width: of the vectors of nodes that it reads.
        outputs: classes, labels or numbers.
        decoder: of pairs of nodes.
    """

    width: int
    outputs: int
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class Usual:
    """Settings of a level where none are given."""

    dropout: float
    weight_decay: float
    batch_size: int


def some_graphs(graph: Graph, loading: Loading) -> AtOnce:
    """Return what a batch of graphs has in memory."""
    share = min(1.0, loading.batch_size / len(graph.sizes))
    nodes, edges = (int(share * count) for count in (graph.nodes, graph.edge_index.shape[1]))
    return AtOnce(nodes, edges, "Type a smaller batch_size.")


class Level(ABC):
    """A kind of unit: how units are divided, what a batch of them is, and the head of a network on them.

    Attributes:
        name: as the search space calls it.
        usual: settings where none are given.
    """

    name: ClassVar[Unit]
    usual: ClassVar[Usual]

    @abstractmethod
    def divide(self, raw: Raw, target: Target, splitting: Splitting) -> Divided:
        """Return the units of a graph with their labels and parts.

        Raises:
            InvalidData: if there are too few, or given masks are wrong.
        """

    @abstractmethod
    def head(self, candidate: Gnn, ends: Ends) -> nn.Module:
        """Return what makes outputs (units, outputs) of vectors (nodes, width) and what a batch asks for."""

    @abstractmethod
    def source(self, graph: Graph, ground: Ground, mask: Mask, loading: Loading, *, training: bool) -> Source:
        """Return the batches of the units of a mask; only their labels are read."""

    @abstractmethod
    def at_once(self, graph: Graph, loading: Loading) -> AtOnce:
        """Return what is in memory at once."""

    def samples(self, graph: Graph, loading: Loading) -> bool:
        """Tell whether only some neighbours of a node are heard, because a graph is too large to be trained at once."""
        return False

    def normalizes(self, graph: Graph) -> bool:
        """Tell whether rows of features are divided by their sums where no setting says so."""
        return False
