"""Envelope Q-learning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch

from automl.trainers.morl.baselines.adapter import ENDLESS, Adapter, Following
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Policy


class Envelope(Adapter):
    """One Q-network for all weights; a policy for each of the plan's. It can pause."""

    whole_episodes = True

    def build(self) -> Any:
        """Return the library's agent."""
        return library("multi_policy.envelope.envelope", "Envelope")(
            self.environment, **self.arguments(), log=False, seed=self.seed, device="cpu"
        )

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        falls = own["homotopy"]
        return {
            **self.exploration(),
            **self.target(),
            "learning_rate": own["learning_rate"],
            "buffer_size": own["buffer_size"],
            "net_arch": self.shape(),
            "batch_size": own["batch_size"],
            "learning_starts": own["learning_starts"],
            "gradient_updates": own["gradient_updates"],
            "gamma": self.gamma,
            "max_grad_norm": own["max_grad_norm"],
            "envelope": own["envelope"],
            "num_sample_w": own["sampled_weights"],
            "per": own["priorities"],
            "per_alpha": own.get("priority_exponent", 0.6),
            "initial_homotopy_lambda": own["homotopy_start"] if falls else 0.0,
            "final_homotopy_lambda": own["homotopy_end"] if falls else 1.0,
            "homotopy_decay_steps": self.decay("homotopy_decay") if falls else None,
        }

    def training(self) -> Callable[[], object]:
        return partial(self.agent.train, ENDLESS, reset_num_timesteps=False, num_eval_weights_for_front=2)

    def networks(self) -> Iterable[torch.nn.Module]:
        return (self.agent.q_net,)

    def found(self) -> Sequence[Policy]:
        rested = copy.copy(self.agent)
        rested.q_net = copy.deepcopy(self.agent.q_net)
        return [Following(partial(rested.eval, w=weights), self.see) for weights in self.plan.weights]
