"""An episode: the walk from the root of a space, move by move, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


class Board:
    """The moves of a space by number, and what the network reads of a candidate.

    Args:
        space: a Sequential space.
    """

    def __init__(self, space: Any) -> None:
        self.space = space
        self._moves = list(space.alphabet())
        self._numbers = {move: number for number, move in enumerate(self._moves)}
        self.size = len(self._moves)
        self.shape = int(np.size(space.observe(space.root())))

    def look(self, candidate: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return what a policy sees of a candidate, flat (shape,), and which moves are legal (size,)."""
        legal = np.zeros(self.size, dtype=bool)
        legal[[self._numbers[move] for move in self.space.moves(candidate)]] = True
        return np.asarray(self.space.observe(candidate), dtype=np.float32).ravel(), legal

    def apply(self, candidate: Any, number: int) -> Any:
        """Return the candidate after the move of that number."""
        return self.space.apply(candidate, self._moves[number])


@dataclass(slots=True)
class Walk:
    """An episode in progress. After k measured moves it has k moves and k + 1 values.

    Attributes:
        board: the moves.
        halt: after how many moves it ends anyway; None for no such end.
        candidate: where it is, measured or in flight.
        step: place of the next evaluation in its trial.
        evaluation: the evaluation of `candidate`, None before it was measured.
        moves: the numbers of the moves made.
        values: what is known after each, smaller is better; the first is the root's.
        last: what was measured last, which with a lag becomes known one move later.
        over: moves made since the first success, None before it.
        seen: (observation, legal moves) of each candidate on the way.
    """

    board: Board
    halt: int | None
    candidate: Any
    step: int = 0
    evaluation: int | None = None
    moves: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    last: float | None = None
    over: int | None = None
    seen: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = field(default_factory=list)

    @classmethod
    def begin(cls, board: Board, halt: int | None) -> Walk:
        """Return the walk that stands at the root."""
        root = board.space.root()
        return cls(board, halt, root, seen=[board.look(root)])

    @property
    def observation(self) -> npt.NDArray[np.float32]:
        """What a policy sees where the walk is."""
        return self.seen[-1][0]

    @property
    def legal(self) -> npt.NDArray[np.bool_]:
        """The moves that are legal where the walk is."""
        return self.seen[-1][1]

    def go(self, number: int) -> None:
        """Make a move."""
        self.candidate = self.board.apply(self.candidate, number)
        self.moves.append(number)
        self.seen.append(self.board.look(self.candidate))

    def measured(self, value: float, *, lagged: bool) -> None:
        """Take note of what was measured; with a lag what was measured before becomes known instead."""
        self.values.append(
            value if not lagged or not self.values else self.values[-1] if self.last is None else self.last
        )
        self.last = value

    def is_full(self, most: int) -> bool:
        """Say whether no further move is possible, because none is legal or `most` have been made."""
        return len(self.moves) >= most or not self.legal.any()

    def dump(self) -> dict[str, Any]:
        """Return the walk as plain data: the moves say where it is."""
        return {
            "halt": self.halt,
            "step": self.step,
            "evaluation": self.evaluation,
            "moves": list(self.moves),
            "values": list(self.values),
            "last": self.last,
            "over": self.over,
        }

    @classmethod
    def load(cls, board: Board, dumped: Mapping[str, Any]) -> Walk:
        """Read a walk back, by walking it again."""
        walk = cls.begin(board, dumped["halt"])
        for number in dumped["moves"]:
            walk.go(number)
        walk.step, walk.evaluation, walk.last = dumped["step"], dumped["evaluation"], dumped["last"]
        walk.values, walk.over = list(dumped["values"]), dumped["over"]
        return walk
