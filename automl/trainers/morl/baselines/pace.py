"""A training that rests when its steps are used up, in the middle of the library's own loop.

The loop runs in a greenlet: where it takes a step of the environment, it hands control back to whoever granted the
steps, and goes on from there when more are granted. So nothing of the loop has to be written again, resting changes
nothing, and steps are counted where they are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]


class Pace:
    """Counts steps, and knows how many are granted.

    It does not know the greenlet that it lets rest: a cycle through the frames of one is never collected.

    Args:
        whole_episodes: whether to rest between two episodes only, so that the state of the environment is not needed.

    Attributes:
        taken: steps so far.
        granted: steps after which to rest.
    """

    def __init__(self, *, whole_episodes: bool) -> None:
        self.whole_episodes = whole_episodes
        self.taken, self.granted = 0, 0

    def before_step(self) -> None:
        """Rest if no steps are left."""
        while not self.whole_episodes and self.taken >= self.granted:
            self._rest()

    def before_episode(self) -> None:
        """Rest if no steps are left."""
        while self.whole_episodes and self.taken >= self.granted:
            self._rest()

    def _rest(self) -> None:
        parent = getcurrent().parent
        assert parent is not None  # the training is never the main greenlet
        parent.switch()


class Training:
    """The library's loop, beside the caller.

    Args:
        train: never returns, or is called again; must not refer to whoever holds the training.
        pace: of its environments.
    """

    def __init__(self, train: Callable[[], object], pace: Pace) -> None:
        self.pace = pace
        self._running = greenlet(_endless(train))

    def advance(self, steps: int) -> None:
        """Grant so many more steps, and return when they are taken.

        Raises:
            RuntimeError: if the training has ended with an error before.
        """
        self.pace.granted += steps
        if self._running.dead:
            raise RuntimeError("This training has ended with an error; begin a new one.")
        if self.pace.taken < self.pace.granted:
            self._running.parent = getcurrent()
            self._running.switch()


def _endless(train: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        while True:
            train()

    return run


class Paced(gymnasium.Wrapper):  # type: ignore[misc]
    """An environment whose steps are counted, and whose episodes are cut off at a limit.

    Args:
        environment: what is wrapped.
        pace: shared by all environments of a learner.
        limit: steps of an episode; 0 for none.
        seen: turns observations into those that the algorithm can read.
        space: of these.
    """

    def __init__(
        self, environment: Any, pace: Pace, limit: int, *, seen: Callable[[Any], Any] | None, space: Any
    ) -> None:
        super().__init__(environment)
        self._pace, self._limit, self._seen, self._steps = pace, limit, seen, 0
        self.start: Any = None
        """The last first observation."""
        if seen is not None:
            self.observation_space = space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._pace.before_episode()
        self._steps = 0
        observation, info = self.env.reset(seed=seed, options=options)
        self.start = observation if self._seen is None else self._seen(observation)
        return self.start, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self._pace.before_step()
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._pace.taken += 1
        self._steps += 1
        cut = 0 < self._limit <= self._steps
        if self._seen is not None:
            observation = self._seen(observation)
        return observation, np.asarray(reward), terminated, bool(truncated or cut), info
