"""An environment as a table that fills itself, for compiled loops.

A step that draws no random number is a function of the environment's inner state and the action. It is taken once, in
the environment itself, and then stands in the table. A step that does draw is taken in the environment every time. So a
learner meets exactly the transitions, and the environment exactly the random numbers, that it would without a table;
only the tenth visit costs nothing. Going to the next episode is a step like any other.

States are inner states; what a learner sees of them are observations, numbered from 0 as they are met.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.tabular import chance
from automl.trainers.morl.tabular.snapshot import Snapshot, copied, frozen, state_names

UNKNOWN, DRAWS = -1, -2
"""In place of a next state: the step was never taken; it draws random numbers."""
RUNNING, TERMINATED, TRUNCATED = 0, 1, 2
"""How a step ends."""
MOST_STATES = 200_000
"""Beyond so many states the table is begun again with the next run."""
_FIRST_ROWS = 256
_WALK = 1000
"""Steps of the walk that decides whether states come back at all."""

Array = npt.NDArray[Any]


class World:
    """A discrete environment, stepped by number.

    Args:
        make: makes the environment, without a limit of time.
        limit: steps after which an episode is cut off; 0 for none.
        tabulate: False steps the environment itself, always.

    Attributes:
        actions: number of actions; the action of that number begins the next episode.
        objectives: length of a reward.
        next: (states, actions + 1) numbers of the states that follow, or `UNKNOWN`, or `DRAWS`.
        reward: (states, actions + 1, objectives).
        end: (states, actions + 1), `RUNNING`, `TERMINATED` or `TRUNCATED`.
        seen: (states,) number of the observation of each state.
        observations: all observations met, in order of their numbers.
    """

    def __init__(self, make: Callable[[], Any], limit: int, *, tabulate: bool = True) -> None:
        self._wrapped = make()
        self._env = self._wrapped.unwrapped
        self.limit = limit
        self.actions = int(self._env.action_space.n)
        self._first_action = int(getattr(self._env.action_space, "start", 0))
        self.objectives = int(self._env.reward_space.shape[0])
        with chance.own_chance():
            self._wrapped.reset(seed=0)
            self._names = state_names(self._env) if tabulate else None
            self._clear()
            self._at: int | None = None
            if self._names is not None and not self._comes_back():
                self._names = None
            self._clear()

    @property
    def tabulated(self) -> bool:
        """Whether steps are looked up."""
        return self._names is not None

    def _clear(self) -> None:
        self._snapshots: list[Snapshot] = []
        self._numbers: dict[Hashable, int] = {}
        self._kept: dict[Hashable, tuple[int, Any]] = {}
        self.observations: list[Array] = []
        self._observed: dict[Hashable, int] = {}
        rows, columns = _FIRST_ROWS, self.actions + 1
        self.next = np.full((rows, columns), UNKNOWN, np.int64)
        self.reward = np.zeros((rows, columns, self.objectives))
        self.end = np.zeros((rows, columns), np.int64)
        self.seen = np.zeros(rows, np.int64)

    def begin(self, seed: int) -> int:
        """Seed everything and begin the first episode of a run; return its state."""
        if len(self._snapshots) > MOST_STATES:
            self._clear()
        chance.seed_globals(seed)
        observation, _ = self._env.reset(seed=seed)
        return self._number(observation)

    def step(self, state: int, action: int) -> tuple[int, Array, int]:
        """Take a step in the environment itself; return the next state, the reward, and how it ends."""
        self._go_to(state)
        check = self.tabulated and self.next[state, action] == UNKNOWN
        before = chance.fingerprint(self._env) if check else None
        following, reward, end = self._taken(action)
        if check:
            drew = chance.fingerprint(self._env) != before
            self.next[state, action] = DRAWS if drew else following
            self.reward[state, action], self.end[state, action] = reward, end
        return following, reward, end

    def number_of(self, observation: Any) -> int:
        """Return the number of an observation, which is a new one if it was never met."""
        array = np.array(observation)
        key = array.tobytes()
        found = self._observed.setdefault(key, len(self.observations))
        if found == len(self.observations):
            self.observations.append(array)
        return found

    def chance(self) -> dict[str, Array]:
        """Return the state of the random numbers."""
        return chance.dump(self._env)

    def load_chance(self, state: dict[str, Array]) -> None:
        """Take up a state of `chance`."""
        chance.load(self._env, state)

    def _taken(self, action: int) -> tuple[int, Array, int]:
        if action == self.actions:
            observation, _ = self._env.reset()
            return self._number(observation), np.zeros(self.objectives), RUNNING
        observation, reward, terminated, truncated, _ = self._env.step(action + self._first_action)
        end = TERMINATED if terminated else TRUNCATED if truncated else RUNNING
        return self._number(observation), np.asarray(reward, dtype=np.float64), end

    def _go_to(self, state: int) -> None:
        if self._names is not None and self._at != state:
            vars(self._env).update({name: copied(value) for name, value in self._snapshots[state].items()})
            self._at = state

    def _number(self, observation: Any) -> int:
        """Return the number of the state that the environment is in now."""
        if self._names is None:
            found = self.number_of(observation)
            self._grow(found)
            self.seen[found], self.next[found] = found, DRAWS
            return found
        values = vars(self._env)
        interned = [self._intern(values[name]) for name in self._names]
        key = (np.array(observation).tobytes(), *(number for number, _ in interned))
        found = self._numbers.setdefault(key, len(self._snapshots))
        if found == len(self._snapshots):
            self._snapshots.append({name: value for name, (_, value) in zip(self._names, interned, strict=True)})
            self._grow(found)
            self.seen[found] = self.number_of(observation)
        self._at = found
        return found

    def _intern(self, value: Any) -> tuple[int, Any]:
        """Return a number for a value, and one copy for all snapshots in which it is the same."""
        key = frozen(value)
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = (len(self._kept), copied(value))
        return known

    def _grow(self, row: int) -> None:
        while row >= len(self.seen):
            self.next = np.concatenate([self.next, np.full_like(self.next, UNKNOWN)])
            self.reward = np.concatenate([self.reward, np.zeros_like(self.reward)])
            self.end = np.concatenate([self.end, np.zeros_like(self.end)])
            self.seen = np.concatenate([self.seen, np.zeros_like(self.seen)])

    def _comes_back(self) -> bool:
        """Say whether a random walk meets states again and mostly draws no random numbers, so that a table pays."""
        rng = np.random.default_rng(0)
        state, time, drawn = self.begin(0), 0, 0
        for _ in range(_WALK):
            action, before = int(rng.integers(self.actions)), state
            state, _, end = self.step(before, action)
            drawn += int(self.next[before, action] == DRAWS)
            time += 1
            if end != RUNNING or (self.limit and time >= self.limit):
                state, time = self._taken(self.actions)[0], 0
            if set(self._names or ()) != set(state_names(self._env) or ()):
                return False  # it has grown an attribute
        return len(self._snapshots) < _WALK // 2 and drawn < _WALK // 2
