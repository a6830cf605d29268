"""The best episodes so far, kept apart: the policy imitates itself (Oh et al. 2018, self-imitation learning).

Not part of CRLQAS. An ordinary memory forgets its few good episodes among thousands of others; here a share of every
batch comes from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._dqn.replay import Replay
from automl.controllers._dqn.transitions import Columns


@dataclass(frozen=True, slots=True)
class _Episode:
    values: tuple[float, ...]
    rows: Columns
    """One transition per move."""

    def rank(self, enough: float) -> tuple[float, int]:
        """Return the value up to what is enough, and how many moves it took: smaller is better."""
        value = max(min(self.values), enough)
        return value, next(i for i, reached in enumerate(self.values) if reached <= value)


class Elite:
    """The transitions of the best episodes, up to the move with which they reached what is enough.

    Of episodes that reached it the shorter is better, of others the one with the lower value.

    Args:
        most: episodes kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._episodes: list[_Episode] = []
        self._all: Columns = {}
        self._counts = np.zeros(0, dtype=np.int64)
        """How many of these transitions belong to each episode."""

    def __len__(self) -> int:
        return len(self._all["move"]) if self._all else 0

    def consider(self, values: Sequence[float], rows: Columns, enough: float) -> None:
        """Keep an episode if it is among the best; what is enough may have fallen since the last time."""
        self._episodes.append(_Episode(tuple(values), rows))
        self._rank(enough)

    def _rank(self, enough: float) -> None:
        """Sort, drop what repeats and what is too much, and join the rest."""
        kept: dict[tuple[int, ...], tuple[tuple[float, int], _Episode]] = {}
        ranked = [(episode.rank(enough), episode) for episode in self._episodes]
        for rank, episode in sorted(ranked, key=lambda pair: pair[0]):
            kept.setdefault(tuple(episode.rows["move"][: rank[1]].tolist()), (rank, episode))
        best = list(kept.values())[: self._most]
        self._episodes = [episode for _, episode in best]
        parts = [(episode.rows, max(1, count)) for (_, count), episode in best]
        self._counts = np.array([count for _, count in parts])
        names = parts[0][0]
        self._all = {name: np.concatenate([rows[name][:count] for rows, count in parts]) for name in names}

    def draw(self, rng: np.random.Generator, count: int) -> Columns:
        """Return so many transitions: of an episode drawn by its rank, the k-th with weight 1 / k, any move."""
        weights = np.cumsum(1.0 / np.arange(1, len(self._counts) + 1))
        episodes = np.searchsorted(weights, rng.random(count) * weights[-1], side="right")
        starts = np.cumsum(self._counts) - self._counts
        places = starts[episodes] + (rng.random(count) * self._counts[episodes]).astype(np.int64)
        return {name: column[places] for name, column in self._all.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the episodes."""
        packed = []
        for episode in self._episodes:
            memory = Replay(len(episode.rows["move"]))
            memory.add(episode.rows)
            packed.append({"values": list(episode.values), "rows": memory.state_dict()})
        return {"episodes": packed}

    def load_state_dict(self, state: Mapping[str, Any], enough: float) -> None:
        """Take up a state of `state_dict`."""
        self._episodes = []
        for episode in state["episodes"]:
            memory = Replay(len(episode["rows"]["columns"]["move"]))
            memory.load_state_dict(episode["rows"])
            self._episodes.append(_Episode(tuple(episode["values"]), memory.rows(np.arange(len(memory)))))
        if self._episodes:
            self._rank(enough)
