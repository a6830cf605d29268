"""An environment as a table that fills itself, for compiled loops.

A step that draws no random number is a function of the environment's inner state and the action. It is taken once, in
the environment itself, and then stands in the table. A step that does draw is taken in the environment every time. So a
learner meets exactly the transitions, and the environment exactly the random numbers, that it would without a table;
only the tenth visit costs nothing. Going to the next episode is a step like any other.

Looking at the environment's own generator after every new step is cheap; looking at the two global ones is not. They
are looked at around the beginning of an episode, and when a run pauses: `settle` says if anything was missed.

States are inner states; what a learner sees of them are observations, numbered from 0 as they are met.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.tabular import chance
from automl.trainers.morl.tabular.snapshot import copied, frozen, same, state_names

UNKNOWN, DRAWS = -1, -2
"""In place of a next state: the step was never taken; it draws random numbers."""
RUNNING, TERMINATED, TRUNCATED = 0, 1, 2
"""How a step ends."""
MOST_STATES = 200_000
"""Beyond so many states a table is full: the next run should begin another."""
_FIRST_ROWS = 256
_WALK = 1000
"""Steps of the walk that decides whether states come back at all."""

Array = npt.NDArray[Any]
_Kept: TypeAlias = tuple[int, Any]
"""A value of an attribute and its number."""


class World:
    """A discrete environment, stepped by number.

    Args:
        make: makes the environment, without a limit of time.
        limit: steps after which an episode is cut off; 0 for none.
        tabulate: False steps the environment itself, always.
        careful: True looks at the global generators around every new step.

    Attributes:
        actions: number of actions; the action of that number begins the next episode.
        objectives: length of a reward.
        next: (states, actions + 1) numbers of the states that follow, or `UNKNOWN`, or `DRAWS`.
        reward: (states, actions + 1, objectives).
        end: (states, actions + 1), `RUNNING`, `TERMINATED` or `TRUNCATED`.
        seen: (states,) number of the observation of each state.
        observations: all observations met, in order of their numbers.
    """

    def __init__(self, make: Callable[[], Any], limit: int, *, tabulate: bool = True, careful: bool = False) -> None:
        self._wrapped = make()
        self._env = self._wrapped.unwrapped
        self.limit = limit
        self.actions = int(self._env.action_space.n)
        self._first_action = int(getattr(self._env.action_space, "start", 0))
        self.objectives = int(self._env.reward_space.shape[0])
        with chance.own_chance():
            self._wrapped.reset(seed=0)
            self._names = state_names(self._env) if tabulate else None
            self._careful, self._mark = True, None
            self._clear()
            if self._names is not None and not self._comes_back():
                self._names = None
            self._careful = careful
            self._clear()

    @property
    def tabulated(self) -> bool:
        """Whether steps are looked up."""
        return self._names is not None

    @property
    def full(self) -> bool:
        """Whether the table has become so large that the next run should begin another."""
        return max(len(self._snapshots), len(self.observations)) > MOST_STATES

    def _clear(self) -> None:
        self._snapshots: list[list[_Kept]] = []
        self._current: list[_Kept] = []
        """What the environment's attributes are now; empty if that is not known."""
        self._numbers: dict[Hashable, int] = {}
        self._kept: dict[Hashable, _Kept] = {}
        self.observations: list[Array] = []
        self._observed: dict[Hashable, int] = {}
        rows, columns = _FIRST_ROWS, self.actions + 1
        self.next = np.full((rows, columns), UNKNOWN, np.int64)
        self.reward = np.zeros((rows, columns, self.objectives))
        self.end = np.zeros((rows, columns), np.int64)
        self.seen = np.zeros(rows, np.int64)

    def begin(self, seed: int) -> int:
        """Seed everything and begin the first episode of a run; return its state."""
        chance.seed_globals(seed)
        observation, _ = self._env.reset(seed=seed)
        self._watch()
        return self._number(observation)

    def step(self, state: int, action: int) -> tuple[int, Array, int]:
        """Take a step in the environment itself; return the next state, the reward, and how it ends."""
        if not self.tabulated:
            return self._taken(action)
        self._go_to(state)
        new, around = self.next[state, action] == UNKNOWN, self._careful or action == self.actions
        if around:
            self.settle()
        own, marked = chance.of_own(self._env), self._mark
        following, reward, end = self._taken(action)
        if around:
            self._watch()
        if new:
            drew = chance.of_own(self._env) != own or self._mark != marked
            self.next[state, action] = DRAWS if drew else following
            self.reward[state, action], self.end[state, action] = reward, end
        return following, reward, end

    def settle(self) -> None:
        """Make sure that only steps that may draw have drawn from the global generators.

        Raises:
            GlobalChance: if others have; what was learned since `begin` is void.
        """
        if self.tabulated and not self._careful and chance.of_globals() != self._mark:
            raise chance.GlobalChance

    def _watch(self) -> None:
        if self.tabulated:
            self._mark = chance.of_globals()

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
        self._watch()

    def _taken(self, action: int) -> tuple[int, Array, int]:
        if action == self.actions:
            observation, _ = self._env.reset()
            return self._number(observation), np.zeros(self.objectives), RUNNING
        observation, reward, terminated, truncated, _ = self._env.step(action + self._first_action)
        end = TERMINATED if terminated else TRUNCATED if truncated else RUNNING
        return self._number(observation), np.asarray(reward, dtype=np.float64), end

    def _go_to(self, state: int) -> None:
        """Set the environment back to a state."""
        wanted, attributes = self._snapshots[state], vars(self._env)
        current = self._current or [(-1, None)] * len(wanted)
        for name, (now, _), (number, value) in zip(self._names or (), current, wanted, strict=True):
            if now != number:
                attributes[name] = copied(value)
        self._current = wanted

    def _number(self, observation: Any) -> int:
        """Return the number of the state that the environment is in now."""
        if self._names is None:
            found = self.number_of(observation)
            self._grow(found)
            self.seen[found], self.next[found] = found, DRAWS
            return found
        attributes = vars(self._env)
        if not self._current:
            self._current = [(-1, None)] * len(self._names)
        kept = [
            before if same(attributes[name], before[1]) and before[0] >= 0 else self._intern(attributes[name])
            for name, before in zip(self._names, self._current, strict=True)
        ]
        key = (np.array(observation).tobytes(), *(number for number, _ in kept))
        found = self._numbers.setdefault(key, len(self._snapshots))
        if found == len(self._snapshots):
            self._snapshots.append(kept)
            self._grow(found)
            self.seen[found] = self.number_of(observation)
        self._current = kept
        return found

    def _intern(self, value: Any) -> _Kept:
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
