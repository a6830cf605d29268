"""The one way in which the kernels of the learner are compiled."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, TypeVar, cast

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a function at its first call and keep the code on disk; without Numba it stays Python, a lot slower.

    Sums keep their order, so that both give the same numbers.
    """
    if importlib.util.find_spec("numba") is None:
        return kernel
    import numba

    return cast(Kernel, numba.njit(cache=True, nogil=True, error_model="numpy")(kernel))
