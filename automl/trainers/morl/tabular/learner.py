"""The learner: one table after the other, each for its own weights.

Van Moffaert, Drugan and Nowé: Scalarized multi-objective reinforcement learning. ADPRL 2013, for one table; Roijers
2016 and Alegre et al. 2023 for the outer loop. The steps of measuring a policy count like any others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.domains import Value
from automl.core.records import Weights
from automl.trainers.morl.learner import Actor, Plan
from automl.trainers.morl.tabular import kernels as k
from automl.trainers.morl.tabular import paused
from automl.trainers.morl.tabular.chance import own_chance
from automl.trainers.morl.tabular.rollouts import answer, returns, table_of
from automl.trainers.morl.tabular.support import next_by_gpi, next_by_ols, random_weights
from automl.trainers.morl.tabular.world import World

Array = npt.NDArray[Any]

MEMORY = 10_000
"""Transitions that are kept for replay."""
FIRST_ROWS = 128


@dataclass(frozen=True, slots=True)
class TabularPolicy:
    """The best action of every observation, and the world that numbers them.

    Attributes:
        world: where it was learned.
        actions: (observations,).
    """

    world: World
    actions: Array

    def start(self) -> Actor:
        """Return an actor that looks observations up, and takes the first action at one never met."""

        def act(observation: Any, reward: Array) -> Any:
            number = self.world.number_of(observation)
            return int(self.actions[number]) if number < len(self.actions) else 0

        return act

    def returns(self, episodes: int, gamma: float, seed: int) -> Array:
        """Return the discounted returns (episodes, objectives) of episodes from a seed.

        It draws from the global generators, whose states its caller keeps.
        """
        first = self.world.first(seed) if episodes == 1 else self.world.begin(seed)
        gained, _, _ = returns(self.world, self.actions, first, episodes, gamma)
        self.world.settle()
        return gained


class Tabular:
    """Multi-policy Q-learning with tables.

    Args:
        make: makes the environment; or a `World`, which several runs may share.
        hyperparameters: as `automl.search_spaces.morl.algorithms.tabular` asks for them.
        plan: how long, from which seed.

    Attributes:
        steps: taken so far.
    """

    shares_world = True
    """It takes a `World` in place of what makes an environment."""

    def __init__(self, make: Callable[[], Any] | World, hyperparameters: Mapping[str, Value], plan: Plan) -> None:
        self.world = make if isinstance(make, World) else World(make, plan.limit)
        self.own: dict[str, Any] = dict(hyperparameters)
        self.plan = plan
        agent, environment = np.random.SeedSequence(plan.seed).spawn(2)
        self.rng = np.random.default_rng(agent)
        """Of the outer loop; `splitmix` is that of the inner one, `chance` that of the environment."""
        self.splitmix = np.array([self.rng.integers(2**63)], np.uint64)
        self.outcome = np.zeros(plan.objectives)
        self.register = np.zeros(k.REGISTERS, np.int64)
        with own_chance():
            self.register[k.STATE] = self.world.begin(int(environment.generate_state(1)[0]))
            self.chance = self.world.chance()
        self.row = np.full(len(self.world.observations), -1, np.int64)
        self.tables = np.zeros((0, FIRST_ROWS, self.world.actions, plan.objectives))
        self.weights = np.zeros((0, plan.objectives))
        self.values = np.zeros((0, plan.objectives))
        """Measured, of the tables that are finished."""
        kept = MEMORY if self.own["replays"] else 1
        self.memory = k.Memory(np.zeros((kept, 4), np.int64), np.zeros((kept, plan.objectives)))
        self.asked, self.opened = 0, 0
        """Steps asked for so far, and those at which the table in work was begun."""

    @property
    def steps(self) -> int:
        """Steps of the environment so far."""
        return int(self.register[k.STEP])

    def advance(self, steps: int) -> None:
        """Learn for so many more steps, and to the end of the episode, table after table."""
        self.asked += steps
        with own_chance():
            self.world.load_chance(self.chance)
            while self.steps < self.asked:
                if len(self.tables) == len(self.values):
                    self._open_table()
                boundary = self.opened + max(1, self.plan.steps // self.own["policies"])
                self._learn(min(self.asked, boundary), boundary - self.opened)
                if self.steps >= boundary:
                    self._close_table()
            self.world.settle()
            self.chance = self.world.chance()

    def policies(self) -> Sequence[TabularPolicy]:
        """Return one policy for each table; with policy improvement one for each of many weights, from all tables."""
        met = np.flatnonzero(self.row >= 0)
        rows = self.tables[:, self.row[met]]
        if self.own["improvement"]:
            weights = np.vstack([self.weights, self.plan.weights])
            found = k.improved(rows, weights)
        else:
            found = np.array([(table @ w).argmax(axis=1) for table, w in zip(rows, self.weights, strict=True)])
        different = {actions.tobytes(): actions for actions in found}
        return [TabularPolicy(self.world, self._everywhere(met, actions)) for actions in different.values()]

    def state(self) -> Weights:
        """Return everything that the run needs to go on."""
        return paused.dump(self)

    def load(self, state: Weights) -> None:
        """Take up a state of another run with any hyperparameters."""
        paused.load(self, state)

    def _everywhere(self, met: Array, actions: Array) -> Array:
        """Spread actions over all observations of the world."""
        every = np.zeros(len(self.world.observations), np.int64)
        every[met] = actions
        return every

    def _open_table(self) -> None:
        """Select weights, and start from nothing or from the best table for them."""
        weights = self._next_weights()
        fresh = np.zeros_like(self.tables[:1]) if len(self.tables) else np.zeros((1, *self.tables.shape[1:]))
        if self.own["transfer"] and len(self.values):
            fresh = self.tables[[int((self.values @ weights).argmax())]]
        self.tables = np.concatenate([self.tables, fresh])
        self.weights = np.vstack([self.weights, weights])
        self.opened = self.steps

    def _next_weights(self) -> Array:
        selection = self.own["selection"]
        if selection == "random":
            return random_weights(self.plan.objectives, self.rng)
        if not len(self.values):
            first: Array = np.eye(self.plan.objectives)[0]
            return first
        if selection == "ols":
            return next_by_ols(self.values, list(self.weights), self.rng)
        return next_by_gpi(self.values, self.tables[:, 0], list(self.weights), self.rng)

    def _learn(self, target: int, share: int) -> None:
        """Run the loop to a target, and take the steps that it asks for."""
        self.register[k.TARGET] = target
        rule, memory, chance = tuple(self._rule(share)), tuple(self.memory), (self.splitmix, self.outcome)
        while True:
            agent = (self.tables, self.weights, len(self.tables) - 1, self.row)
            wants = k.learn(table_of(self.world), agent, rule, memory, self.register, chance)
            if wants == k.DONE:
                return
            if wants == k.GROW:
                self.tables = np.concatenate([self.tables, np.zeros_like(self.tables)], axis=1)
            else:
                answer(self.world, self.register, self.outcome)
                self._see()

    def _see(self) -> None:
        """Make room for observations that are new to the world."""
        missing = len(self.world.observations) - len(self.row)
        if missing > 0:
            self.row = np.concatenate([self.row, np.full(max(missing, len(self.row)), -1)])

    def _rule(self, share: int) -> k.Rule:
        """Return how the table in work is learned."""
        own, whole = self.own, self.plan.steps
        schedule = own["epsilon_schedule"]
        start, over = (self.opened, share) if schedule == "policy" else (0, whole)
        return k.Rule(
            gamma=1 - 1 / own["horizon"],
            rate=own["learning_rate"],
            rate_end=own["learning_rate"] * own["learning_rate_end"],
            epsilon=own["epsilon"],
            epsilon_end=own["epsilon"] * own.get("epsilon_end", 1.0),
            start=start,
            decay=max(1.0, own.get("epsilon_decay", 1.0) * over),
            whole=whole,
            improvement=own["improvement"],
            replays=own["replays"],
            draws=own["ties"] == "random",
        )

    def _close_table(self) -> None:
        """Measure the policy of the table in work; its steps count."""
        state = self._next_episode()
        actions = self._own_actions(len(self.tables) - 1)
        gained, steps, last = returns(self.world, actions, state, self.own["probes"], 1 - 1 / self.own["horizon"])
        self._see()
        self.values = np.vstack([self.values, gained.mean(axis=0)])
        self.register[k.STEP] += steps
        self.register[k.STATE], self.register[k.OVER] = last, 1

    def _own_actions(self, table: int) -> Array:
        met = np.flatnonzero(self.row >= 0)
        return self._everywhere(met, (self.tables[table, self.row[met]] @ self.weights[table]).argmax(axis=1))

    def _next_episode(self) -> int:
        """Begin an episode, as the loop would; return its state."""
        over, begins = int(self.register[k.STATE]), self.world.actions
        known = int(self.world.next[over, begins])
        return known if known >= 0 else self.world.step(over, begins)[0]
