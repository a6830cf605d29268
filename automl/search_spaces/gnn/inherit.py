"""Constrained sharing of parameters: which trained layers a network may start from.

A layer inherits as a whole or not at all: all its tensors have the same shapes, and attention and activation are the
same, as either would change the statistics of what it puts out. Norms, skip connections and readouts are never
inherited. Zhou et al. 2022, section 3.4. The layers come from all explored networks, through the bank.
"""

from __future__ import annotations

from automl.core.records import Weights
from automl.search_spaces.gnn.bank import Array, Bank, kinds
from automl.search_spaces.gnn.candidate import Gnn
from automl.search_spaces.gnn.size import Task


def inherit(
    child: Gnn, parent: Gnn, weights: Weights, *, features: int, task: Task, capacity: int
) -> dict[str, Array] | None:
    """Return the child's layers that are known, and the bank; the same network goes on with everything it has.

    Args:
        child: the network to find weights for.
        parent: the network the weights belong to.
        weights: its arrays and the bank it was handed, named as in `automl.trainers.gnn.network`.
        features: of a node.
        task: what is predicted.
        capacity: most bytes of the bank.
    """
    if child == parent:
        return {name: array.copy() for name, array in weights.items()} or None
    bank = Bank.read(weights, capacity)
    bank.enter(weights, kinds(parent, features, task))
    made: dict[str, Array] = {}
    for place, kind in enumerate(kinds(child, features, task)):
        made.update(bank.take(kind, place))
    bank.forget()
    made.update(bank.written())
    return made or None
