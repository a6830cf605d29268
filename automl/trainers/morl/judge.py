"""The judge: follows policies under its own discount, whatever they were learned with.

Where chance plays a part, the policies that no other dominates are selected on one batch of episodes and scored on
another: the best of many noisy values is flattered by its noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.indicators import non_dominated
from automl.trainers.morl.learner import Policy
from automl.trainers.morl.seeds import seed_of
from automl.trainers.morl.tabular.chance import own_chance, seed_globals

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Judge:
    """How policies are measured.

    Attributes:
        make: makes the environment.
        objectives: length of a reward.
        gamma: discount.
        limit: steps after which an episode is cut off.
        episodes: of one batch.
        chance: whether episodes can differ; without it one episode says everything.
        seed: of the episodes.
    """

    make: Callable[[], Any]
    objectives: int
    gamma: float
    limit: int
    episodes: int
    chance: bool
    seed: int
    _made: list[Any] = field(default_factory=list)

    def front(self, policies: Sequence[Policy]) -> Array:
        """Return the mean returns (points, objectives) of the policies worth keeping.

        Raises:
            FloatingPointError: if a return is no finite number.
        """
        selecting = self._values(policies, "selecting")
        if not self.chance:
            return non_dominated(selecting)
        import moocore

        kept = np.flatnonzero(moocore.is_nondominated(selecting, maximise=True))
        return non_dominated(self._values([policies[int(i)] for i in kept], "scoring"))

    def _values(self, policies: Sequence[Policy], stream: Any) -> Array:
        seed = seed_of(stream, self.seed)
        with own_chance():
            values = np.array([self._returns(policy, seed).mean(axis=0) for policy in policies])
        if not np.isfinite(values).all():
            raise FloatingPointError("A policy returns no finite numbers.")
        return values

    def _returns(self, policy: Policy, seed: int) -> Array:
        """Return the returns (episodes, objectives) of a policy; all policies meet the same seed.

        It draws from the global generators, whose states its caller keeps.
        """
        episodes = self.episodes if self.chance else 1
        tabular = getattr(policy, "returns", None)
        if tabular is not None:
            found: Array = tabular(episodes, self.gamma, seed)
            return found
        seed_globals(seed)
        environment = self._environment()
        return np.array([self._episode(environment, policy, seed if i == 0 else None) for i in range(episodes)])

    def _environment(self) -> Any:
        """Return an environment; a new one for each policy, but where nothing is left to chance."""
        if self.chance:
            return self.make()
        if not self._made:
            self._made.append(self.make())
        return self._made[0]

    def _episode(self, environment: Any, policy: Policy, seed: int | None) -> Array:
        observation, _ = environment.reset(seed=seed)
        act, discount = policy.start(), 1.0
        gained, reward = np.zeros(self.objectives), np.zeros(self.objectives)
        for _ in range(self.limit):
            observation, reward, terminated, truncated, _ = environment.step(act(observation, reward))
            gained += discount * np.asarray(reward, dtype=np.float64)
            discount *= self.gamma
            if terminated or truncated:
                break
        return gained
