"""The protocol of algorithms: how one is built, goes on, and hands its policies over.

    class MyAlgorithm:                                     # named as `my_module:MyAlgorithm`
        default = {"learning_rate": 0.1}

        @staticmethod
        def program(ask):                                  # what is searched, see `automl.search_spaces.morl.own`
            ask("learning_rate", Reals(0.01, 1.0, log=True))

        def __init__(self, make, hyperparameters, plan): ...   # make() returns a new environment
        def advance(self, steps): ...                      # learn for so many more steps of the environment
        def policies(self): ...                            # what was found so far
        steps = 0                                          # taken so far, exactly

An algorithm that can pause also has `state()` and `load(state)`: plain arrays by name, from which it goes on as if it
had never stopped. Without them an evaluation cannot be continued, and whatever would continue it starts afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy.typing as npt

from automl.core.domains import Value
from automl.core.errors import UsageError
from automl.core.records import Weights

Array: TypeAlias = npt.NDArray[Any]
Actor: TypeAlias = Callable[[Any, Array], Any]
"""Chooses an action from an observation and the last reward (zeros at first); one actor plays one episode."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a learner is told besides its hyperparameters.

    Attributes:
        steps: of the environment in a training of effort 1; schedules are relative to it.
        seed: of everything random, the environment's included.
        objectives: length of a reward.
        limit: steps after which an episode is cut off; 0 for none.
        reference: the reference point of the hypervolume.
        gamma: the discount that the policies will be judged by; what to learn with is a hyperparameter.
        weights: a grid of weights (n, objectives), for algorithms whose policies are conditioned on weights.
    """

    steps: int
    seed: int
    objectives: int
    limit: int
    reference: tuple[float, ...]
    gamma: float
    weights: Array


class Policy(Protocol):
    """One way to behave."""

    def start(self) -> Actor:
        """Return the actor of a new episode."""


@runtime_checkable
class Learner(Protocol):
    """An algorithm in the middle of its work."""

    steps: int

    def advance(self, steps: int) -> None:
        """Learn for so many more steps of the environment; a few more or fewer are fine, if `steps` says so."""

    def policies(self) -> Sequence[Policy]:
        """Return what was found so far."""


@runtime_checkable
class Pausing(Protocol):
    """A learner that can pause."""

    def state(self) -> Weights:
        """Return everything that it needs to go on."""

    def load(self, state: Weights) -> None:
        """Take up a state of a learner of the same algorithm on the same environment."""


Build: TypeAlias = Callable[[Callable[[], Any], Mapping[str, Value], Plan], Learner]

_HERE = "automl.trainers.morl"
BUILT_IN = {
    "tabular": f"{_HERE}.tabular.learner:Tabular",
    "pql": f"{_HERE}.baselines.pql:Pql",
    "mpmoqlearning": f"{_HERE}.baselines.mpmoqlearning:MpMoqLearning",
    "envelope": f"{_HERE}.baselines.envelope:Envelope",
    "gpi-ls": f"{_HERE}.baselines.gpi:GpiLs",
    "gpi-pd": f"{_HERE}.baselines.gpi:GpiPd",
    "pcn": f"{_HERE}.baselines.pcn:Pcn",
    "capql": f"{_HERE}.baselines.capql:Capql",
    "morld": f"{_HERE}.baselines.morld:Morld",
}
"""Where the algorithms are, by name; each is imported when it is used."""


def builder(algorithm: str) -> Build:
    """Return what builds a learner of an algorithm.

    Raises:
        UsageError: if it cannot be imported, or is no learner.
    """
    from automl.search_spaces.morl.own import load_class

    cls: Any = load_class(BUILT_IN.get(algorithm, algorithm))
    lacking = [name for name in ("advance", "policies") if not hasattr(cls, name)]
    if lacking:
        raise UsageError(
            f"The algorithm '{algorithm}' has no {' and no '.join(lacking)}.", "See automl.trainers.morl.learner."
        )
    build: Build = cls
    return build
