"""The best episodes so far, kept apart: the policy imitates itself (Oh et al. 2018, self-imitation learning).

Not part of CRLQAS. An ordinary memory forgets its few good episodes among thousands of others; here a share of every
batch comes from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.controllers._dqn.replay import Replay
from automl.controllers._dqn.transitions import Columns


class Elite:
    """The transitions of the episodes that reached the lowest values.

    Args:
        most: episodes kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._episodes: list[tuple[float, tuple[int, ...], Columns]] = []
        self._all: Columns = {}

    def __len__(self) -> int:
        return len(self._all["move"]) if self._all else 0

    def consider(self, value: float, rows: Columns) -> None:
        """Keep an episode of that lowest value if it is among the best and its moves are new."""
        moves = tuple(rows["move"].tolist())
        worst = self._episodes[-1][0] if len(self._episodes) >= self._most else np.inf
        if value >= worst or any(known == moves for _, known, _ in self._episodes):
            return
        self._episodes.append((value, moves, rows))
        self._episodes.sort(key=lambda episode: (episode[0], len(episode[1])))
        del self._episodes[self._most :]
        self._join()

    def _join(self) -> None:
        parts = [rows for _, _, rows in self._episodes]
        self._all = {name: np.concatenate([rows[name] for rows in parts]) for name in parts[0]} if parts else {}

    def draw(self, rng: np.random.Generator, count: int) -> Columns:
        """Return so many transitions, drawn uniformly with repetition."""
        places = rng.integers(len(self), size=count)
        return {name: column[places] for name, column in self._all.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the episodes."""
        packed = []
        for value, _, rows in self._episodes:
            memory = Replay(len(rows["move"]))
            memory.add(rows)
            packed.append({"value": value, "rows": memory.state_dict()})
        return {"episodes": packed}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._episodes = []
        for episode in state["episodes"]:
            memory = Replay(len(episode["rows"]["columns"]["move"]))
            memory.load_state_dict(episode["rows"])
            rows = memory.rows(np.arange(len(memory)))
            self._episodes.append((episode["value"], tuple(rows["move"].tolist()), rows))
        self._join()
