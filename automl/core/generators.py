"""The global random generators of Python, NumPy and torch: used, and left as they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_SEEDS = 2**32


@contextmanager
def borrowed(seed: int) -> Iterator[None]:
    """Seed the global generators inside, and give the caller's states back; torch's only where torch is loaded.

    For programs of a user's that draw from them without saying so: layers are initialised, estimators shuffle.
    """
    torch = sys.modules.get("torch")
    python, numpy = random.getstate(), np.random.get_state()
    state = torch.random.get_rng_state() if torch else None
    try:
        random.seed(seed)
        np.random.seed(seed % _SEEDS)
        if torch:
            torch.random.default_generator.manual_seed(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch:
            torch.random.set_rng_state(state)
