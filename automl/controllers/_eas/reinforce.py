"""The update of EAS: REINFORCE (Williams 1992), one terminal reward shared by all answers of a child.

    loss = - sum_children log pi(child) * (R - b) / n  -  entropy_weight * mean entropy

One update per batch of children, with Adam.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from automl.controllers._eas.parameters import Parameters
from automl.controllers._eas.policy import Policy, one_thread
from automl.controllers._eas.questions import Episode
from automl.controllers._eas.reward import BaselineKind, Floats, advantages_of, next_baseline


@dataclass(frozen=True, slots=True)
class Learning:
    """How the policy learns.

    Attributes:
        lr: learning rate of Adam.
        entropy_weight: weight of the entropy bonus.
        baseline: what is subtracted from the reward (`next_baseline`).
        standardised: divide the advantages by their standard deviation within the batch.
    """

    lr: float
    entropy_weight: float
    baseline: BaselineKind
    standardised: bool


class Reinforce:
    """A policy that learns from rewarded episodes."""

    def __init__(self, seed: int, learning: Learning, dtype: torch.dtype = torch.float32) -> None:
        self._seed, self._dtype = seed, dtype
        self._learning = learning
        self._begin()

    def _begin(self) -> None:
        self._parameters = Parameters(self._seed, self._learning.lr, self._dtype)
        self.policy = Policy(self._parameters)
        self._baseline: float | None = None

    def update(self, episodes: Sequence[Episode], rewards: Floats) -> dict[str, float]:
        """Learn from one batch; return reward, baseline, entropy and loss."""
        mean = float(rewards.mean())
        self._baseline = next_baseline(self._learning.baseline, self._baseline, mean)
        advantages = advantages_of(rewards, self._baseline, standardised=self._learning.standardised)
        with one_thread():
            log_likelihood, entropy = self.policy.log_likelihood(episodes)
            weighted = log_likelihood * torch.from_numpy(advantages).to(log_likelihood.dtype)
            loss = -weighted.mean() - self._learning.entropy_weight * entropy.mean()
            if loss.requires_grad:  # not where every question had one answer
                self._parameters.descend(loss)
        self.policy.forget()
        return {
            "reward": mean,
            "baseline": self._baseline,
            "entropy": float(entropy.detach().mean()),
            "loss": float(loss.detach()),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return parameters, moments and baseline."""
        return {**self._parameters.state_dict(), "baseline": self._baseline}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`; whatever was learned before is dropped."""
        self._begin()
        self._parameters.load_state_dict(state)
        self._baseline = state["baseline"]
