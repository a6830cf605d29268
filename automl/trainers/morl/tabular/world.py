"""An environment as a table that fills itself, for compiled loops.

A step that draws no random number is a function of the environment's inner state and the action. It is taken once, in
the environment itself, and then stands in the table. A step that does draw is taken in the environment every time. So a
learner meets exactly the transitions, and the environment exactly the random numbers, that it would without a table;
only the tenth visit costs nothing. Going to the next episode is a step like any other.

Looking for draws after every new step would take longer than the step. A walk says first whether steps draw from the
environment's own generator at all, and which attributes change. What the walk has not seen is looked for around the
beginning of an episode, and when a run pauses, as are draws from the two global generators: `settle` says if anything
was missed.

States are inner states; what a learner sees of them are observations, numbered from 0 as they are met.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.tabular import chance
from automl.trainers.morl.tabular.snapshot import state_names
from automl.trainers.morl.tabular.states import States

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


class World:
    """A discrete environment, stepped by number.

    Args:
        make: makes the environment, without a limit of time.
        limit: steps after which an episode is cut off; 0 for none.
        tabulate: False steps the environment itself, always.
        careful: True looks at all attributes, and for draws from all generators, around every new step.

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
        self._globals = chance.Globals()
        self._careful, self._looks = True, True
        self._mark: Any = None
        self._states: States | None = None
        with chance.own_chance():
            self._wrapped.reset(seed=0)
            names = state_names(self._env) if tabulate else None
            self._clear(names)
            if names is not None:
                self._decide(names, careful)

    @property
    def tabulated(self) -> bool:
        """Whether steps are looked up."""
        return self._states is not None

    @property
    def full(self) -> bool:
        """Whether the table has become so large that the next run should begin another."""
        return max(len(self._states or ()), len(self.observations)) > MOST_STATES

    def _decide(self, names: list[str], careful: bool) -> None:
        """Walk about, and decide what to keep and what to look at."""
        walked = self._walked(names)
        if walked is None:
            self._clear(None)
            return
        drawn, moving = walked
        if careful:
            self._clear(names)
        else:
            self._careful, self._looks = False, drawn > 0
            self._clear(moving, [name for name in names if name not in moving])

    def _clear(self, names: list[str] | None, still: Sequence[str] = ()) -> None:
        self._states = None if names is None else States(self._env, names, still)
        self.observations: list[Array] = []
        self._observed: dict[Hashable, int] = {}
        self._firsts: dict[int, int] = {}
        rows, columns = _FIRST_ROWS, self.actions + 1
        self.next = np.full((rows, columns), UNKNOWN, np.int64)
        self.reward = np.zeros((rows, columns, self.objectives))
        self.end = np.zeros((rows, columns), np.int64)
        self.seen = np.zeros(rows, np.int64)

    def begin(self, seed: int) -> int:
        """Seed everything and begin the first episode of a run; return its state."""
        chance.seed_globals(seed)
        observation, _ = self._env.reset(seed=seed)
        self._mark = self._drawn()
        return self._number(observation)

    def first(self, seed: int) -> int:
        """Return the state in which a seed's first episode begins; nothing is seeded where no step draws."""
        if self._states is None or self._careful or self._looks or seed not in self._firsts:
            self._firsts[seed] = self.begin(seed)
        else:
            self._mark = self._drawn()
        return self._firsts[seed]

    def step(self, state: int, action: int) -> tuple[int, Array, int]:
        """Take a step in the environment itself; return the next state, the reward, and how it ends."""
        if self._states is None:
            return self._taken(action)
        self._states.go_to(state)
        new, begins = self.next[state, action] == UNKNOWN, action == self.actions
        if begins:
            self.settle()
        look = self._drawn if begins or self._careful else self._own if new and self._looks else _nothing
        before = look()
        following, reward, end = self._taken(action)
        after = look()
        if begins or self._careful:
            self._mark = after
        if new:
            self.next[state, action] = following if before == after else DRAWS
            self.reward[state, action], self.end[state, action] = reward, end
        return following, reward, end

    def settle(self) -> None:
        """Make sure that only steps that may draw have drawn, and that nothing has changed that never does.

        Raises:
            NondeterministicStep: if not; what was learned since `begin` is void.
        """
        if self._states is None or self._careful:
            return
        own, others = self._drawn()
        if others != self._mark[1] or not (self._looks or own == self._mark[0]) or not self._states.hold_still():
            raise chance.NondeterministicStep

    def _drawn(self) -> Any:
        """Return something that changes whenever a generator is drawn from: the environment's own, and the others."""
        return None if self._states is None else (self._own(), self._globals.look())

    def _own(self) -> Any:
        return chance.of_own(self._env)

    def number_of(self, observation: Any) -> int:
        """Return the number of an observation, which is a new one if it was never met."""
        return self._numbered(np.asarray(observation))

    def _numbered(self, array: Array) -> int:
        key = array.tobytes()
        found = self._observed.setdefault(key, len(self.observations))
        if found == len(self.observations):
            self.observations.append(array.copy())
        return found

    def chance(self) -> dict[str, Array]:
        """Return the state of the random numbers."""
        return chance.dump(self._env)

    def load_chance(self, state: dict[str, Array]) -> None:
        """Take up a state of `chance`."""
        chance.load(self._env, state)
        self._mark = self._drawn()

    def _taken(self, action: int) -> tuple[int, Array, int]:
        if action == self.actions:
            observation, _ = self._env.reset()
            return self._number(observation), np.zeros(self.objectives), RUNNING
        observation, reward, terminated, truncated, _ = self._env.step(action + self._first_action)
        end = TERMINATED if terminated else TRUNCATED if truncated else RUNNING
        return self._number(observation), np.asarray(reward, dtype=np.float64), end

    def _number(self, observation: Any) -> int:
        """Return the number of the state that the environment is in now."""
        array = np.asarray(observation)
        if self._states is None:
            found = self._numbered(array)
            self._grow(found)
            self.seen[found], self.next[found] = found, DRAWS
            return found
        before = len(self._states)
        found = self._states.number(array.tobytes())
        if found == before:
            self._grow(found)
            self.seen[found] = self._numbered(array)
        return found

    def _grow(self, row: int) -> None:
        while row >= len(self.seen):
            self.next = np.concatenate([self.next, np.full_like(self.next, UNKNOWN)])
            self.reward = np.concatenate([self.reward, np.zeros_like(self.reward)])
            self.end = np.concatenate([self.end, np.zeros_like(self.end)])
            self.seen = np.concatenate([self.seen, np.zeros_like(self.seen)])

    def _walked(self, names: list[str]) -> tuple[int, list[str]] | None:
        """Walk at random; return the steps that drew, and the attributes that changed.

        None says that a table does not pay: states do not come back, or most steps draw.
        """
        assert self._states is not None
        rng = np.random.default_rng(0)
        state, time, drawn = self.begin(0), 0, 0
        for _ in range(_WALK):
            action, before = int(rng.integers(self.actions)), state
            state, _, end = self.step(before, action)
            drawn += int(self.next[before, action] == DRAWS)
            time += 1
            if end != RUNNING or (self.limit and time >= self.limit):
                state, time = self.step(state, self.actions)[0], 0
            if set(names) != set(state_names(self._env) or ()):
                return None  # it has grown an attribute
        pays = len(self._states) < _WALK // 2 and drawn < _WALK // 2
        return (drawn, self._states.moving) if pays else None


def _nothing() -> None:
    """Look at nothing."""
