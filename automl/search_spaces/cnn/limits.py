"""What a network of a space may be: its widths, kernels and depths, and its size on the images."""

from __future__ import annotations

from dataclasses import dataclass

from automl.core.errors import InvalidCandidate
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Pool, Residual
from automl.search_spaces.cnn.size import Size, side, size

SMALLEST_SIDE = 4
"""Images are pooled until their shorter side is at most this, as in EAS before its last average pool."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The frame of a space, shared by its program, its edits and its check.

    Attributes:
        input_shape: channels, height and width of the images.
        classes: number of outputs.
        residual: whether residual blocks belong to the space.
        filters: ascending widths of convolutions.
        units: ascending widths of hidden layers.
        kernels: ascending sides of kernels.
        depth: most layers in a block.
        hidden: most hidden layers.
        max_params: most trainable parameters, or None.
        max_macs: most multiply-accumulates per image, or None.
    """

    input_shape: tuple[int, ...]
    classes: int
    residual: bool
    filters: tuple[int, ...]
    units: tuple[int, ...]
    kernels: tuple[int, ...]
    depth: int
    hidden: int
    max_params: int | None
    max_macs: int | None

    @property
    def blocks(self) -> int:
        """How many blocks a network has: one more than there are poolings to the smallest side."""
        poolings = 0
        while side(self.input_shape, poolings) > SMALLEST_SIDE:
            poolings += 1
        return poolings + 1

    @property
    def max_pools(self) -> tuple[Pool, ...]:
        """Return max poolings between all blocks."""
        return tuple("max" for _ in range(self.blocks - 1))

    def size(self, candidate: Cnn) -> Size:
        """Count a network on the images of this space."""
        return size(candidate, self.input_shape, self.classes)

    def fit(self, candidate: Cnn) -> bool:
        """Tell whether a network is small enough."""
        if self.max_params is None and self.max_macs is None:
            return True
        counted = self.size(candidate)
        few = self.max_params is None or counted.params <= self.max_params
        return few and (self.max_macs is None or counted.macs <= self.max_macs)

    def kernels_in(self, block: int) -> tuple[int, ...]:
        """Return the kernels for a block; on images of side s, one above 2s - 1 has taps that meet padding only."""
        reach = 2 * side(self.input_shape, block) - 1
        return tuple(k for k in self.kernels if k <= reach) or self.kernels[:1]

    def check(self, candidate: Cnn) -> None:
        """Refuse a network outside the frame.

        Raises:
            InvalidCandidate: saying what is wrong and what would be right.
        """
        if len(candidate.blocks) != self.blocks:
            raise InvalidCandidate(
                f"The network has {len(candidate.blocks)} blocks; images of {self.input_shape} take {self.blocks}."
            )
        if len(candidate.hidden) > self.hidden or any(len(b) > self.depth for b in candidate.blocks):
            raise InvalidCandidate(
                f"The network is deeper than {self.depth} layers a block and {self.hidden} hidden layers."
            )
        for number, block in enumerate(candidate.blocks):
            for layer in block:
                self._check_layer(layer, number)
        for hidden in candidate.hidden:
            _among(hidden, "units", hidden.units, self.units)
        if not self.fit(candidate):
            raise InvalidCandidate(
                f"The network is too large: {self.size(candidate)}.",
                f"The limits are max_params={self.max_params} and max_macs={self.max_macs}.",
            )

    def _check_layer(self, layer: Conv | Residual, block: int) -> None:
        if isinstance(layer, Residual) and not self.residual:
            raise InvalidCandidate(
                f"'{layer.id}' is a residual block, which the plain family does not have.",
                "Type: --set space.family=residual",
            )
        width = layer.filters if isinstance(layer, Conv) else layer.inner
        _among(layer, "filters", width, self.filters)
        _among(layer, "kernel", layer.kernel, self.kernels_in(block))


def _among(layer: Conv | Residual | Hidden, what: str, value: int, known: tuple[int, ...]) -> None:
    if value not in known:
        raise InvalidCandidate(f"'{layer.id}' has {what} {value}, which is not among {known}.")
