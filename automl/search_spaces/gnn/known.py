"""What one would take without a search: the published networks that everybody tries first.

GCN: Kipf and Welling. ICLR 2017; GAT: Veličković et al. ICLR 2018; APPNP: Gasteiger et al. ICLR 2019, in the wide space
alone; all in their sizes for citation graphs. None has norms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automl.core.domains import Value
from automl.search_spaces.gnn.limits import Limits

_GCN: Mapping[str, Value] = {"width": 16, "heads": 1, "attention": "gcn", "activation": "relu"}
_GAT: Mapping[str, Value] = {"width": 8, "heads": 8, "attention": "gat", "activation": "elu"}
_APPNP: Mapping[str, Value] = {"width": 64, "heads": 1, "attention": "own", "activation": "relu"}
_RECIPES: Mapping[str, Mapping[str, Value]] = {
    "gcn": {"dropout": 0.5, "lr": 0.01, "weight_decay": 5e-4, "steps": 0},
    "gat": {"dropout": 0.6, "lr": 0.005, "weight_decay": 5e-4, "steps": 0},
    "own": {"dropout": 0.5, "lr": 0.01, "weight_decay": 5e-4, "steps": 10, "teleport": 0.1},
}
_DEPTH = 2


def known(limits: Limits) -> Sequence[Mapping[str, Value]]:
    """Return the answers that build GCN, GAT and APPNP, as far as a space has them in their sizes."""
    low, high = limits.layers
    depth = min(max(_DEPTH, low), high)
    return [_answers(layer, depth, limits) for layer in (_GCN, _GAT, _APPNP) if _has(limits, layer)]


def _has(limits: Limits, layer: Mapping[str, Value]) -> bool:
    steps = _RECIPES[str(layer["attention"])]["steps"]
    sizes = layer["width"] in limits.widths and layer["heads"] in limits.heads and 1 in limits.heads
    return sizes and layer["attention"] in limits.attentions and steps in limits.steps


def _answers(layer: Mapping[str, Value], depth: int, limits: Limits) -> dict[str, Value]:
    """Return the answers by the names of the program; those that it does not ask are harmless."""
    answers: dict[str, Value] = {"layers": depth, "skip": "none", "pooling": "mean", "norm": "none"}
    answers |= _RECIPES[str(layer["attention"])]
    for place in range(depth):
        ends = limits.task == "node" and place == depth - 1
        actions: dict[str, Value] = {**layer, "aggregate": "sum", "combine": "identity"}
        actions |= {"heads": 1, "activation": "linear"} if ends else {}
        answers |= {f"layer{place}/{action}": value for action, value in actions.items()}
    return answers
