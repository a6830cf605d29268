"""Where the controllers' randomness comes from: one generator per trial, made from (seed, trial).

Nothing random is carried from one proposal to the next: no state holds a generator, and a resumed search
draws what the uninterrupted one would have drawn.
"""

from __future__ import annotations

import numpy as np

_CONTROLLER = 0xC0
"""Keeps these draws apart from those of an evaluation, whose seed comes from (study, trial, step)."""


def draws(seed: int, trial: int) -> np.random.Generator:
    """Return the generator for all that is random in the proposal of one trial."""
    return np.random.default_rng((seed, trial, _CONTROLLER))
