"""A convolutional network as a frozen description: blocks of layers between poolings, a head, hidden layers.

    conv-8-3  pool  conv-16-3 conv-16-3  pool  fc-32          (then the classifier, which is no word)

Each convolution and each hidden layer is followed by batch norm and ReLU (post-activation, the convention of
EAS: Cai et al. 2018, "Efficient Architecture Search by Network Transformation"), so everything between two
layers is >= 0: the condition for inserting an identity layer anywhere behind the first. Nothing here depends
on the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from automl.core.errors import InvalidCandidate

Pool: TypeAlias = Literal["max", "avg"]
Head: TypeAlias = Literal["gap", "flatten"]


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution with stride 1 and same padding, batch norm and ReLU.

    Attributes:
        id: stable name, `c0`, `c1`, ...; a layer keeps it through every edit, and its weights are named after
            it.
        filters: output channels.
        kernel: side of the square kernel, odd.
    """

    id: str
    filters: int
    kernel: int


@dataclass(frozen=True, slots=True)
class Residual:
    """Conv, batch norm, ReLU, conv, batch norm, added to the stream, then ReLU; the stream keeps its width.

    Attributes:
        id: stable name, `r0`, `r1`, ...
        inner: channels between its two convolutions.
        kernel: side of both square kernels, odd.
    """

    id: str
    inner: int
    kernel: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """A fully connected layer with batch norm and ReLU.

    Attributes:
        id: stable name, `f0`, `f1`, ...
        units: output features.
    """

    id: str
    units: int


Layer: TypeAlias = Conv | Residual
Part: TypeAlias = Conv | Residual | Hidden | Pool | Head


@dataclass(frozen=True, slots=True)
class Cnn:
    """Blocks of layers with `pools` (2x2, stride 2) between them, a `head` to a vector, `hidden` layers.

    A `mixed` network is the relaxed one of a space (`relax`): its convolutions hold all narrower ones and all smaller
    kernels, and learn which to keep.

    Raises:
        InvalidCandidate: if it is no network, whatever the data: an empty block, a block that starts without
            a convolution, a pooling too many, a name used twice, a width or a kernel that cannot be.
    """

    blocks: tuple[tuple[Layer, ...], ...]
    pools: tuple[Pool, ...]
    head: Head
    hidden: tuple[Hidden, ...]
    mixed: bool = False

    def __post_init__(self) -> None:
        if not self.blocks or len(self.pools) != len(self.blocks) - 1:
            raise InvalidCandidate(
                f"{len(self.blocks)} blocks need one pooling between each two, got {len(self.pools)}."
            )
        if not set(self.pools) <= set(get_args(Pool)) or self.head not in get_args(Head):
            raise InvalidCandidate(
                f"Poolings are max or avg and the head is gap or flatten, got {self.pools}, {self.head!r}."
            )
        for number, block in enumerate(self.blocks):
            if not block or not isinstance(block[0], Conv):
                raise InvalidCandidate(f"Block {number} must start with a convolution.")
        _refuse_bad_layers([*(layer for block in self.blocks for layer in block), *self.hidden])

    def parts(self) -> Iterator[Part]:
        """Yield layers, poolings and the head in the order the data pass them; the classifier follows."""
        for number, block in enumerate(self.blocks):
            if number:
                yield self.pools[number - 1]
            yield from block
        yield self.head
        yield from self.hidden

    def width(self, block: int, layer: int) -> int:
        """Return the channels of the stream behind a layer; a residual block passes on what it received."""
        convs = (part for part in reversed(self.blocks[block][: layer + 1]) if isinstance(part, Conv))
        return next(convs).filters

    def with_layer(self, block: int, place: int, layer: Layer) -> Cnn:
        """Return this network with one layer replaced."""
        layers = self.blocks[block]
        return self.with_block(block, (*layers[:place], layer, *layers[place + 1 :]))

    def with_block(self, block: int, layers: tuple[Layer, ...]) -> Cnn:
        """Return this network with one block replaced."""
        return replace(self, blocks=(*self.blocks[:block], layers, *self.blocks[block + 1 :]))

    def with_hidden(self, place: int, layer: Hidden) -> Cnn:
        """Return this network with one hidden layer replaced."""
        return replace(self, hidden=(*self.hidden[:place], layer, *self.hidden[place + 1 :]))


def words(candidate: Cnn) -> list[str]:
    """Return the network as a sentence, one word per part (EAS, "encoder network": one token per layer)."""
    return [_word(part) for part in candidate.parts()]


def _word(part: Part) -> str:
    match part:
        case Conv():
            return f"conv-{part.filters}-{part.kernel}"
        case Residual():
            return f"res-{part.inner}-{part.kernel}"
        case Hidden():
            return f"fc-{part.units}"
        case "flatten":
            return "flatten"
    return "pool"  # the global average pool ends the last block, as the 4x4 average pool of EAS does


def _refuse_bad_layers(layers: list[Layer | Hidden]) -> None:
    seen: set[str] = set()
    for layer in layers:
        prefix, width, kernel = _anatomy(layer)
        if layer.id in seen or not (layer.id[:1] == prefix and layer.id[1:].isdecimal()):
            raise InvalidCandidate(f"Layers are named {prefix}0, {prefix}1, ..., each once; got {layer.id!r}.")
        if type(width) is not int or width < 1 or type(kernel) is not int or kernel < 1 or kernel % 2 == 0:
            raise InvalidCandidate(f"Widths are positive and kernels odd whole numbers; got {layer}.")
        seen.add(layer.id)


def _anatomy(layer: Layer | Hidden) -> tuple[str, Any, Any]:
    """Return the letter of a layer's name, its width and its kernel."""
    if isinstance(layer, Conv):
        return "c", layer.filters, layer.kernel
    if isinstance(layer, Residual):
        return "r", layer.inner, layer.kernel
    return "f", layer.units, 1
