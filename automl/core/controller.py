"""The contract of a controller: whoever answers the questions of a space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace
from automl.core.trainer import Watch


class Controller(ABC):
    """Proposes what to measure and learns from what was measured. It never touches a model, a file or a clock.

    The life of a study with one worker:

        controller = Controller(space, objectives, seed, **settings)
        proposals = controller.ask(1, progress=0.0)        # [Proposal(trial=0, step=0, ...)]
        closed = controller.tell([result])                 # {0}: the trial has ended
        ...
        controller.ask(1, progress=0.4)                    # []: nothing to propose before more results arrive
        controller.ask(1, progress=0.9)                    # [] with nothing in flight: the search is finished

    Trials are numbered from 0 without gaps, in the order in which they are first proposed. Results arrive in any order,
    some carry a failure instead of an outcome, and some never arrive. The same seed and the same calls give the same
    proposals: all randomness comes from a generator seeded by `seed`, and is part of `state_dict`.
    """

    requires: ClassVar[tuple[type, ...]] = ()
    """Capabilities the space must have (`automl.core.space`)."""
    reads: ClassVar[tuple[str, ...]] = ()
    """Rules that a `Relaxable` or `Budgeted` space must know for it."""
    many_objectives: ClassVar[bool] = True
    """False for a controller that learns from one number only."""
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of settings, for `--set profile=NAME`."""

    def __init__(self, space: SearchSpace[Any], objectives: Objectives, seed: int) -> None:
        """Remember the study's parts; settings of a controller are keyword-only parameters of its own `__init__`."""
        self.space: Any = space
        self.objectives = objectives
        self.seed = seed

    @abstractmethod
    def ask(self, n: int, progress: float) -> Sequence[Proposal]:
        """Return up to `n` proposals.

        Args:
            n: free places of the runner.
            progress: share of the budget that is used, 0 to 1.
        """

    @abstractmethod
    def tell(self, results: Sequence[Result]) -> Collection[int]:
        """Learn from results; return the numbers of the trials that are now closed, each once."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return everything learned, as nested dicts and lists of numbers, strings and numpy arrays."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`, on a controller constructed with the same arguments."""

    def watch(self, proposal: Proposal) -> Watch | None:
        """Return who may end the evaluation of a proposal early, by what is known now; None: nobody.

        It is asked for when the evaluation begins, also when it begins again. One that was ended early comes back as a
        failure of the kind `stopped`, with its curve.
        """
        return None

    def parents(self) -> Collection[int]:
        """Return the evaluations whose weights a later proposal may still inherit; all others may be deleted."""
        return ()

    def diagnostics(self) -> Mapping[str, float]:
        """Return numbers about the learning itself (baseline, entropy), shown beside the results."""
        return {}


class MakeController(Protocol):
    """Makes a controller: a class of controllers, or one whose settings are filled in (`functools.partial`).

    A controller that wraps another takes it as a setting of this type. It is set by name, the settings of the other
    behind it (`inner=bayesian startup=5`), and the engine, which knows the names, finds the class: so no plug-in looks
    up another, and from Python any class will do.
    """

    def __call__(self, space: SearchSpace[Any], objectives: Objectives, seed: int, /) -> Controller:
        """Make a controller of a study."""
