"""MORL/D: decomposition, with soft actor-critics as members."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import gymnasium
import torch

from automl.trainers.morl.baselines.adapter import Adapter, Following
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Policy

LONGEST = 4
"""Trainings that a member's memory holds at most: the library copies it for every policy it puts into its archive."""
NEIGHBOURS = 1


class Morld(Adapter):
    """A population; a policy for each member, and for each in the archive. It cannot pause.

    Policies take the most probable action; the library's own measurements draw one. Of its ways to share knowledge the
    one that copies networks to neighbours fails for soft actor-critics in 1.3.0, and so does the Chebyshev
    scalarisation; they are left out.
    """

    kinds = (gymnasium.spaces.Discrete, gymnasium.spaces.Box)

    def build(self) -> Any:
        """Return the library's agent."""
        return library("multi_policy.morld.morld", "MORLD")(
            self.environment, **self.arguments(), log=False, seed=self.seed % 2**31, device="cpu"
        )

    @property
    def discrete(self) -> bool:
        """Whether actions are."""
        return isinstance(self.environment.action_space, gymnasium.spaces.Discrete)

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        return {
            "policy_name": "MOSACDiscrete" if self.discrete else "MOSAC",
            "policy_args": {**self.members(), "device": "cpu"},
            "gamma": self.gamma,
            "pop_size": own["population"],
            "exchange_every": self.share("exchanges"),
            "neighborhood_size": NEIGHBOURS,
            "shared_buffer": own["shared_buffer"],
            "update_passes": own["update_passes"],
            "weight_init_method": own["first_weights"],
            "weight_adaptation_method": "PSA" if own["adaptation"] == "psa" else None,
        }

    def members(self) -> dict[str, Any]:
        """Return the hyperparameters of a member under the library's names."""
        own, most = self.own, LONGEST * self.plan.steps
        if own["members"] == "library":
            return {"buffer_size": min(1_000_000, most)}
        every = {"target_net_freq": 4} if self.discrete else {}  # at every update, where the library says 2000 steps
        return {
            **every,
            "buffer_size": min(own["buffer_size"], most),
            "tau": own["tau"],
            "batch_size": own["batch_size"],
            "learning_starts": own["learning_starts"],
            "net_arch": self.shape(),
            "policy_lr": own["learning_rate"],
            "q_lr": own["critic_rate"],
            "autotune": own["automatic_entropy"],
            "alpha": own.get("entropy", 0.2),
        }

    def training(self) -> Callable[[], object]:
        return self.measured(
            num_eval_episodes_for_front=self.own["probes"],
            checkpoints=False,
        )

    def networks(self) -> Iterable[torch.nn.Module]:
        return [network for one in self.agent.population for network in (one.wrapped.actor, one.wrapped.qf1)]

    def found(self) -> Sequence[Policy]:
        every = [*self.agent.archive.individuals, *self.agent.population]
        actors = [copy.deepcopy(one.wrapped.actor) for one in every]
        act = _likeliest if self.discrete else _middle
        return [Following(partial(act, actor), self.see) for actor in actors]


@torch.no_grad()
def _likeliest(actor: torch.nn.Module, observation: Any) -> int:
    return int(actor(torch.as_tensor(observation).float().unsqueeze(0)).argmax())


@torch.no_grad()
def _middle(actor: Any, observation: Any) -> Any:
    mean, _ = actor(torch.as_tensor(observation).float().unsqueeze(0))
    return (torch.tanh(mean) * actor.action_scale + actor.action_bias)[0].numpy()
