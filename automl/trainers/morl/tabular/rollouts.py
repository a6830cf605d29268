"""Episodes of a fixed policy, and what they return."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.tabular import kernels as k
from automl.trainers.morl.tabular.world import World

Array = npt.NDArray[Any]


def table_of(world: World) -> k.Plain:
    """Return what a loop sees of a world now, a `Table` without names; taking a step may make it out of date."""
    return world.next, world.reward, world.end, world.seen, world.limit


def answer(world: World, register: Array, outcome: Array) -> None:
    """Take the step that a loop asks for."""
    following, reward, end = world.step(int(register[k.STATE]), int(register[k.ACTION]))
    register[k.FOLLOWING], register[k.END] = following, end
    outcome[:] = reward


def returns(world: World, policy: Array, state: int, episodes: int, gamma: float) -> tuple[Array, int, int]:
    """Follow a policy from a state that begins an episode.

    Args:
        world: where.
        policy: an action for every observation of the world so far; of later ones the first is taken.
        state: where the first episode begins.
        episodes: how many.
        gamma: discount of the returns.

    Returns:
        The returns (episodes, objectives), the steps taken, and the last state, at which an episode is over.
    """
    register, outcome = np.zeros(k.REGISTERS, np.int64), np.zeros(world.objectives)
    register[k.STATE], register[k.TARGET] = state, episodes
    gained = np.zeros((episodes, world.objectives))
    while True:
        missing = len(world.observations) - len(policy)
        if missing > 0:
            policy = np.concatenate([policy, np.zeros(missing, np.int64)])
        if k.roll(table_of(world), policy, register, outcome, gained, gamma) == k.DONE:
            return gained, int(register[k.STEP]), int(register[k.STATE])
        answer(world, register, outcome)
