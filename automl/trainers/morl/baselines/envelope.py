"""Envelope Q-learning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from automl.core.records import Weights
from automl.trainers.morl.baselines import fitted, memory
from automl.trainers.morl.baselines.adapter import ENDLESS
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.baselines.paused import RestingAdapter
from automl.trainers.morl.baselines.weighted import Weighted
from automl.trainers.morl.learner import Policy


class Envelope(RestingAdapter):
    """One Q-network for all weights; a policy for each of the plan's.

    It can pause. A network of another shape begins afresh, on what the memory holds.
    """

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
        unused = self.plan.objectives  # weights of the library's own evaluation; fewer than these it cannot make
        return partial(self.agent.train, ENDLESS, reset_num_timesteps=False, num_eval_weights_for_front=unused)

    def networks(self) -> Iterable[torch.nn.Module]:
        return (self.agent.q_net,)

    def found(self) -> Sequence[Policy]:
        return Weighted(copy.deepcopy(self.agent.q_net), self.plan.weights).policies(self.see)

    def knowledge(self) -> Weights:
        agent = self.agent
        return {
            "step": np.array(agent.global_step, np.int64),
            **fitted.dump(self._fitted(), agent.q_optim),
            **{f"memory/{name}": array for name, array in memory.dump(agent.replay_buffer).items()},
        }

    def take_up(self, knowledge: Weights) -> None:
        agent = self.agent
        agent.global_step = int(knowledge["step"])
        fitted.load(self._fitted(), agent.q_optim, knowledge)
        kept = {k.removeprefix("memory/"): a for k, a in knowledge.items() if k.startswith("memory/")}
        memory.load(agent.replay_buffer, kept)
        begun = agent.global_step >= agent.learning_starts
        if begun and agent.epsilon_decay_steps is not None:
            agent.epsilon = self._now("epsilon", agent.epsilon_decay_steps)
        if begun and agent.homotopy_decay_steps is not None:
            agent.homotopy_lambda = self._now("homotopy_lambda", agent.homotopy_decay_steps)

    def _fitted(self) -> dict[str, torch.nn.Module]:
        return {"network": self.agent.q_net, "target": self.agent.target_q_net}

    def _now(self, name: str, length: int) -> Any:
        """Return what a schedule of the library says at this step."""
        agent = self.agent
        falling = library("common.utils", "linearly_decaying_value")
        start, end = getattr(agent, f"initial_{name}"), getattr(agent, f"final_{name}")
        return falling(start, length, agent.global_step, agent.learning_starts, end)
