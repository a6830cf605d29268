"""What all trainers on torch have in common: a seed and a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from automl.core.errors import UsageError


@contextmanager
def reproducible(seed: int, device: torch.device, threads: int | None) -> Iterator[None]:
    """Seed torch and fix its threads inside, and give the caller's state back."""
    before = torch.get_num_threads()
    gpus = [torch.cuda.current_device()] if device.type == "cuda" else []
    try:
        if threads is not None:
            torch.set_num_threads(threads)
        with (
            torch.random.fork_rng(gpus),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
        ):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)


def choose_device(wanted: str) -> torch.device:
    """Return the device of a setting: "auto" (a GPU if there is one), "cpu" or "gpu".

    Raises:
        UsageError: if a GPU is asked for and there is none.
    """
    if wanted == "gpu" and not torch.cuda.is_available():
        raise UsageError("There is no GPU that this torch can use.", "Type: --set trainer.device=cpu")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
