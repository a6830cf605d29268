"""The candidate: an algorithm and its hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automl.core.domains import Value


@dataclass(frozen=True, slots=True)
class Configuration:
    """An algorithm with its hyperparameters, those that are in force and no others.

    Attributes:
        algorithm: name of the algorithm, or `module:Class` of one's own.
        hyperparameters: names and values, in the order in which the algorithm's program asks for them.
        fixed: what the search holds of that algorithm, whether it is in force here or not: so whatever this is compared
            with can hold it, too.
    """

    algorithm: str
    hyperparameters: tuple[tuple[str, Value], ...]
    fixed: tuple[tuple[str, Value], ...] = ()

    @property
    def values(self) -> Mapping[str, Value]:
        """Return the hyperparameters by name."""
        return dict(self.hyperparameters)
