"""The reward of one move: what it brought nearer to the bound, with fixed rewards at the end of an episode.

    E - mu < bar (success)                  +5
    no further move is possible             -5
    otherwise, `fraction`                   clip((E_before - E) / |E_before - mu|, -1, 1)
    otherwise, `logarithm`                  log10((E_before - floor) / (E - floor)), clipped likewise

The first three lines are `incremental_with_fixed_ends` of the released code; the paper clips at -1 only. `mu` lies far
below what can be reached (2.3 hartree for LiH), so the last milli-hartrees, which decide, hardly show in the fraction.
The logarithm measures from `floor`, a margin below the lowest value seen so far, and so rewards each tenfold
approach to the best known equally.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
RewardKind: TypeAlias = Literal["fraction", "logarithm"]


@dataclass(frozen=True, slots=True)
class Standard:
    """What values are judged by; each may be one number or one per row.

    Attributes:
        reference: the bound mu; without one the lowest value seen.
        bar: gap to the reference below which a value is a success.
        floor: what the logarithm measures from, below every value seen.
    """

    reference: float | Floats
    bar: float | Floats
    floor: float | Floats


@dataclass(frozen=True, slots=True)
class Reward:
    """The reward function.

    Attributes:
        kind: how progress is measured.
        success: reward of a success.
        failure: reward of an end without success where no move is left.
        clip: largest size of a reward of progress.
    """

    kind: RewardKind = "fraction"
    success: float = 5.0
    failure: float = -5.0
    clip: float = 1.0

    def succeeded(self, after: Floats, standard: Standard) -> Bools:
        """Say which values (any shape) are successes."""
        return np.asarray(after - standard.reference < standard.bar)

    def rewards(self, before: Floats, after: Floats, full: Bools, standard: Standard) -> Floats:
        """Return the rewards of moves that led from value `before` to value `after` (all of one shape).

        Args:
            before: values before the moves.
            after: values after them.
            full: whether the move was the last possible one.
            standard: what they are judged by.
        """
        progress = np.clip(self._progress(before, after, standard), -self.clip, self.clip)
        ended = np.where(full, self.failure, progress)
        return np.where(self.succeeded(after, standard), self.success, ended)

    def _progress(self, before: Floats, after: Floats, standard: Standard) -> Floats:
        if self.kind == "fraction":
            return (before - after) / np.maximum(np.abs(before - standard.reference), _TINY)
        return np.log10(np.maximum(before - standard.floor, _TINY) / np.maximum(after - standard.floor, _TINY))


_TINY = 1e-12
"""Keeps a value exactly at the reference from dividing by zero."""
