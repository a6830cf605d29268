"""CRLQAS: double deep Q-learning that builds a candidate move by move (Patel et al., ICLR 2024).

    for each episode:                                       candidate = the root
        for each step:
            move = any legal one with the chance epsilon, else the one of largest Q
            measure the candidate after the move; its weights come from the step before
            remember (seen, move, value, seen next); learn from a batch of what is remembered
        until the value is below the bar, nothing can follow, or the halting step is reached
        the bar moves                                       (the curriculum)

One trial is one episode. The agent (`automl.controllers._dqn`) knows the space by its moves and what it shows of a
candidate, so it works on every space that is built move by move, not only on circuits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from automl.controllers._dqn.agent import Agent
from automl.controllers._dqn.batch import InputKind
from automl.controllers._dqn.reward import RewardKind
from automl.controllers._dqn.settings import halting_of, parts_of, refuse_nonsense
from automl.controllers._dqn.walk import Board, Walk
from automl.controllers._draws import draws
from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Bounded, Inheritable, SearchSpace, Sequential

_STEP = 0xD1
"""Keeps the draws of one step apart from those of its trial."""
_LAPS = 4
"""A space that is never full ends an episode after so many times its number of moves."""


class DoubleDqn(Controller):
    """Builds candidates move by move and learns from every step (CRLQAS).

    A trial is an episode, and each of its steps an evaluation that inherits the weights of the step before. With
    several workers several episodes run side by side. It ends when its value comes within the bar of the space's
    bound, when no move is legal, at its halting step, or where a step fails. The bound (a lower bound of the energy)
    need not be reachable: the bar follows the lowest value seen.

    Deviations from the paper, all in the default profile, for budgets of hundreds of episodes and one core: a small
    network that learns every few moves; exploration that ends with a share of the budget; rewards that count decades
    towards the best value known, judged by today's bar whenever a transition is learned from; a few random moves after
    a success; and batches of which a share comes from the best episodes, whose moves are imitated. `profile=paper` has
    the published numbers and the quirks of the released code.

    Settings:
        hidden: widths of the hidden layers.
        dueling: compose values from one of the state and one advantage per move.
        lr: learning rate of Adam.
        batch: transitions per update.
        learn_every: moves per update of the network.
        replay: transitions remembered.
        double: choose the next move by the network that learns, value it by the target network; otherwise both by
            the target network.
        masked_target: only legal moves count as next moves; the released code lets all of them.
        copy_every: updates between two copies to the target network.
        gamma: discount per move.
        n_step: moves per transition.
        n_step_discount: discount what follows n moves by gamma to the n-th; the paper discounts by gamma.
        epsilon_end: the smallest chance of a random move; it starts at 1.
        epsilon_decay: factor on that chance per update of the network; 1: updates do not matter.
        epsilon_share: share of the budget after which the smallest chance is reached; 0: the budget does not matter.
            With both the slower counts, with neither every move is random.
        reward: `fraction` of the gap to the bound that a move closes, as published, or `logarithm`: the decades by
            which it comes nearer to the best value known.
        lagged_reward: reward a move with the value before it, as the released code does by optimising before it adds.
        relabel: judge remembered transitions by today's bar; otherwise by the bar of their day.
        inputs: what the network reads besides the observation: the last `value` as it is, or `scaled` with the number
            of moves.
        elite: episodes that are kept apart as the best so far; 0 for none.
        elite_share: share of a batch that comes from them.
        imitation: weight of a loss that makes their moves lead; 0 for none.
        curriculum: `moving` or `fixed` bar.
        start_bar: the first bar, in units of the objective; None: nothing succeeds before the bar first moves.
        shift_every: episodes between two shifts of the bar to the lowest gap seen.
        shift_margin: how far above that gap the bar is set.
        shrink_after: successes until the bar shrinks; 0: never.
        shrinks: shrinkages per shift, each by a part of the margin.
        shrink_below: shrink only while the lowest gap is below this; None: always.
        halting: end episodes at random steps, drawn from a negative binomial distribution, or not.
        halting_failures, halting_chance: its parameters.
        halting_range: smallest and largest halting step.
        halting_draws: draws per episode, of which the most common counts.
        overtime: random moves after a success, in search of something still better.
        most_moves: moves per episode at most; None: until the space is full.
    """

    requires: ClassVar[tuple[type, ...]] = (Sequential, Inheritable)
    many_objectives: ClassVar[bool] = False
    # Paper, appendix on hyperparameters, and released configurations for four qubits and 40 moves: LiH, without noise.
    # The first bar belongs to that problem; others: 0.97 (H2, 2 qubits), 1.63 (3), 1.016 (4), 2.90 (LiH, 6).
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "hidden": (1000,) * 5,
            "dueling": False,
            "lr": 3e-4,
            "batch": 1000,
            "learn_every": 1,
            "replay": 20_000,
            "masked_target": False,
            "copy_every": 500,
            "gamma": 0.88,
            "n_step": 5,
            "n_step_discount": False,
            "epsilon_end": 0.05,
            "epsilon_decay": 0.99995,
            "epsilon_share": 0.0,
            "reward": "fraction",
            "lagged_reward": True,
            "relabel": False,
            "inputs": "value",
            "elite": 0,
            "elite_share": 0.0,
            "imitation": 0.0,
            "start_bar": 2.45,
            "shift_every": 500,
            "shift_margin": 5e-4,
            "shrink_after": 25,
            "shrinks": 10,
            "halting": "negative_binomial",
            "halting_failures": 70,
            "halting_chance": 0.573,
            "halting_range": (25, 70),
            "halting_draws": 1,
            "overtime": 0,
            "most_moves": 40,
        }
    }

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        hidden: tuple[int, ...] = (128, 128),
        dueling: bool = False,
        lr: float = 1e-3,
        batch: int = 64,
        learn_every: int = 8,
        replay: int = 20_000,
        double: bool = True,
        masked_target: bool = True,
        copy_every: int = 100,
        gamma: float = 0.97,
        n_step: int = 5,
        n_step_discount: bool = True,
        epsilon_end: float = 0.02,
        epsilon_decay: float = 0.997,
        epsilon_share: float = 0.3,
        reward: RewardKind = "logarithm",
        lagged_reward: bool = False,
        relabel: bool = True,
        inputs: InputKind = "scaled",
        elite: int = 10,
        elite_share: float = 0.5,
        imitation: float = 1.0,
        curriculum: Literal["moving", "fixed"] = "moving",
        start_bar: float | None = None,
        shift_every: int = 11,
        shift_margin: float = 5e-4,
        shrink_after: int = 25,
        shrinks: int = 10,
        shrink_below: float | None = None,
        halting: Literal["none", "negative_binomial"] = "none",
        halting_failures: int = 70,
        halting_chance: float = 0.573,
        halting_range: tuple[int, ...] = (25, 70),
        halting_draws: int = 1,
        overtime: int = 3,
        most_moves: int | None = None,
    ) -> None:
        settings = dict(locals())
        super().__init__(space, objectives, seed)
        self._set_up(settings)

    def _set_up(self, settings: Mapping[str, Any]) -> None:
        refuse_nonsense(settings)
        self._board = Board(self.space)
        self._most = settings["most_moves"] or _LAPS * self._board.size
        self._lagged = settings["lagged_reward"]
        self._overtime = settings["overtime"]
        self._halting = halting_of(settings)
        self._sign = -1.0 if self.objectives.goals[0].direction == "max" else 1.0
        bound = self.space.bound() if isinstance(self.space, Bounded) else None
        lowest = None if bound is None else self._sign * bound
        self._agent = Agent(self._board, self.seed, lowest, parts_of(settings))
        self._begin()

    def _begin(self) -> None:
        self._trials = 0
        self._root: tuple[int, float] | None = None
        """Evaluation and value of the root."""
        self._waiting: dict[int, Walk] = {}
        """Episodes whose next move is to be chosen, by trial."""
        self._flying: dict[int, Walk] = {}
        """Episodes with an evaluation in flight, by trial."""

    # Proposing

    def ask(self, n: int, progress: float) -> Sequence[Proposal]:
        proposals: list[Proposal] = []
        for trial in list(self._waiting)[:n]:
            proposals.append(self._moved(trial, self._waiting.pop(trial), progress))
        while len(proposals) < n and self._board.look(self.space.root())[1].any():
            proposals.append(self._started(progress))
        return proposals

    def _started(self, progress: float) -> Proposal:
        """Begin an episode: at the root while its value is unknown, at the first move thereafter."""
        trial, self._trials = self._trials, self._trials + 1
        halt = None if self._halting is None else self._halting.moves(draws(self.seed, trial))
        walk = Walk.begin(self._board, halt)
        if self._root is None:
            self._flying[trial] = walk
            return Proposal(trial, 0, walk.candidate)
        walk.evaluation, walk.values = self._root[0], [self._root[1]]
        return self._moved(trial, walk, progress)

    def _moved(self, trial: int, walk: Walk, progress: float) -> Proposal:
        """Make the next move of an episode."""
        rng = np.random.default_rng((self.seed, trial, len(walk.moves), _STEP))
        walk.go(self._agent.choose(walk, rng, progress))
        self._flying[trial] = walk
        return Proposal(trial, walk.step, walk.candidate, parent=walk.evaluation)

    # Learning

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed = []
        for result in results:
            trial = result.proposal.trial
            walk = self._flying.pop(trial, None)
            if walk is not None and self._arrived(walk, result):
                closed.append(trial)
            elif walk is not None:
                self._waiting[trial] = walk
        return closed

    def _arrived(self, walk: Walk, result: Result) -> bool:
        """Take up the result of a step; say whether the episode has ended."""
        walk.step += 1
        if result.outcome:
            walk.evaluation = result.id
            value = self._sign * float(result.metrics[self.objectives.goals[0].metric])
            walk.measured(value, lagged=self._lagged)
            self._agent.measured(walk.values[-1])
        elif walk.moves:
            walk.values.append(walk.values[-1])
        if not walk.moves:
            return self._root_arrived(walk, failed=result.outcome is None)
        if walk.over is not None:
            walk.over += 1
        elif result.outcome and self._agent.succeeded(walk.values[-1]):
            walk.over = 0
        self._agent.moved()
        full = result.outcome is None or walk.is_full(self._most)
        ended = full or self._has_ended(walk)
        if ended:
            self._agent.ended(walk, full=full)
        return ended

    def _has_ended(self, walk: Walk) -> bool:
        """Say whether the episode ends before the candidate is full, by its success or at its halting step."""
        return walk.over == self._overtime or (walk.halt is not None and len(walk.moves) >= walk.halt)

    def _root_arrived(self, walk: Walk, *, failed: bool) -> bool:
        """Take up the value of the root; an episode whose root failed has ended."""
        if not failed and self._root is None and walk.evaluation is not None:
            self._root = (walk.evaluation, walk.values[-1])
        return failed

    def parents(self) -> Collection[int]:
        kept = {walk.evaluation for walk in self._waiting.values()} | {self._root[0] if self._root else None}
        return sorted(number for number in kept if number is not None)

    def diagnostics(self) -> Mapping[str, float]:
        return self._agent.diagnostics()

    # State

    def state_dict(self) -> dict[str, Any]:
        return {
            "trials": self._trials,
            "root": list(self._root) if self._root else None,
            "waiting": [[trial, walk.dump()] for trial, walk in self._waiting.items()],
            "flying": [[trial, walk.dump()] for trial, walk in self._flying.items()],
            "agent": self._agent.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._begin()
        self._trials = state["trials"]
        self._root = (state["root"][0], state["root"][1]) if state["root"] else None
        self._waiting = {trial: Walk.load(self._board, dumped) for trial, dumped in state["waiting"]}
        self._flying = {trial: Walk.load(self._board, dumped) for trial, dumped in state["flying"]}
        self._agent.load_state_dict(state["agent"])
