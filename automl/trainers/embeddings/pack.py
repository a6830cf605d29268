"""A recommender as named arrays and back, in the layout of `automl.search_spaces.embeddings.layout`.

At stage "thresholds" the cells are packed as they act, so what was pruned is zero in them; the values that thresholds
shrink, and the thresholds, go to `state/`, for the next segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.core.errors import WeightsError
from automl.core.records import Weights
from automl.search_spaces.embeddings import Field, Plan, layout
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.spans import Span, elements_of, spans

Array = npt.NDArray[np.generic]
GRAPH = "scorer.pairs"
"""The buffer of a model that holds the graph of the data it was built on."""
_THRESHOLD = layout.STATE + "threshold"


def _below(span: Span) -> str:
    return f"{layout.STATE}below/{span.field}/{span.block}"


def pack(recommender: Recommender, plan: Plan, fields: Sequence[Field]) -> dict[str, Array]:
    """Return copies of all arrays of a recommender."""
    packed: dict[str, Array] = {}
    tables = recommender.tables
    with torch.no_grad():
        acting = tables.all() if plan.stage == "thresholds" else tables.weight
    for number, span in enumerate(spans(plan, fields)):
        rows = slice(span.first, span.first + span.rows)
        if plan.elements is not None:
            assert tables.mask is not None
            packed.update(_elements(span, acting[rows], tables.mask[rows] != 0))
        else:
            packed[layout.table(span.field, span.block)] = _array(acting[rows][:, list(span.columns)])
        if tables.alpha is not None:
            packed[layout.alpha(span.field, span.block)] = _array(tables.alpha[number])
        if tables.initial is not None:
            packed[layout.initial(span.field, span.block)] = _array(tables.initial[rows])
            packed[_below(span)] = _array(tables.weight[rows])
    if tables.threshold is not None:
        packed[_THRESHOLD] = _array(tables.threshold)
    for name, rows in _fields(fields):
        packed[layout.first(name)] = _array(recommender.first[rows, 0])
    return packed | {layout.NET + name: _array(tensor) for name, tensor in _net(recommender).items()}


def _elements(span: Span, values: Tensor, kept: Tensor) -> Iterator[tuple[str, Array]]:
    field, block = span.field, span.block
    yield layout.values(field, block), _array(values[kept])
    yield layout.places(field, block), kept.nonzero()[:, 1].to(torch.uint8).numpy()
    yield layout.counts(field, block), kept.sum(1).to(torch.uint8).numpy()


def _array(tensor: Tensor) -> Array:
    return tensor.detach().cpu().numpy().copy()


def _fields(fields: Sequence[Field]) -> Iterator[tuple[str, slice]]:
    """Yield the name of each field and where its rows are."""
    offset = 0
    for field in fields:
        yield field.name, slice(offset, offset + field.rows)
        offset += field.rows


def _net(recommender: Recommender) -> dict[str, Tensor]:
    """Return everything but embeddings and first-order weights."""
    return {
        name: tensor
        for name, tensor in recommender.state_dict().items()
        if not name.startswith("tables.") and name != "first"
    }


@torch.no_grad()
def unpack(recommender: Recommender, plan: Plan, fields: Sequence[Field], weights: Weights) -> None:
    """Put arrays into a recommender; what they lack stays as it is initialised.

    A graph is taken from the weights only where the recommender has none: that of the data at hand is the right one.

    Raises:
        WeightsError: if an array has not the shape that the plan gives it.
    """
    tables = recommender.tables
    for number, span in enumerate(spans(plan, fields)):
        rows = slice(span.first, span.first + span.rows)
        if plan.elements is not None:
            _unpack_elements(recommender, span, weights)
        _copy(weights, layout.table(span.field, span.block), tables.weight[rows], list(span.columns))
        if tables.alpha is not None:
            _copy(weights, layout.alpha(span.field, span.block), tables.alpha[number])
        if tables.initial is not None:
            _copy(weights, layout.initial(span.field, span.block), tables.initial[rows])
            _copy(weights, _below(span), tables.weight[rows])
    if tables.threshold is not None:
        _copy(weights, _THRESHOLD, tables.threshold)
    for name, rows in _fields(fields):
        _copy(weights, layout.first(name), recommender.first[rows, 0])
    for name, tensor in _net(recommender).items():
        if name != GRAPH:
            _copy(weights, layout.NET + name, tensor)
    if not recommender.scorer.connected() and layout.NET + GRAPH in weights:
        recommender.scorer.connect(weights[layout.NET + GRAPH])


def _copy(weights: Weights, name: str, into: Tensor, columns: list[int] | None = None) -> None:
    """Copy an array into a tensor, or into some columns of it, if it is there."""
    if name not in weights:
        return
    array = torch.from_numpy(np.ascontiguousarray(weights[name]))
    shape = tuple(into.shape) if columns is None else (len(into), len(columns))
    if tuple(array.shape) != shape:
        raise WeightsError(f"The weights '{name}' have shape {tuple(array.shape)}, and the plan needs {shape}.")
    if columns is None:
        into.copy_(array)
    else:
        into[:, columns] = array


def _unpack_elements(recommender: Recommender, span: Span, weights: Weights) -> None:
    """Replace the kept values of a block, and where they are."""
    if layout.values(span.field, span.block) not in weights:
        return
    tables = recommender.tables
    assert tables.mask is not None
    counts, places, values = (
        torch.from_numpy(part) for part in elements_of(span, weights, width=tables.weight.shape[1])
    )
    rows = torch.arange(span.first, span.first + span.rows).repeat_interleave(counts.long())
    here = slice(span.first, span.first + span.rows)
    tables.mask[here] = 0.0
    tables.weight[here] = 0.0
    tables.mask[rows, places.long()] = 1.0
    tables.weight[rows, places.long()] = values
