"""A reference point for an environment that nobody has given one: what policies at random return at worst."""

from __future__ import annotations

import numpy as np

from automl.trainers.morl.environments import Environment
from automl.trainers.morl.tabular.chance import own_chance, seed_globals

EPISODES = 100
MARGIN = 0.1
"""Share of the range of returns that the point lies below the worst of them."""


def probed(environment: Environment, gamma: float, seed: int) -> tuple[float, ...]:
    """Return a point below all returns of episodes at random."""
    with own_chance():
        seed_globals(seed)
        made = environment.make()
        made.action_space.seed(seed)
        found = []
        for episode in range(EPISODES):
            made.reset(seed=seed if episode == 0 else None)
            gained, discount = np.zeros(environment.objectives), 1.0
            for _ in range(environment.limit):
                _, reward, terminated, truncated, _ = made.step(made.action_space.sample())
                gained += discount * np.asarray(reward, dtype=np.float64)
                discount *= gamma
                if terminated or truncated:
                    break
            found.append(gained)
    returns = np.array(found)
    spread = np.maximum(np.ptp(returns, axis=0), 1.0)
    return tuple(float(x) for x in returns.min(axis=0) - MARGIN * spread)
