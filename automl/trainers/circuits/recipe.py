"""How the trainer measures a circuit: everything it can be told but the problem and its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from automl.core.errors import UsageError
from automl.trainers.circuits.simulator import Backend
from automl.trainers.circuits.simulator.contract import Precision

Optimizer: TypeAlias = Literal["auto", "bfgs", "lbfgs", "cobyla", "spsa", "adam_spsa"]
ShotModel: TypeAlias = Literal["sampled", "gaussian"]

ITERATIONS = {"bfgs": 200, "lbfgs": 200, "cobyla": 1000, "spsa": 834, "adam_spsa": 834}
"""Iterations of effort 1. COBYLA's and Adam-SPSA's are the published ones: 1000 evaluations, and 1191 + 357 + 119
evaluations of two per step (configurations of CRLQAS's public code)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the settings of the same names say."""

    optimizer: Optimizer
    iterations: int | None
    tolerance: float
    kick: float
    shots: int | None
    shot_model: ShotModel
    cnot_price: float
    gate_price: float
    precision: Precision
    backend: Backend

    def __post_init__(self) -> None:
        for name, value in {"iterations": self.iterations, "shots": self.shots}.items():
            if value is not None and value < 1:
                raise UsageError(f"'{name}' must be at least 1, got {value}.")
        if not self.tolerance > 0:
            raise UsageError(f"'tolerance' must be positive, got {self.tolerance}.")
        for name, number in {"kick": self.kick, "cnot_price": self.cnot_price, "gate_price": self.gate_price}.items():
            if not number >= 0:
                raise UsageError(f"'{name}' must not be negative, got {number}.")
        self._check_names()
        if self.shots is not None and not self.blind:
            raise UsageError(
                f"'optimizer={self.method}' needs exact gradients, which shots do not give.",
                "Take optimizer=adam_spsa, or leave shots away.",
            )

    def _check_names(self) -> None:
        known = {
            "optimizer": (Optimizer, self.method),
            "shot_model": (ShotModel, self.shot_model),
            "precision": (Precision, self.precision),
            "backend": (Backend, self.backend),
        }
        for name, (kind, value) in known.items():
            if value not in get_args(kind):
                raise UsageError(f"'{name}' must be one of {', '.join(get_args(kind))}, got {value!r}.")

    @property
    def method(self) -> Optimizer:
        """The optimiser: the one named, else exact gradients where there are any."""
        if self.optimizer != "auto":
            return self.optimizer
        return "bfgs" if self.shots is None else "adam_spsa"

    @property
    def blind(self) -> bool:
        """Whether the optimiser sees energies only."""
        return self.method not in ("bfgs", "lbfgs")

    def steps(self, effort: float) -> int:
        """Return how many iterations an evaluation of that effort may take."""
        return max(1, round(effort * (self.iterations or ITERATIONS[self.method])))

    def price(self, cnots: int, gates: int) -> float:
        """Return what is added to the energy for the gates, in its unit."""
        return self.cnot_price * cnots + self.gate_price * gates
