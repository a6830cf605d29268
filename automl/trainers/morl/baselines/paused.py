"""A learner at rest, as arrays by name: it goes on bit for bit, in any process, or with other hyperparameters.

It rests between two episodes, where the library's loop holds nothing that is not in the agent: so a loop that begins
anew goes on where the other stopped. What is saved is what was learned and how far it got; rates and schedules are the
hyperparameters' business, and those of the learner that takes up a state apply.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from automl.core.records import Weights
from automl.trainers.morl.baselines.adapter import Adapter
from automl.trainers.morl.baselines.chance import as_array, from_array
from automl.trainers.morl.baselines.pace import Training


class RestingAdapter(Adapter):
    """An adapter that can pause: a subclass says what its agent knows."""

    whole_episodes: ClassVar[bool] = True

    @abstractmethod
    def knowledge(self) -> Weights:
        """Return what the agent has learned, as arrays that are nobody else's."""

    @abstractmethod
    def take_up(self, knowledge: Weights) -> None:
        """Let a new agent know what another has learned."""

    def state(self) -> Weights:
        """Return everything that the learner needs to go on."""
        started = self.environment.start
        return {
            "counts": np.array([self.pace.taken, self.pace.granted], np.int64),
            "generators": as_array([generator.bit_generator.state for generator in self._generators()]),
            "start": np.zeros(0) if started is None else np.array(started),
            **_below("chance", self.chance.state()),
            **_below("agent", self.knowledge()),
        }

    def load(self, state: Weights) -> None:
        """Take up a state of a learner of the same algorithm; its hyperparameters may have been others."""
        self.pace.taken, self.pace.granted = (int(count) for count in state["counts"])
        for generator, saved in zip(self._generators(), from_array(state["generators"]), strict=True):
            generator.bit_generator.state = saved
        self.environment.start = state["start"].copy() if len(state["start"]) else None
        self.chance.load(_above("chance", state))
        self.take_up(_above("agent", state))
        self._training = Training(self.training(), self.pace)

    def _generators(self) -> list[np.random.Generator]:
        """Return all generators but the global ones."""
        worlds: list[Any] = [self.environment.unwrapped, self.measured_in.unwrapped]
        spaces: list[Any] = [self.environment.action_space, self.measured_in.action_space]
        return [self.agent.np_random, *(owner.np_random for owner in (*worlds, *spaces))]


def _below(prefix: str, arrays: Mapping[str, Any]) -> Weights:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _above(prefix: str, arrays: Weights) -> Weights:
    return {name.removeprefix(f"{prefix}/"): a for name, a in arrays.items() if name.startswith(f"{prefix}/")}
