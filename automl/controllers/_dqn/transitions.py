"""n-step transitions: what the network learns from, as columns of numbers.

A transition begins at a candidate and ends `length` moves later, n moves or fewer where the episode ended. The values
on the way are kept as measured, not as a finished reward: so an old transition can be judged by today's bar.

The released code fills a window of n steps across episodes; since an end stops the sum, that gives these same
transitions, the last ones of an episode a few steps late.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.controllers._dqn.reward import Standard
from automl.controllers._dqn.walk import Walk

Columns: TypeAlias = dict[str, npt.NDArray[Any]]
"""Columns of equally many rows, one row per transition:

    before, after     (rows, inputs)  float32   observations at the beginning and at the end
    legal             (rows, moves)   bool      legal moves at the end
    move              (rows,)         int16     the first move
    place             (rows,)         int32     moves made before the beginning
    length            (rows,)         int8      moves from the beginning to the end
    values            (rows, n + 1)   float64   values from the beginning to the end; the last is repeated
    ended             (rows,)         bool      whether the episode ended there
    full              (rows,)         bool      whether it ended because no move was left, or failed
    reference, bar, floor   (rows,)   float64   the standard of the day
"""


def transitions(walk: Walk, n: int, standard: Standard, *, full: bool) -> Columns:
    """Return the transitions of an episode that has ended, one per measured move.

    Args:
        walk: the episode; a failed last move is given the value it started from.
        n: moves per transition, at most.
        standard: the standard of the day, each part one number.
        full: whether the episode ended because no move was left, or failed.
    """
    count = len(walk.values) - 1
    begin = np.arange(count)
    end = np.minimum(begin + n, count)
    values = np.array(walk.values)
    observations = np.array([observation for observation, _ in walk.seen[: count + 1]])
    ended = end == count
    today = {"reference": standard.reference, "bar": standard.bar, "floor": standard.floor}
    return {
        "before": observations[begin],
        "after": observations[end],
        "legal": np.array([legal for _, legal in walk.seen[: count + 1]])[end],
        "move": np.array(walk.moves[:count], dtype=np.int16),
        "place": begin.astype(np.int32),
        "length": (end - begin).astype(np.int8),
        "values": values[np.minimum(begin[:, None] + np.arange(n + 1), count)],
        "ended": ended,
        "full": ended & full,
        **{name: np.full(count, number) for name, number in today.items()},
    }
