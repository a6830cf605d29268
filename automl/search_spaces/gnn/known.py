"""What one would take without a search: the two published networks that everybody tries first.

GCN: Kipf and Welling. ICLR 2017; GAT: Veličković et al. ICLR 2018; both in their sizes for citation graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automl.core.domains import Value
from automl.search_spaces.gnn.limits import Limits

_GCN: Mapping[str, Value] = {"width": 16, "heads": 1, "attention": "gcn", "activation": "relu"}
_GAT: Mapping[str, Value] = {"width": 8, "heads": 8, "attention": "gat", "activation": "elu"}
_RECIPES = {"gcn": {"dropout": 0.5, "lr": 0.01}, "gat": {"dropout": 0.6, "lr": 0.005}}
_DEPTH = 2


def known(limits: Limits) -> Sequence[Mapping[str, Value]]:
    """Return the answers that build GCN and GAT, as far as a space has their sizes."""
    low, high = limits.layers
    depth = min(max(_DEPTH, low), high)
    return [_answers(limits, layer, depth) for layer in (_GCN, _GAT) if _has_sizes(limits, layer)]


def _has_sizes(limits: Limits, layer: Mapping[str, Value]) -> bool:
    return layer["width"] in limits.widths and layer["heads"] in limits.heads and 1 in limits.heads


def _answers(limits: Limits, layer: Mapping[str, Value], depth: int) -> dict[str, Value]:
    """Return the answers by the names of the program; those that it does not ask are harmless."""
    answers: dict[str, Value] = {"layers": depth, "skip": "none", "weight_decay": 5e-4, "pooling": "mean"}
    answers |= _RECIPES[str(layer["attention"])]
    for place in range(depth):
        ends = limits.task == "node" and place == depth - 1
        actions: dict[str, Value] = {**layer, "aggregate": "sum", "combine": "identity"}
        actions |= {"heads": 1, "activation": "linear"} if ends else {}
        answers |= {f"layer{place}/{action}": value for action, value in actions.items()}
    return answers
