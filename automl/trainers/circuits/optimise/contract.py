"""What the optimisers that see nothing but energies ask for, and what they answer."""

from __future__ import annotations

from typing import Protocol

from automl.trainers.circuits.simulator.contract import Array


class Energy(Protocol):
    """One measurement of the energy; two of the same angles may differ."""

    def __call__(self, angles: Array, share: float = 1.0) -> float:
        """Return the energy at angles (P,), measured with that share of the full number of shots."""


class Watch(Protocol):
    """Someone who looks on. What it does costs nothing and changes nothing."""

    def __call__(self, energies: int, angles: Array) -> None:
        """Take where an optimiser stands after so many energies; `angles` (P,) are not to be changed."""


def unwatched(energies: int, angles: Array) -> None:
    """Look away."""
