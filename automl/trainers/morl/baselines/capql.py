"""CAPQL: concave-augmented Pareto Q-learning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import torch

from automl.trainers.morl.baselines.adapter import Adapter, Following
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Policy


class Capql(Adapter):
    """An actor for all weights; a policy for each of the plan's. It cannot pause."""

    kinds = (gymnasium.spaces.Box,)

    def build(self) -> Any:
        """Return the library's agent."""
        return library("multi_policy.capql.capql", "CAPQL")(
            self.environment, **self.arguments(), log=False, seed=self.seed, device="cpu"
        )

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        return {
            "learning_rate": own["learning_rate"],
            "gamma": self.gamma,
            "tau": own["tau"],
            "buffer_size": own["buffer_size"],
            "net_arch": self.shape(),
            "batch_size": own["batch_size"],
            "num_q_nets": own["networks"],
            "alpha": own["concavity"],
            "learning_starts": own["learning_starts"],
            "gradient_updates": own["gradient_updates"],
        }

    def training(self) -> Callable[[], object]:
        return self.measured(
            num_eval_weights_for_front=self.plan.objectives,
        )

    def networks(self) -> Iterable[torch.nn.Module]:
        return (self.agent.policy, *self.agent.q_nets)

    def found(self) -> Sequence[Policy]:
        rested = copy.copy(self.agent)
        rested.policy = copy.deepcopy(self.agent.policy)
        return [Following(partial(_act, rested, weights), self.see) for weights in self.plan.weights]


def _act(agent: Any, weights: Any, observation: Any) -> Any:
    return agent.eval(np.asarray(observation), weights)
