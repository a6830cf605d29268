"""The agent: chooses moves, remembers episodes, and learns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from automl.controllers._dqn.batch import EXTRA, Judge
from automl.controllers._dqn.curriculum import MovingBar, Schedule
from automl.controllers._dqn.elite import Elite
from automl.controllers._dqn.exploration import Exploration
from automl.controllers._dqn.replay import Replay
from automl.controllers._dqn.reward import Standard
from automl.controllers._dqn.transitions import Columns, transitions
from automl.controllers._dqn.walk import Board, Walk

if TYPE_CHECKING:
    from automl.controllers._dqn.learner import Learner

_LEARNING = 0xC1
"""Keeps the draws of the updates apart from all others of a controller."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered, and how often it is learned from.

    Attributes:
        capacity: transitions kept.
        batch: transitions per update.
        learn_every: moves per update.
        n_step: moves per transition.
        elite: episodes kept apart as the best.
        elite_share: their share of every batch.
    """

    capacity: int
    batch: int
    learn_every: int
    n_step: int
    elite: int
    elite_share: float


@dataclass(frozen=True, slots=True)
class Brain:
    """The settings of the network; the classes of `network` and `learner`, which import torch, are made of them."""

    hidden: tuple[int, ...]
    dueling: bool
    lr: float
    double: bool
    copy_every: int
    imitation: float


@dataclass(frozen=True, slots=True)
class Parts:
    """All settings of an agent."""

    memory: Memory
    brain: Brain
    judge: Judge
    exploration: Exploration
    schedule: Schedule
    floor_margin: float


class Agent:
    """Learns from episodes which move to make.

    Args:
        board: the moves of the space.
        seed: seed of the network and of the batches.
        bound: value that cannot be beaten (smaller is better); None if none is known: gaps are then measured from the
            lowest value seen.
        parts: its settings.
    """

    def __init__(self, board: Board, seed: int, bound: float | None, parts: Parts) -> None:
        self._board, self._seed, self._bound, self._parts = board, seed, bound, parts
        self._begin()

    def _begin(self) -> None:
        self._bar = MovingBar(self._parts.schedule)
        self._replay = Replay(self._parts.memory.capacity)
        self._elite = Elite(self._parts.memory.elite)
        self._learner: Learner | None = None
        self._lowest = math.inf
        """The lowest value seen."""
        self._enough = math.inf
        """What the best episodes were last ranked by."""
        self._moves = 0
        self._successes = 0
        self._loss = 0.0
        self._epsilon = 1.0

    @property
    def learner(self) -> Learner:
        """The networks; torch is loaded when they are first needed."""
        if self._learner is None:
            from automl.controllers._dqn.learner import Learner, Learning
            from automl.controllers._dqn.network import Shape

            brain = self._parts.brain
            inputs = self._board.shape + EXTRA[self._parts.judge.inputs]
            shape = Shape(inputs, brain.hidden, self._board.size, brain.dueling)
            learning = Learning(brain.lr, brain.double, brain.copy_every, brain.imitation)
            self._learner = Learner(shape, self._seed, learning)
        return self._learner

    @property
    def _updates(self) -> int:
        return 0 if self._learner is None else self._learner.updates

    def standard(self) -> Standard:
        """Return what values are judged by today."""
        reference = self._lowest if self._bound is None else self._bound
        return Standard(reference, self._bar.bar, self._lowest - self._parts.floor_margin)

    def succeeded(self, value: float) -> bool:
        """Say whether a value is below the bar."""
        return bool(self._parts.judge.reward.succeeded(np.asarray(value), self.standard()))

    # Acting

    def choose(self, walk: Walk, rng: np.random.Generator, progress: float) -> int:
        """Return a legal move: the greedy one, or with the chance epsilon any."""
        self._epsilon = self._parts.exploration.epsilon(self._updates, progress)
        legal = np.flatnonzero(walk.legal)
        beyond = walk.over is not None  # there is nothing to be learned yet about what follows a success
        explore, pick = beyond or rng.random() < self._epsilon, int(rng.integers(len(legal)))
        if explore or not len(self._replay):
            return int(legal[pick])
        floor = np.asarray(self.standard().floor)
        place = np.array([len(walk.moves)], dtype=np.int32)
        inputs = self._parts.judge.read(walk.observation[None], np.array([walk.values[-1]]), place, floor)
        return int(legal[self.learner.values(inputs[0])[legal].argmax()])

    # Learning

    def measured(self, value: float) -> None:
        """Take note of a value."""
        if value < self._lowest:
            self._lowest = value
        reference = self._lowest if self._bound is None else self._bound
        self._bar.seen(abs(value - reference))

    def moved(self) -> None:
        """Take note of a measured move; learn if it is time."""
        memory = self._parts.memory
        self._moves += 1
        if self._moves % memory.learn_every == 0 and len(self._replay) >= memory.batch:
            rng = np.random.default_rng((self._seed, self._moves, _LEARNING))
            self._loss = self.learner.update(self._parts.judge.batch(*self._drawn(rng)))

    def _drawn(self, rng: np.random.Generator) -> tuple[Columns, Standard, int]:
        """Draw a batch: most of it from all of the memory, a share of it from the best episodes."""
        memory = self._parts.memory
        best = round(memory.batch * memory.elite_share) if len(self._elite) else 0
        rows = self._replay.draw(rng, memory.batch - best)
        if best:
            chosen = self._elite.draw(rng, best)
            rows = {name: np.concatenate([column, chosen[name]]) for name, column in rows.items()}
        return rows, self.standard(), best

    def ended(self, walk: Walk, *, full: bool) -> None:
        """Remember an episode that has ended after a move or more; the bar may move."""
        rows = transitions(walk, self._parts.memory.n_step, self.standard(), full=full)
        self._replay.add(rows)
        if self._parts.memory.elite:
            self._enough = self._lowest + self._parts.floor_margin
            self._elite.consider(walk.values, rows, self._enough)
        success = walk.over is not None
        self._successes += success
        self._bar.ended(success=success)

    def diagnostics(self) -> dict[str, float]:
        """Return numbers about the learning."""
        numbers = {
            "epsilon": self._epsilon,
            "bar": self._bar.bar,
            "lowest_gap": self._bar.lowest,
            "loss": self._loss,
            "successes": float(self._successes),
            "replay": float(len(self._replay)),
            "updates": float(self._updates),
        }
        return {name: number for name, number in numbers.items() if math.isfinite(number)}

    # State

    def state_dict(self) -> dict[str, Any]:
        """Return everything learned."""
        return {
            "bar": self._bar.state_dict(),
            "replay": self._replay.state_dict(),
            "elite": self._elite.state_dict(),
            "learner": None if self._learner is None else self._learner.state_dict(),
            "lowest": self._lowest,
            "enough": self._enough,
            "moves": self._moves,
            "successes": self._successes,
            "loss": self._loss,
            "epsilon": self._epsilon,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._begin()
        self._bar.load_state_dict(state["bar"])
        self._replay.load_state_dict(state["replay"])
        if state["learner"] is not None:
            self.learner.load_state_dict(state["learner"])
        self._lowest, self._moves = state["lowest"], state["moves"]
        self._enough = state["enough"]
        self._elite.load_state_dict(state["elite"], self._enough)
        self._successes, self._loss = state["successes"], state["loss"]
        self._epsilon = state["epsilon"]
