"""Readable source of a finished network: one file with the parts it uses and no others, which needs torch alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from automl.search_spaces.gnn.candidate import Activation, Aggregate, Attention, Gnn, Layer, Norm, Pooling
from automl.search_spaces.gnn.size import VECTORS, Shape, shapes
from automl.trainers.gnn import heads, plain

SCORES: Mapping[Attention, Callable[..., Any]] = {
    "const": plain.const,
    "gcn": plain.gcn,
    "gat": plain.gat,
    "sym-gat": plain.sym_gat,
    "cos": plain.cos,
    "linear": plain.linear,
    "gene-linear": plain.gene_linear,
    "own": plain.own,
}
GATHERS: Mapping[Aggregate, Callable[..., Any]] = {"sum": plain.add_up, "mean": plain.average, "max": plain.largest}
BENDS: Mapping[Activation, str] = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "relu": "torch.relu",
    "linear": "nn.Identity()",
    "softplus": "F.softplus",
    "leaky_relu": "F.leaky_relu",
    "relu6": "F.relu6",
    "elu": "F.elu",
}
NORMS: Mapping[Norm, str] = {"layer": "LayerNorm", "batch": "BatchNorm1d"}
POOLS: Mapping[Pooling, Callable[..., Any]] = heads.POOLS

OPENING = '''"""{title}

    model = load("weights.safetensors")
    {usage}

Generated; it needs torch, and safetensors to load the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
'''
ENDING = '''def load(path: str) -> Model:
    """Return the model with its weights, in eval mode."""
    from safetensors.torch import load_file

    stored, model = load_file(path), Model()
    model.load_state_dict({name: stored[name] for name in model.state_dict()})
    return model.eval()
'''
USAGES = {
    "node": "outputs = model(x, edge_index)                 # (nodes, outputs)",
    "graph": "outputs = model(x, edge_index, batch)          # (graphs, outputs); batch is the graph of each node",
    "link": "logits = model.score(x, edge_index, pairs)     # (pairs,); pairs (2, pairs) are nodes",
}


def source_of(candidate: Gnn, facts: Mapping[str, Any]) -> str:
    """Return the source of a network.

    Args:
        candidate: the network.
        facts: of the trainer.
    """
    parts = [OPENING.format(title=_title(facts), usage=USAGES[facts["task"]])]
    parts += [inspect.getsource(part).rstrip() + "\n" for part in _used(candidate, facts)]
    parts += ["\n".join([*_class(candidate, facts), ""]), ENDING]
    return "\n\n".join(parts)


def _title(facts: Mapping[str, Any]) -> str:
    what = {"classes": "classes", "labels": "labels", "numbers": "numbers", "links": "links"}[facts["predict"]]
    return f"A graph neural network that predicts {what} of {facts['task']}s."


def _used(candidate: Gnn, facts: Mapping[str, Any]) -> Iterator[Any]:
    """Return the parts that a network is made of, in the order of their files."""
    scores = {SCORES[layer.attention] for layer in candidate.layers}
    gathers = {_gather(layer) for layer in candidate.layers}
    if plain.average in gathers:
        gathers.add(plain.add_up)
    if any(VECTORS[layer.attention] for layer in candidate.layers):
        scores.add(plain.softmax)
    if candidate.steps:
        scores |= {plain.gcn, plain.propagated}
        gathers.add(plain.add_up)
    needed = {plain.Edges, plain.with_loops, plain.Attend, plain.MessagePassing, *scores, *gathers}
    if facts["normalize_features"]:
        needed.add(plain.rows_to_one)
    if candidate.pooling is not None:
        needed |= {heads.Pool, POOLS[candidate.pooling]}
        if candidate.pooling == "mean":
            needed.add(heads.pool_sum)
    if facts["task"] == "link":
        needed.add(heads.Decode)
    if facts["mean"]:
        needed.add(heads.Scale)
    for module in (plain, heads):
        yield from (part for part in vars(module).values() if _is_in(part, needed))


def _is_in(part: Any, needed: set[Any]) -> bool:
    return (inspect.isclass(part) or inspect.isfunction(part)) and part in needed


def _class(candidate: Gnn, facts: Mapping[str, Any]) -> Iterator[str]:
    """Return the lines of the class that puts the parts together."""
    widths = shapes(candidate, facts["features"], facts["task"])
    yield from ("class Model(nn.Module):", '    """The network."""', "", "    def __init__(self) -> None:")
    yield "        super().__init__()"
    for place, (layer, shape) in enumerate(zip(candidate.layers, widths, strict=True)):
        yield f"        self.layer{place} = {_layer(layer, shape)}"
        if (norm := _norm(candidate, facts)) != "none" and not shape.final:
            yield f"        self.norm{place} = nn.{NORMS[norm]}({shape.outputs})"
        if _has_map(candidate, place, shape):
            yield f"        self.skip{place} = nn.Linear({shape.inputs}, {shape.outputs}, bias=False)"
    yield from _ends(candidate, facts, widths[-1].outputs)
    yield ""
    yield "    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:"
    yield '        """Return outputs for features (nodes, features) and edges (2, edges), from and to."""'
    yield "        edges = with_loops(edge_index, x)"
    yield "        x = rows_to_one(x)" if facts["normalize_features"] else "        x = x.float()"
    for place, layer in enumerate(candidate.layers):
        yield from _step(candidate, place, layer, widths[place], facts)
    last = f"h{len(widths) - 1}"
    if candidate.steps:
        yield f"        {last} = propagated({last}, {candidate.steps}, {candidate.teleport}, edges)"
    yield from _returned(facts, last)


def _layer(layer: Layer, shape: Shape) -> str:
    settings = [
        str(shape.inputs),
        str(shape.heads),
        str(shape.width),
        SCORES[layer.attention].__name__,
        str(VECTORS[layer.attention]),
        _gather(layer).__name__,
    ]
    settings += ["averaged=True"] if shape.averaged else []
    settings += [f"bend={BENDS[layer.activation]}"] if layer.combine == "mlp" else []
    return f"MessagePassing({', '.join(settings)})"


def _gather(layer: Layer) -> Callable[..., Any]:
    """Return how messages are aggregated; those of a node to itself are added up, as there is one."""
    return plain.add_up if layer.attention == "own" else GATHERS[layer.aggregate]


def _norm(candidate: Gnn, facts: Mapping[str, Any]) -> Norm:
    norm: Norm = facts["norm"] if candidate.norm is None else candidate.norm
    return norm


def _has_map(candidate: Gnn, place: int, shape: Shape) -> bool:
    return candidate.skip == "residual" and place > 0 and shape.inputs != shape.outputs


def _ends(candidate: Gnn, facts: Mapping[str, Any], width: int) -> Iterator[str]:
    if candidate.pooling is not None:
        yield f"        self.readout = Pool({POOLS[candidate.pooling].__name__}, {width}, {facts['outputs']})"
    if facts["task"] == "link":
        yield f'        self.readout = Decode("{facts["decoder"]}", {width})'
    if facts["mean"]:
        yield f"        self.scale = Scale({list(facts['deviation'])!r}, {list(facts['mean'])!r})"


def _step(candidate: Gnn, place: int, layer: Layer, shape: Shape, facts: Mapping[str, Any]) -> Iterator[str]:
    read = f"h{place - 1}" if place else "x"
    if candidate.skip == "jumping" and place and place == len(candidate.layers) - 1:
        read = "jumped"
        yield f"        jumped = torch.cat([{', '.join(f'h{before}' for before in range(place))}], dim=1)"
    yield f"        h{place} = self.layer{place}({read}, edges)"
    if candidate.skip == "residual" and place:
        added = f"self.skip{place}({read})" if _has_map(candidate, place, shape) else read
        yield f"        h{place} = h{place} + {added}"
    if _norm(candidate, facts) != "none" and not shape.final:
        yield f"        h{place} = self.norm{place}(h{place})"
    if layer.activation != "linear" and (facts["final_activation"] or not shape.final):
        yield f"        h{place} = {BENDS[layer.activation]}(h{place})"


def _returned(facts: Mapping[str, Any], last: str) -> Iterator[str]:
    """Return the lines that make outputs of the last layer's."""
    made = last
    if facts["task"] == "graph":
        yield "        if batch is None:"
        yield "            batch, graphs = edge_index.new_zeros(x.shape[0]), 1"
        yield "        else:"
        yield "            graphs = int(batch.max()) + 1"
        made = f"self.readout({last}, batch, graphs)"
    yield f"        return {f'self.scale({made})' if facts['mean'] else made}"
    if facts["task"] == "link":
        yield ""
        yield "    def score(self, x: Tensor, edge_index: Tensor, pairs: Tensor) -> Tensor:"
        yield '        """Return logits (pairs,) of pairs of nodes (2, pairs) being linked."""'
        yield "        return self.readout(self(x, edge_index), pairs, pairs.shape[1])"
