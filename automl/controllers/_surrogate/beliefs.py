"""What is known about a space: every result, and the process that was fitted to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._merit import Merit
from automl.controllers._surrogate.columns import Array, Columns, Groups
from automl.controllers._surrogate.hopes import log_improvement
from automl.controllers._surrogate.process import Process, Scales, evidence, fitted, prior
from automl.controllers._surrogate.targets import LINEAR, WARPS, Targets, nearby, scores, telling, warped
from automl.core.choices import Trace
from automl.core.domains import dump_domain, load_domain

_MOST_FITTED, _MOST_SEEN = 100, 400
"""To how many results scales are fitted, and from how many the process predicts: its cost grows with the cube."""
_EVERY = 12
"""Scales are fitted again when results have grown by one in so many."""


@dataclass(frozen=True, slots=True)
class View:
    """What is believed at one moment.

    Attributes:
        rows: what was measured, or is being measured, (n, columns).
        leaders: the best of them, as far as is believed; the best first.
        hope: returns the log of the improvement that is expected of rows.
        stalled: how many results there are since the best one.
    """

    rows: Array
    leaders: Array
    hope: Callable[[Array], Array]
    stalled: int


class Beliefs:
    """Remembers results and says how much is hoped of others.

    Attributes:
        columns: the questions met so far.
        successes: how many results there are that did not fail.
    """

    def __init__(self) -> None:
        self.columns = Columns()
        self.successes = 0
        self._rows: list[Array] = []
        self._merits: list[Merit | None] = []
        self._scales: Scales | None = None
        self._warp = LINEAR
        self._due = 0

    def hear(self, trace: Trace, merit: Merit | None) -> None:
        """Take up a result; None is a failure."""
        self._rows.append(self._row(trace))
        self._merits.append(merit)
        self.successes += merit is not None

    def view(self, pending: Sequence[Trace], leaders: int) -> View:
        """Return what is believed, so many leaders with it.

        What is in flight is believed to come out as expected (the believer of Ginsbourger, Le Riche and Carraro:
        Kriging Is Well-Suited to Parallelize Optimization. 2010), so nobody looks at the same place twice.
        """
        known, spaced = scores(self._merits)
        kept = telling(known, _MOST_SEEN)
        flying = [self._row(trace) for trace in pending]
        rows = self._matrix([self._rows[i] for i in kept] + flying)
        seen, values = self.columns.vectors(rows), known[kept]
        axes, spread = self.columns.groups()
        targets = self._learned(seen[: len(kept)], values, axes, prior(spread), spaced=spaced).values
        assert self._scales is not None
        process = Process(seen[: len(kept)], targets, axes, self._scales)
        means = process.means
        if flying:
            means = np.concatenate([means, process.predict(seen[len(kept) :])[0]])
            process = Process(seen, np.concatenate([targets, means[len(kept) :]]), axes, self._scales)
        best = float(means.max())

        def hope(asked: Array) -> Array:
            return log_improvement(*process.predict(self.columns.vectors(asked)), best)

        stalled = len(known) - 1 - int(known.argmax())
        return View(rows, rows[np.argsort(-means, kind="stable")[:leaders]], hope, stalled)

    def diagnostics(self) -> dict[str, float]:
        """Return the noise, as a share of the variance of what is told, and the warp."""
        return {"noise": float(np.exp(self._scales.noise)) if self._scales else 0.0, "warp": self._warp}

    def state_dict(self) -> dict[str, Any]:
        """Return everything learned."""
        scales = self._scales
        return {
            "columns": [[name, dump_domain(column.domain)] for name, column in self.columns.known.items()],
            "rows": [row.copy() for row in self._rows],
            "merits": [None if merit is None else [list(merit.score), merit.violation] for merit in self._merits],
            "weights": None if scales is None else scales.weights.copy(),
            "noise": None if scales is None else scales.noise,
            "warp": self._warp,
            "due": self._due,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.columns = Columns()
        for name, domain in state["columns"]:
            self.columns.add(name, load_domain(domain))
        self._rows = [np.array(row, dtype=float) for row in state["rows"]]
        self._merits = [None if pair is None else Merit(tuple(pair[0]), pair[1]) for pair in state["merits"]]
        self.successes = sum(merit is not None for merit in self._merits)
        weights = state["weights"]
        self._scales = None if weights is None else Scales(np.array(weights, dtype=float), float(state["noise"]))
        self._warp, self._due = state["warp"], state["due"]

    def _row(self, trace: Trace) -> Array:
        self.columns.meet(trace)
        return self.columns.row({name: choice.value for name, choice in trace.items()})

    def _matrix(self, rows: Sequence[Array]) -> Array:
        """Return rows as one array; what was met later was not asked before."""
        matrix = np.full((len(rows), len(self.columns.known)), np.nan)
        for place, row in enumerate(rows):
            matrix[place, : len(row)] = row
        return matrix

    def _learned(self, seen: Array, values: Array, axes: Groups, around: Scales, *, spaced: bool) -> Targets:
        """Fit warp and scales, if it is time to; return what the process is told."""
        start = around if self._scales is None or len(self._scales.weights) > len(around.weights) else self._scales
        start = Scales(np.append(start.weights, around.weights[len(start.weights) :]), start.noise)
        if self._scales is None or len(self._rows) >= self._due:
            fit = telling(values, _MOST_FITTED)
            if spaced:
                tried = WARPS if self._scales is None else nearby(self._warp)
                self._warp = max(
                    tried, key=lambda warp: _evidence(seen, warped(values, warp), fit, axes, start, around)
                )
            start = fitted(seen[fit], warped(values, self._warp).values[fit], axes, start, around)
            self._due = len(self._rows) + 1 + len(self._rows) // _EVERY
        self._scales = start
        return warped(values, self._warp)


def _evidence(seen: Array, told: Targets, fit: Groups, axes: Groups, scales: Scales, around: Scales) -> float:
    """Return the log evidence for the values as they were before they were warped."""
    return evidence(seen[fit], told.values[fit], axes, scales, around)[0] + float(told.log_slopes[fit].sum())
