"""The one way in which the kernels of the simulators are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a function to machine code at its first call, and keep the code on disk for the next process.

    Sums may be reordered and products fused (so that loops use vector instructions); infinities and NaN keep their
    meaning. No threads are started. The code on disk is that of a file as it was: who edits a kernel also touches the
    files whose kernels call it. Arrays are copied in loops, because `a[:] = b` takes Numba seconds to compile.
    """
    return cast(
        Kernel, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})(kernel)
    )
