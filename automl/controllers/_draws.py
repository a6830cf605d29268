"""Where the controllers' randomness comes from: one generator per trial or step, made from its numbers.

Nothing random is carried from one proposal to the next: no state holds a generator, and a resumed search
draws what the uninterrupted one would have drawn.
"""

from __future__ import annotations

import numpy as np

_CONTROLLER = 0xC0
"""Keeps these draws apart from those of an evaluation, whose seed comes from (study, trial, step)."""


def draws(seed: int, trial: int, step: int | None = None) -> np.random.Generator:
    """Return the generator for all that is random in the proposal of one trial, or of one step of a long one."""
    place = (seed, trial) if step is None else (seed, trial, step)
    return np.random.default_rng((*place, _CONTROLLER))
