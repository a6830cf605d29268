"""Random halting of CRLQAS: some episodes end early, so that the policy learns to be quick about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Halting:
    """How the halting step of an episode is drawn: clip(NB(failures, chance), lowest, highest).

    The negative binomial counts the successes of chance `1 - chance` before the given number of failures (numpy's
    convention). The released code takes one draw per episode without noise, NB(70, 0.573) clipped to 25..70, and the
    most common of 100 draws with noise, NB(40, 0.6) clipped to 0..40.

    Attributes:
        failures: first parameter of the negative binomial.
        chance: second parameter, between 0 and 1.
        lowest: smallest halting step.
        highest: largest halting step.
        draws: so many draws, of which the most common counts (of equally common ones the first drawn).
    """

    failures: int
    chance: float
    lowest: int
    highest: int
    draws: int = 1

    def moves(self, rng: np.random.Generator) -> int:
        """Draw after how many moves the episode ends: steps count from 0, so one more than the halting step."""
        drawn = np.clip(rng.negative_binomial(self.failures, self.chance, self.draws), self.lowest, self.highest)
        return int(Counter(drawn.tolist()).most_common(1)[0][0]) + 1
