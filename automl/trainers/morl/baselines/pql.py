"""Pareto Q-learning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.records import Weights
from automl.trainers.morl.baselines.adapter import ENDLESS
from automl.trainers.morl.baselines.library import library
from automl.trainers.morl.baselines.paused import RestingAdapter
from automl.trainers.morl.learner import Actor, Policy

Array = npt.NDArray[Any]

MOST_CELLS = 2_000_000
"""Pairs of an observation and an action: each has a set of returns."""


class Pql(RestingAdapter):
    """Tables of sets of returns; a policy for each return of the set where episodes start. It can pause."""

    def build(self) -> Any:
        """Return the library's agent."""
        space = self.environment.observation_space
        cells = math.prod(int(n) for n in space.nvec) * int(self.environment.action_space.n)
        if cells > MOST_CELLS:
            raise UsageError(
                f"Pareto Q-learning keeps a set for each of {cells:.3g} pairs of an observation and an action here.",
                "Type: --set algorithm=tabular",
            )
        return library("multi_policy.pareto_q_learning.pql", "PQL")(
            self.environment, np.array(self.plan.reference), **self.arguments(), log=False, seed=self.seed
        )

    def arguments(self) -> dict[str, Any]:
        """Return the hyperparameters under the library's names."""
        schedule = self.exploration()
        if self.own["epsilon_schedule"] == "library":
            del schedule["epsilon_decay_steps"]
        return {**schedule, "gamma": self.gamma}

    def training(self) -> Callable[[], object]:
        return partial(self.agent.train, ENDLESS, self.measured_in, action_eval=self.own["score"])

    def readable(self, space: Any) -> tuple[Any, Callable[[Any], Any] | None]:
        """Return observations counted from zero, which is how the library counts them."""
        if isinstance(space, gymnasium.spaces.MultiDiscrete):
            return space, None
        if isinstance(space, gymnasium.spaces.Discrete):
            low, high = np.array([space.start]), np.array([space.start + space.n - 1])
        else:
            low, high = space.low.astype(np.int64), space.high.astype(np.int64)
        return gymnasium.spaces.MultiDiscrete(high - low + 1), partial(_counted, low)

    def found(self) -> Sequence[Policy]:
        agent = self.agent
        tables = Tables(
            [list(row) for row in agent.non_dominated], agent.avg_reward.copy(), agent.gamma, tuple(agent.env_shape)
        )
        started = self.environment.start
        returns = agent.get_local_pcs(state=0 if started is None else tables.number(started))
        return [Pursuit(tables, np.array(aim), self.see) for aim in sorted(returns)]

    def knowledge(self) -> Weights:
        agent = self.agent
        cells = np.argwhere(agent.counts > 0)
        sets = [agent.non_dominated[row][action] for row, action in cells]
        return {
            "step": np.array(agent.global_step, np.int64),
            "cells": cells,
            "counts": agent.counts[tuple(cells.T)],
            "rewards": agent.avg_reward[tuple(cells.T)],
            "sizes": np.array([len(returns) for returns in sets], np.int64),
            "returns": np.array([one for returns in sets for one in returns]).reshape(-1, agent.num_objectives),
        }

    def take_up(self, knowledge: Weights) -> None:
        agent, cells = self.agent, knowledge["cells"]
        agent.global_step = int(knowledge["step"])
        agent.counts[tuple(cells.T)] = knowledge["counts"]
        agent.avg_reward[tuple(cells.T)] = knowledge["rewards"]
        ends = np.cumsum(knowledge["sizes"])
        for (row, action), end, size in zip(cells, ends, knowledge["sizes"], strict=True):
            agent.non_dominated[row][action] = set(map(tuple, knowledge["returns"][end - size : end]))
        falling = library("common.utils", "linearly_decaying_value")
        agent.epsilon = falling(
            agent.initial_epsilon, agent.epsilon_decay_steps, agent.global_step, 0, agent.final_epsilon
        )


def _counted(low: Array, observation: Any) -> Array:
    counted: Array = np.atleast_1d(observation).astype(np.int64) - low
    return counted


@dataclass(frozen=True, slots=True)
class Tables:
    """What was learned, at rest.

    Attributes:
        sets: of returns after each observation and action.
        rewards: mean (observations, actions, objectives).
        gamma: the discount.
        shape: sizes of the parts of an observation.
    """

    sets: list[list[Any]]
    rewards: Array
    gamma: float
    shape: tuple[int, ...]

    def number(self, observation: Any) -> int:
        """Return the row of an observation."""
        return int(np.ravel_multi_index(tuple(observation), self.shape))

    def toward(self, row: int, aim: Array) -> tuple[int, Array]:
        """Return the action that leads nearest to a return, and what remains of it then."""
        offers = [
            (float(np.abs(self.gamma * np.array(after) + self.rewards[row, action] - aim).sum()), action, after)
            for action, afters in enumerate(self.sets[row])
            for after in sorted(afters)
        ]
        _, action, after = min(offers, key=lambda offer: offer[:2])
        return action, np.array(after)


@dataclass(frozen=True, slots=True)
class Pursuit:
    """A policy that pursues one return.

    Attributes:
        tables: what was learned.
        aim: the return (objectives,), from the start of an episode.
        see: turns observations into those of the tables.
    """

    tables: Tables
    aim: Array
    see: Callable[[Any], Any] | None

    def start(self) -> Actor:
        """Return an actor that always knows what remains of the return."""
        aim = self.aim

        def act(observation: Any, reward: Array) -> int:
            nonlocal aim
            row = self.tables.number(observation if self.see is None else self.see(observation))
            action, aim = self.tables.toward(row, aim)
            return action

        return act
