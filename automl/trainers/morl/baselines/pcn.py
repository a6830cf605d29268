"""Pareto conditioned networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import torch

from automl.trainers.morl.baselines.adapter import Adapter
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Actor, Policy

Array = npt.NDArray[Any]


class Pcn(Adapter):
    """A network that is told what to reach; a policy for each return that is remembered. It cannot pause."""

    kinds = (gymnasium.spaces.Discrete, gymnasium.spaces.Box)

    def build(self) -> Any:
        """Return the library's agent."""
        return library("multi_policy.pcn.pcn", "PCN")(
            self.environment, **self.arguments(), log=False, seed=self.seed, device="cpu"
        )

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        return {
            "scaling_factor": np.array([own["return_scale"]] * self.plan.objectives + [own["horizon_scale"]]),
            "learning_rate": own["learning_rate"],
            "gamma": self.gamma if own["discounting"] else 1.0,
            "batch_size": own["batch_size"],
            "hidden_dim": own["hidden"],
            "noise": own["noise"],
        }

    @property
    def best(self) -> Array:
        """The largest return (objectives,) that is asked for."""
        return np.full(self.plan.objectives, self.own["max_return"], np.float32)

    def training(self) -> Callable[[], object]:
        return self.measured(
            num_er_episodes=self.own["warm_up_episodes"],
            num_step_episodes=self.own["episodes"],
            num_model_updates=self.own["model_updates"],
            max_return=self.best,
            max_buffer_size=self.own["buffer_episodes"],
        )

    def networks(self) -> Iterable[torch.nn.Module]:
        return (self.agent.model,)

    def found(self) -> Sequence[Policy]:
        rested = copy.copy(self.agent)
        rested.model = copy.deepcopy(self.agent.model)
        met = {(tuple(map(float, one[2][0].reward)), len(one[2])) for one in self.agent.experience_replay}
        wishes = sorted(met) or [((0.0,) * self.plan.objectives, 1)]
        return [Wish(rested, np.array(wanted, np.float32), steps, self.best, self.see) for wanted, steps in wishes]


@dataclass(frozen=True, slots=True)
class Wish:
    """A policy that tries to reach a return in so many steps.

    Attributes:
        agent: the library's, at rest.
        wanted: the return (objectives,).
        steps: within which.
        best: the largest return that is asked for (objectives,).
        see: turns observations into those that the agent can read.
    """

    agent: Any
    wanted: Array
    steps: int
    best: Array
    see: Callable[[Any], Any] | None

    def start(self) -> Actor:
        """Return an actor that always knows what is left to reach."""
        wanted, left, first = self.wanted, float(self.steps), True

        def act(observation: Any, reward: Array) -> Any:
            nonlocal wanted, left, first
            if not first:
                wanted = np.clip(wanted - reward, None, self.best, dtype=np.float32)
                left = max(left - 1.0, 1.0)
            first = False
            seen = observation if self.see is None else self.see(observation)
            return self.agent._act(seen, wanted, left, eval_mode=True)

        return act
