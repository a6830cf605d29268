"""Generalised policy improvement with networks, without and with a model of the environment."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch

from automl.core.errors import UsageError
from automl.trainers.morl.baselines.adapter import Adapter, Following
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Policy

NEEDS = ("cdd", "cvxpy")
MODELLED = (
    "hopper", "halfcheetah", "humanoid", "lunar-lander", "mo-reacher", "mountaincar", "minecart", "mo-highway",
    "deep-sea-treasure-v0",
)  # fmt: skip
"""Parts of the ids of environments for which the library knows when an imagined episode ends."""


class GpiLs(Adapter):
    """Networks for all weights; a policy for each of the plan's. It cannot pause."""

    name = "GPILS"

    def build(self) -> Any:
        """Return the library's agent."""
        made = library("multi_policy.gpi_pd.gpi_pd", self.name, NEEDS)
        return made(self.environment, **self.arguments(), log=False, seed=self.seed, device="cpu")

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        late = {} if own["updates_schedule"] == "library" else {"dynamics_rollout_starts": self.decay("updates_start")}
        return {
            **self.exploration(),
            **self.target(),
            **late,  # the library's name for the step from which there are several updates
            "learning_rate": own["learning_rate"],
            "buffer_size": own["buffer_size"],
            "net_arch": self.shape(),
            "num_nets": own["networks"],
            "batch_size": own["batch_size"],
            "learning_starts": own["learning_starts"],
            "gradient_updates": own["gradient_updates"],
            "gamma": self.gamma,
            "max_grad_norm": own["max_grad_norm"] if own["clipping"] else None,
            "use_gpi": own["improvement"],
            "alpha_per": own["priority_exponent"],
            "min_priority": own["least_priority"],
            "drop_rate": own["dropout"],
            "layer_norm": own["layer_norm"],
        }

    def training(self) -> Callable[[], object]:
        return self.measured(
            num_eval_weights_for_front=self.plan.objectives,
            num_eval_episodes_for_front=self.own["probes"],
            timesteps_per_iter=self.share("rounds"),
            weight_selection_algo=self.own["selection"],
            checkpoints=False,
        )

    def networks(self) -> Iterable[torch.nn.Module]:
        return tuple(self.agent.q_nets)

    def found(self) -> Sequence[Policy]:
        rested = copy.copy(self.agent)
        rested.q_nets = copy.deepcopy(self.agent.q_nets)
        rested.weight_support = list(self.agent.weight_support)
        return [Following(partial(rested.eval, w=weights), self.see) for weights in self.plan.weights]


class GpiPd(GpiLs):
    """The same, learning from imagined steps, too; these are not counted."""

    name = "GPIPD"

    def build(self) -> Any:
        """Return the library's agent."""
        name = getattr(self.environment.unwrapped.spec, "id", "")
        if not any(part in name for part in MODELLED):
            raise UsageError(
                f"gpi-pd does not know when an imagined episode of '{name or 'this environment'}' ends.",
                "Type: --set algorithm=gpi-ls",
            )
        return super().build()

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        return {
            **super().arguments(),
            "dynamics_net_arch": [own["model_width"]] * own["model_depth"],
            "dynamics_ensemble_size": own["model_members"],
            "dynamics_rollout_len": own["model_rollout"],
            "dynamics_rollout_batch_size": own["model_batch"],
            "dynamics_uncertainty_threshold": own["model_doubt"],
            "real_ratio": own["real_share"],
        }
