"""Building a network from scratch, question by question.

The limits are kept by a draft: it starts as the smallest network, each answer changes one thing in it, and an
answer is offered only if the draft with it still fits. What is not asked yet stands in the draft at its
smallest, so every offered answer can be completed, and no network is ever built to be thrown away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from automl.core.choices import Choose
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Layer, Pool, Residual
from automl.search_spaces.cnn.limits import Limits


def smallest(limits: Limits) -> Cnn:
    """Return the smallest network: one 1x1 convolution a block, averaged, and no hidden layer."""
    width, kernel = limits.filters[0], limits.kernels[0]
    blocks = tuple((Conv(f"c{number}", width, kernel),) for number in range(limits.blocks))
    return Cnn(blocks, pools=limits.max_pools, head="gap", hidden=())


def build(limits: Limits, choose: Choose) -> Cnn:
    """Build a network within the limits: first the depths, then each layer in the order of the data."""
    draft = _Draft(limits, choose, smallest(limits))
    for block in range(limits.blocks):
        draft.ask(f"block{block}/depth", range(1, limits.depth + 1), partial(_deep, block=block))
    draft.ask("hidden/depth", range(limits.hidden + 1), partial(_hidden, units=limits.units[0]))
    for block in range(limits.blocks):
        for place in range(len(draft.cnn.blocks[block])):
            _ask_layer(draft, block, place)
        if block < limits.blocks - 1:
            draft.ask(f"block{block}/pool", ("max", "avg"), partial(_pooled, block=block))
    draft.ask("head", ("gap", "flatten"), lambda cnn, head: replace(cnn, head=head))
    for place in range(len(draft.cnn.hidden)):
        draft.ask(f"hidden/layer{place}/units", limits.units, partial(_with_units, place=place))
    return named(draft.cnn)


@dataclass(slots=True)
class _Draft:
    """A network that fits, and the questions that change it to another that fits."""

    limits: Limits
    choose: Choose
    cnn: Cnn

    def ask(self, name: str, options: range | Sequence[Any], put: Callable[[Cnn, Any], Cnn]) -> None:
        """Ask for one of `options`, which cost more and more; the first is what the draft holds, and fits."""
        fitting = bisect_left(options, True, key=lambda option: not self.limits.fit(put(self.cnn, option)))
        allowed = options[:fitting] if fitting < len(options) else None
        self.cnn = put(self.cnn, self.choose(name, options, allowed=allowed))


def _ask_layer(draft: _Draft, block: int, place: int) -> None:
    name, limits = f"block{block}/layer{place}", draft.limits

    def change(cnn: Cnn, **values: Any) -> Cnn:
        return cnn.with_layer(block, place, replace(cnn.blocks[block][place], **values))

    if limits.residual and place:
        draft.ask(f"{name}/kind", ("conv", "residual"), partial(_of_kind, block=block, place=place))
    width = "filters" if isinstance(draft.cnn.blocks[block][place], Conv) else "inner"
    draft.ask(f"{name}/filters", limits.filters, lambda cnn, value: change(cnn, **{width: value}))
    draft.ask(f"{name}/kernel", limits.kernels_in(block), lambda cnn, value: change(cnn, kernel=value))


def _deep(cnn: Cnn, depth: int, *, block: int) -> Cnn:
    first = cnn.blocks[block][0]
    more = (replace(first, id=f"{first.id}{place:03d}") for place in range(1, depth))
    return cnn.with_block(block, (first, *more))


def _hidden(cnn: Cnn, depth: int, *, units: int) -> Cnn:
    return replace(cnn, hidden=tuple(Hidden(f"f{place}", units) for place in range(depth)))


def _pooled(cnn: Cnn, kind: Pool, *, block: int) -> Cnn:
    return replace(cnn, pools=(*cnn.pools[:block], kind, *cnn.pools[block + 1 :]))


def _with_units(cnn: Cnn, units: int, *, place: int) -> Cnn:
    return cnn.with_hidden(place, replace(cnn.hidden[place], units=units))


def _of_kind(cnn: Cnn, kind: str, *, block: int, place: int) -> Cnn:
    layer = cnn.blocks[block][place]
    assert isinstance(layer, Conv)
    if kind == "conv":
        return cnn
    return cnn.with_layer(block, place, Residual(f"r{layer.id[1:]}", layer.filters, layer.kernel))


def named(cnn: Cnn) -> Cnn:
    """Return the network with its layers named in the order of the data: c0, c1, ...; r0, ...; f0, ..."""
    numbers = {"c": 0, "r": 0, "f": 0}

    def fresh(layer: Layer) -> Layer:
        letter = layer.id[0]
        numbers[letter] += 1
        return replace(layer, id=f"{letter}{numbers[letter] - 1}")

    blocks = tuple(tuple(fresh(layer) for layer in block) for block in cnn.blocks)
    hidden = tuple(replace(layer, id=f"f{place}") for place, layer in enumerate(cnn.hidden))
    return replace(cnn, blocks=blocks, hidden=hidden)
