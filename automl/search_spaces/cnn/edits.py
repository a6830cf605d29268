"""Growing a network by one edit that keeps its function.

    edit      asks                             grows
    widen     widen/i of word i: yes or no     each yes one notch wider
    deepen    deepen/block, /after, /kernel    an identity as wide as what it follows: a convolution, or, in the
                                               last block, a hidden layer
    kernel    kernel/block, /layer             one kernel to the next larger, padded with zeros
    residual  residual/block, /after, /kernel  a residual block whose last batch norm has scale zero

widen, kernel and residual keep the function in eval and in train mode. deepen keeps it in eval mode; in train
mode it keeps it up to how much the statistics of a batch differ from those the new batch norm was calibrated
with. All of this is with the space's setting noise=0; the noise of the paper's profile changes it a little.

widen and deepen are the actors Net2Wider and Net2Deeper of EAS (Cai et al. 2018, section 3); kernel is from
network morphism (Wei et al. 2016); residual is the exact alternative to deepen. What cannot keep the function
is not offered: a layer before the first one (its input may be negative), a hidden layer where there is none
(it would have to be as wide as the features, which is rarely in the list of widths), a pooling, a change of
head, and whatever shrinks.

Every answer is offered only if the network with it, and with the answers before it, stays within the limits;
whether an edit is possible at all is asked of the same functions, so `edits` lists exactly what `grow` can
carry out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from automl.core.choices import Choose
from automl.core.errors import InvalidCandidate
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Residual
from automl.search_spaces.cnn.limits import Limits
from automl.search_spaces.cnn.program import smallest


def root(limits: Limits, start: Sequence[int], start_hidden: Sequence[int]) -> Cnn:
    """Return the start net of EAS: one 3x3 convolution a block, max pools, global average, hidden layers.

    Widths come from `start`, the last one again where there are more blocks. A start net above the limits is
    made narrower, where it saves most first, and is the smallest network of the space if that is not enough.
    """
    blocks = tuple(
        (Conv(f"c{b}", start[min(b, len(start) - 1)], _start_kernel(limits, b)),) for b in range(limits.blocks)
    )
    hidden = tuple(Hidden(f"f{place}", units) for place, units in enumerate(start_hidden))
    cnn = Cnn(blocks, pools=limits.max_pools, head="gap", hidden=hidden)
    while not limits.fit(cnn):
        thinner = _narrower(limits, cnn)
        if thinner is None:
            return smallest(limits)
        cnn = thinner
    return cnn


def edits(limits: Limits, parent: Cnn) -> list[str]:
    """Return the edits that can change the parent within the limits, in the order of `kinds`."""
    possible: dict[str, Iterator[object]] = {
        "widen": _wider(limits, parent),
        "deepen": _places(limits, parent, "deepen"),
        "kernel": _kernels(limits, parent),
        "residual": _places(limits, parent, "residual"),
    }
    return [kind for kind in kinds(limits) if next(possible[kind], None) is not None]


def kinds(limits: Limits) -> tuple[str, ...]:
    """Return the edits a space knows."""
    return ("widen", "deepen", "kernel", "residual") if limits.residual else ("widen", "deepen", "kernel")


def grow(limits: Limits, parent: Cnn, choose: Choose) -> Cnn:
    """Return a child of `parent` by one edit; it differs from the parent.

    Raises:
        InvalidCandidate: if the parent is full.
    """
    allowed = edits(limits, parent)
    if not allowed:
        raise InvalidCandidate("No edit of this network stays within the limits.")
    kind = choose("edit", kinds(limits), allowed=allowed)
    if kind == "widen":
        return _widen(limits, parent, choose)
    if kind == "kernel":
        return _grow_kernel(limits, parent, choose)
    return _insert(limits, parent, choose, kind)


def _widen(limits: Limits, parent: Cnn, choose: Choose) -> Cnn:
    """Ask of every layer whether it becomes one notch wider; the last that can does, if no other has."""
    open_, child = list(_wider(limits, parent)), parent
    for word in range(len(list(parent.parts()))):
        wider = _widened(limits, child, word) if word in open_ else None
        answers = [False] if wider is None else [False, True]
        if wider is not None and child is parent and word == open_[-1]:
            answers = [True]
        if choose(f"widen/{word}", (False, True), allowed=answers) and wider is not None:
            child = wider
    return child


def _wider(limits: Limits, cnn: Cnn) -> Iterator[int]:
    """Yield the words that can be widened, each on its own."""
    return (word for word in range(len(list(cnn.parts()))) if _widened(limits, cnn, word) is not None)


def _widened(limits: Limits, cnn: Cnn, word: int) -> Cnn | None:
    """Return the network with one word a notch wider, or None where that is impossible or too large."""
    wider = _resized(limits, cnn, word, 1)
    return wider if wider is not None and limits.fit(wider) else None


def _resized(limits: Limits, cnn: Cnn, word: int, notches: int) -> Cnn | None:
    """Return the network with the width of one word moved along its list, or None if that is impossible."""
    part = list(cnn.parts())[word]
    if isinstance(part, str):
        return None
    widths = limits.units if isinstance(part, Hidden) else limits.filters
    width = part.filters if isinstance(part, Conv) else part.inner if isinstance(part, Residual) else part.units
    place = widths.index(width) + notches
    if not 0 <= place < len(widths):
        return None
    if isinstance(part, Hidden):
        return cnn.with_hidden(cnn.hidden.index(part), replace(part, units=widths[place]))
    block = next(b for b, layers in enumerate(cnn.blocks) if part in layers)
    layer = replace(part, filters=widths[place]) if isinstance(part, Conv) else replace(part, inner=widths[place])
    return cnn.with_layer(block, cnn.blocks[block].index(part), layer)


def _insert(limits: Limits, parent: Cnn, choose: Choose, kind: str) -> Cnn:
    """Insert an identity behind a layer, as wide as it; `kind` is deepen or residual."""
    places = list(_places(limits, parent, kind))
    blocks = sorted({block for block, _, _ in places})
    block = choose(f"{kind}/block", range(limits.blocks + (kind == "deepen")), allowed=blocks)
    afters = sorted({after for b, after, _ in places if b == block})
    deepest = max(limits.depth, limits.hidden) if kind == "deepen" else limits.depth
    after = choose(f"{kind}/after", range(deepest), allowed=afters)
    if block == limits.blocks:
        return _with_identity(parent, block, after, 1, kind)
    kernels = [kernel for b, a, kernel in places if (b, a) == (block, after)]
    kernel = choose(f"{kind}/kernel", limits.kernels, allowed=kernels)
    return _with_identity(parent, block, after, kernel, kind)


def _places(limits: Limits, cnn: Cnn, kind: str) -> Iterator[tuple[int, int, int]]:
    """Yield (block, after, kernel) of every identity that fits."""
    return (place for place in _open_places(limits, cnn, kind) if limits.fit(_with_identity(cnn, *place, kind)))


def _open_places(limits: Limits, cnn: Cnn, kind: str) -> Iterator[tuple[int, int, int]]:
    for block, layers in enumerate(cnn.blocks):
        if len(layers) < limits.depth:
            for after in range(len(layers)):
                yield from ((block, after, kernel) for kernel in limits.kernels_in(block))
    if kind == "deepen" and len(cnn.hidden) < limits.hidden:
        yield from ((limits.blocks, after, 1) for after in range(len(cnn.hidden)))


def _with_identity(cnn: Cnn, block: int, after: int, kernel: int, kind: str) -> Cnn:
    if block == len(cnn.blocks):
        twin = replace(cnn.hidden[after], id=_fresh(cnn, "f"))
        return replace(cnn, hidden=(*cnn.hidden[: after + 1], twin, *cnn.hidden[after + 1 :]))
    width, layers = cnn.width(block, after), cnn.blocks[block]
    layer = Conv(_fresh(cnn, "c"), width, kernel) if kind == "deepen" else Residual(_fresh(cnn, "r"), width, kernel)
    return cnn.with_block(block, (*layers[: after + 1], layer, *layers[after + 1 :]))


def _fresh(cnn: Cnn, letter: str) -> str:
    """Return a name no layer of this lineage has had: no edit takes one away, so the highest is there."""
    numbers = (int(part.id[1:]) for part in cnn.parts() if not isinstance(part, str) and part.id[0] == letter)
    return f"{letter}{max(numbers, default=-1) + 1}"


def _grow_kernel(limits: Limits, parent: Cnn, choose: Choose) -> Cnn:
    children = {(block, place): child for block, place, child in _kernels(limits, parent)}
    block = choose("kernel/block", range(limits.blocks), allowed=sorted({block for block, _ in children}))
    places = [place for b, place in children if b == block]
    return children[block, choose("kernel/layer", range(limits.depth), allowed=places)]


def _kernels(limits: Limits, cnn: Cnn) -> Iterator[tuple[int, int, Cnn]]:
    """Yield (block, layer, child) wherever a kernel can be a notch larger."""
    for block, layers in enumerate(cnn.blocks):
        for place, layer in enumerate(layers):
            larger = [kernel for kernel in limits.kernels_in(block) if kernel > layer.kernel]
            child = cnn.with_layer(block, place, replace(layer, kernel=larger[0])) if larger else cnn
            if larger and limits.fit(child):
                yield block, place, child


def _start_kernel(limits: Limits, block: int) -> int:
    """Return 3, as in EAS, or the largest kernel below where 3 is none of the space's."""
    return max((kernel for kernel in limits.kernels_in(block) if kernel <= 3), default=limits.kernels[0])


def _narrower(limits: Limits, cnn: Cnn) -> Cnn | None:
    """Return the network one notch narrower where that saves most parameters, None if it cannot be."""
    thinner = [_resized(limits, cnn, word, -1) for word in range(len(list(cnn.parts())))]
    smaller = [other for other in thinner if other is not None]
    return min(smaller, key=lambda other: limits.size(other).params, default=None)
