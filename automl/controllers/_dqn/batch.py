"""From recorded transitions to what an update learns from: inputs, returns, and what the end is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.controllers._dqn.reward import Bools, Floats, Reward, Standard
from automl.controllers._dqn.transitions import Columns

if TYPE_CHECKING:
    from automl.controllers._dqn.learner import Batch

InputKind: TypeAlias = Literal["value", "scaled"]
_MANY_MOVES = 40.0
"""Brings the number of moves to the order of 1."""
_TINY = 1e-12

EXTRA = {"value": 1, "scaled": 2}
"""How many numbers the network reads besides the observation."""


@dataclass(frozen=True, slots=True)
class Judge:
    """How transitions are judged when they are learned from.

    Attributes:
        reward: the reward function.
        inputs: what the network reads besides the observation: `value` as it is (the paper's last energy), or `scaled`:
            the decades between value and floor, and the number of moves made.
        gamma: discount per move.
        power: discount the value at the end of m moves by gamma^m; otherwise by gamma, as published.
        relabel: judge by the standard of today; otherwise by that of the day the transition was recorded.
        masked: only legal moves count at the end; otherwise all do, as in the released code.
    """

    reward: Reward
    inputs: InputKind
    gamma: float
    power: bool
    relabel: bool
    masked: bool

    def read(
        self, observations: npt.NDArray[np.float32], values: Floats, places: npt.NDArray[np.int32], floor: Floats
    ) -> npt.NDArray[np.float32]:
        """Return the inputs of the network (rows, inputs) from observations, last values and numbers of moves."""
        extra = [values]
        if self.inputs == "scaled":
            extra = [np.log10(np.maximum(values - floor, _TINY)), places / _MANY_MOVES]
        return np.column_stack([observations, *extra]).astype(np.float32, copy=False)

    def batch(self, rows: Columns, today: Standard, imitated: int = 0) -> Batch:
        """Return the batch of these transitions; the last `imitated` of them are to be imitated."""
        from automl.controllers._dqn.learner import Batch

        standard = today if self.relabel else _of_the_day(rows)
        floor = np.broadcast_to(standard.floor, rows["move"].shape)
        returns, discounts = self.returns(rows, standard)
        last = rows["values"][:, -1]
        places = rows["place"]
        return Batch(
            before=self.read(rows["before"], rows["values"][:, 0], places, floor),
            moves=rows["move"].astype(np.int64),
            returns=returns.astype(np.float32),
            discounts=discounts.astype(np.float32),
            after=self.read(rows["after"], last, places + rows["length"], floor),
            legal=rows["legal"] if self.masked else np.ones_like(rows["legal"]),
            imitated=np.arange(len(places)) >= len(places) - imitated,
        )

    def returns(self, rows: Columns, standard: Standard) -> tuple[Floats, Floats]:
        """Return the discounted rewards (rows,) and what the value at the end counts (rows,).

        Args:
            rows: transitions of n moves.
            standard: each part one number, or one per row.
        """
        values, length = rows["values"], rows["length"][:, None]
        step = np.arange(values.shape[1] - 1)
        columns = Standard(*(np.reshape(part, (-1, 1)) for part in _parts(standard)))
        full = rows["full"][:, None] & (step == length - 1)
        rewards = self.reward.rewards(values[:, :-1], values[:, 1:], full, columns)
        success = self.reward.succeeded(values[:, 1:], columns) & (step < length)
        before_end: Bools = np.cumsum(success, axis=1) - success == 0
        counted = (step < length) & before_end
        returns = (rewards * counted) @ self.gamma**step
        ended = success.any(axis=1) | rows["full"] | (rows["ended"] & (not self.relabel))
        power = counted.sum(axis=1) if self.power else 1
        return returns, np.where(ended, 0.0, self.gamma**power)


def _parts(standard: Standard) -> tuple[float | Floats, float | Floats, float | Floats]:
    return standard.reference, standard.bar, standard.floor


def _of_the_day(rows: Columns) -> Standard:
    return Standard(rows["reference"], rows["bar"], rows["floor"])
