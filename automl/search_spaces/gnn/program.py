"""The program that builds a network: six questions a layer, in the order of the data.

A draft that fits is changed question by question to another that fits, so limits narrow what is offered and nothing is
ever thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automl.core.choices import Choose
from automl.search_spaces.gnn.candidate import Gnn, Layer
from automl.search_spaces.gnn.limits import ACTIVATIONS, AGGREGATES, COMBINES, NORMS, SKIPS, TELEPORTS, Limits

DROPOUTS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8)
RATES = (0.001, 0.002, 0.005, 0.01, 0.02)
DECAYS = (0.0, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3)


def build(limits: Limits, choose: Choose) -> Gnn:
    """Build a network within the limits."""
    low, high = limits.layers
    draft = _Draft(limits, choose, limits.smallest(low))
    if low < high:
        draft.ask("layers", range(low, high + 1), lambda _, count: limits.smallest(count))
    if limits.wide:
        draft.ask("skip", SKIPS, lambda gnn, value: replace(gnn, skip=value))
    for place in range(len(draft.gnn.layers)):
        _ask_layer(draft, place)
    if limits.task == "graph" and len(limits.poolings) > 1:
        draft.ask("pooling", limits.poolings, lambda gnn, value: replace(gnn, pooling=value))
    if len(limits.steps) > 1:
        draft.ask("steps", limits.steps, lambda gnn, value: replace(gnn, steps=value))
    if draft.gnn.steps:
        draft.ask("teleport", TELEPORTS, lambda gnn, value: replace(gnn, teleport=value))
    if limits.wide:
        draft.ask("norm", NORMS, lambda gnn, value: replace(gnn, norm=value))
        draft.ask("dropout", DROPOUTS, lambda gnn, value: replace(gnn, dropout=value))
        draft.ask("lr", RATES, lambda gnn, value: replace(gnn, lr=value))
        draft.ask("weight_decay", DECAYS, lambda gnn, value: replace(gnn, weight_decay=value))
    return draft.gnn


def _ask_layer(draft: _Draft, place: int) -> None:
    """Ask for the six actions of a layer; the width of a network's output is none of them."""
    ends = draft.limits.task == "node" and place == len(draft.gnn.layers) - 1
    asked: list[tuple[str, Sequence[Any]]] = [] if ends else [("width", draft.limits.widths)]
    asked += [
        ("heads", draft.limits.heads),
        ("attention", draft.limits.attentions),
        ("aggregate", AGGREGATES),
        ("combine", COMBINES),
        ("activation", ACTIVATIONS),
    ]
    for action, options in asked:
        draft.ask(f"layer{place}/{action}", options, _put(place, action))


def _put(place: int, action: str) -> Callable[[Gnn, Any], Gnn]:
    """Return what changes one action of a layer."""

    def put(gnn: Gnn, value: Any) -> Gnn:
        changed: Layer = replace(gnn.layers[place], **{action: value})
        return replace(gnn, layers=(*gnn.layers[:place], changed, *gnn.layers[place + 1 :]))

    return put


@dataclass(slots=True)
class _Draft:
    """A network that fits, and the questions that change it to another that fits."""

    limits: Limits
    choose: Choose
    gnn: Gnn

    def ask(self, name: str, options: range | Sequence[Any], put: Callable[[Gnn, Any], Gnn]) -> None:
        """Ask for one of `options`, the last of which costs most; those that would not fit are not offered."""
        allowed = None
        if not self.limits.fit(put(self.gnn, options[-1])):
            allowed = [option for option in options if self.limits.fit(put(self.gnn, option))]
        self.gnn = put(self.gnn, self.choose(name, options, allowed=allowed))
