"""Compiled lookups in ragged tables. Needs numba; `ragged_cells` and `ragged_elements` do the same in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numba

Kernel: TypeAlias = Callable[..., None]


def _compiled(kernel: Any) -> Kernel:
    return cast(Kernel, numba.njit(cache=True, nogil=True, error_model="numpy")(kernel))


def _cells(ids: Any, blocks: Any, index: Any, columns: Any, values: Any, out: Any) -> None:
    """Write the vectors of rows into `out`.

    Args:
        ids: (B, F) int64 rows, counted in each field.
        blocks: (F + 1,) the first block of each field.
        index: (blocks, 4) int64 per block: its first row in the field; where a row 0 of the field would lie in
            `values`; how many columns it keeps; whether these are the first ones.
        columns: (blocks, K) uint8, the kept columns first.
        values: (total,) float32.
        out: (B, F, K) float32.
    """
    count, fields, width = out.shape
    for i in range(count):
        for f in range(fields):
            row, block = ids[i, f], blocks[f]
            while block + 1 < blocks[f + 1] and row >= index[block + 1, 0]:
                block += 1
            kept = index[block, 2]
            place = index[block, 1] + row * kept
            if index[block, 3]:
                for j in range(kept):
                    out[i, f, j] = values[place + j]
                for j in range(kept, width):
                    out[i, f, j] = 0.0
            else:
                for j in range(width):
                    out[i, f, j] = 0.0
                for j in range(kept):
                    out[i, f, columns[block, j]] = values[place + j]


def _elements(rows: Any, counts: Any, pointers: Any, parts: Any, out: Any) -> None:
    """Write the vectors of rows into `out`.

    Args:
        rows: (N,) int64 rows, counted over all fields.
        counts: (R,) uint8, how many values each row keeps.
        pointers: (ceil(R / step),) int64, where the values of every `step`-th row begin.
        parts: the values (total,) float32, their columns (total,) uint8, and `step`.
        out: (N, K) float32.
    """
    values, places, step = parts
    count, width = out.shape
    for i in range(count):
        row = rows[i]
        head = row // step
        place = pointers[head]
        for before in range(head * step, row):
            place += counts[before]
        for j in range(width):
            out[i, j] = 0.0
        for j in range(place, place + counts[row]):
            out[i, places[j]] = values[j]


cells = _compiled(_cells)
elements = _compiled(_elements)
