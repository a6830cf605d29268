"""A critic: a linear guess of how good a candidate would be, from its answers alone.

Ridge regression from one indicator per (name, answer) and one count per (class, answer) to the rank of the score among
all so far. It learns from every result, whichever class was rewritten, and tells which of several drafts is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from automl.controllers._agnn.parameters import Array
from automl.controllers._agnn.standings import Standing, standing
from automl.controllers._agnn.words import Sentence

_RIDGE = 1.0
"""How strongly weights are held towards zero, in the unit of one observation."""
_EVERY = 5
"""After how many results it is fitted again."""
_MOST = 1000
"""How many recent results it is fitted to."""


class Critic:
    """Remembers answers and standings, and favours what resembles the good ones."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        self._rows: list[list[int]] = []
        self._standings: list[Standing] = []
        self._heard = 0
        self._weights: Array | None = None

    def hear(self, sentence: Sentence, measured: Standing) -> None:
        """Take up a measured candidate."""
        self._rows.append([self._columns.setdefault(feature, len(self._columns)) for feature in _features(sentence)])
        self._standings.append(measured)
        self._rows, self._standings = self._rows[-_MOST:], self._standings[-_MOST:]
        self._heard += 1
        if self._heard % _EVERY == 0:
            self._fit()

    def favourite(self, sentences: Sequence[Sentence]) -> int:
        """Return the index of the most promising candidate; the first, as long as nothing is known."""
        if self._weights is None:
            return 0
        guesses = [self._guess(self._weights, sentence) for sentence in sentences]
        return max(range(len(guesses)), key=lambda i: guesses[i])

    def _guess(self, weights: Array, sentence: Sentence) -> float:
        known = [self._columns[feature] for feature in _features(sentence) if feature in self._columns]
        return float(sum(weights[column] for column in known if column < len(weights)))

    def _fit(self) -> None:
        inputs = np.zeros((len(self._rows), len(self._columns)))
        for row, columns in enumerate(self._rows):
            np.add.at(inputs[row], columns, 1.0)
        inputs -= inputs.mean(axis=0)
        order = sorted(self._standings)
        places = {one: i for i, one in enumerate(order)}
        ranks = np.array([places[one] for one in self._standings]) / max(1, len(order) - 1)
        gram = inputs.T @ inputs + _RIDGE * np.eye(len(self._columns))
        self._weights = np.linalg.solve(gram, inputs.T @ (ranks - ranks.mean()))

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers and has made of it."""
        return {
            "columns": list(self._columns),
            "rows": [list(row) for row in self._rows],
            "standings": [list(one) for one in self._standings],
            "heard": self._heard,
            "weights": None if self._weights is None else self._weights.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._columns = {feature: i for i, feature in enumerate(state["columns"])}
        self._rows = [list(row) for row in state["rows"]]
        self._standings = [standing(pair) for pair in state["standings"]]
        self._heard = state["heard"]
        self._weights = None if state["weights"] is None else np.array(state["weights"])


def _features(sentence: Sentence) -> list[str]:
    return [f"{w.name}={w.answer}" for w in sentence] + [f"{w.kind}={w.answer}" for w in sentence]
