"""Multi-policy Q-learning of the library, one table after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.baselines.adapter import Adapter
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.learner import Actor, Policy

Array = npt.NDArray[Any]

NEEDS = {"random": (), "ols": ("cdd", "cvxpy"), "gpi-ls": ("cdd",)}
"""What a selection of weights needs besides."""


class MpMoqLearning(Adapter):
    """A greedy policy for each table; with improvement one for each of the plan's weights, from all of them.

    It cannot pause: `tabular` can, and is the same idea.
    """

    def build(self) -> Any:
        """Return the library's agent."""
        made = library(
            "multi_policy.multi_policy_moqlearning.mp_mo_q_learning", "MPMOQLearning", NEEDS[self.own["selection"]]
        )
        return made(self.environment, **self.arguments(), log=False, seed=self.seed)

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        own = self.own
        return {
            **self.exploration(),
            "learning_rate": own["learning_rate"],
            "gamma": self.gamma,
            "weight_selection_algo": own["selection"],
            "use_gpi_policy": own["improvement"],
            "transfer_q_table": own["transfer"],
            "dyna": own["model"],
            "dyna_updates": own.get("model_updates", 5),
            "gpi_pd": own.get("model_priorities", False),
        }

    def training(self) -> Callable[[], object]:
        return self.measured(
            timesteps_per_iteration=self.share("policies"),
            num_eval_weights_for_front=self.plan.objectives,
            num_eval_episodes_for_front=self.own["probes"],
        )

    def found(self) -> Sequence[Policy]:
        tables = [{seen: values.copy() for seen, values in one.q_table.items()} for one in self.agent.policies]
        own = [one.weights for one in self.agent.policies]
        seen = partial(Greedy, see=self.see, actions=int(self.environment.action_space.n), seed=self.seed)
        if self.own["improvement"]:
            return [seen(tables, weights) for weights in (*own, *self.plan.weights)]
        return [seen([table], weights) for table, weights in zip(tables, own, strict=True)]


@dataclass(frozen=True, slots=True)
class Greedy:
    """The action that is best for some weights in the best of some tables.

    Attributes:
        tables: by observation, each (actions, objectives).
        weights: (objectives,).
        see: turns observations into those of the tables.
        actions: how many.
        seed: of the action at an observation that no table knows.
    """

    tables: Sequence[Mapping[Any, Array]]
    weights: Array
    see: Callable[[Any], Any] | None
    actions: int
    seed: int

    def start(self) -> Actor:
        """Return the actor of a new episode."""
        rng = np.random.default_rng(self.seed)

        def act(observation: Any, reward: Array) -> int:
            key = tuple(observation if self.see is None else self.see(observation))
            values = [table[key] @ self.weights for table in self.tables if key in table]
            return int(np.max(values, axis=0).argmax()) if values else int(rng.integers(self.actions))

        return act
