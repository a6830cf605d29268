"""The update: double deep Q-learning with n-step targets, smooth L1 loss and Adam.

    y = r_1 + g r_2 + ... + g^(m-1) r_m  +  g^m Q_target(s', argmax_a Q(s', a))       over legal moves a of s'

m is n, or less where the episode ends, which also ends the sum. The paper bootstraps with g instead of g^m, and the
released code takes the largest value over all moves, illegal ones included; both are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.controllers._dqn.adam import Adam
from automl.controllers._dqn.network import Network, Shape, one_thread

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one update learns from.

    Attributes:
        before: (rows, inputs) what was seen.
        moves: (rows,) the moves made.
        returns: (rows,) discounted rewards up to the end of the transition.
        discounts: (rows,) what the value at the end counts; 0 where the episode ended.
        after: (rows, inputs) what was seen at the end.
        legal: (rows, moves) the moves that count there.
        imitated: (rows,) whether the move is one to imitate.
    """

    before: Floats32
    moves: npt.NDArray[np.int64]
    returns: Floats32
    discounts: Floats32
    after: Floats32
    legal: npt.NDArray[np.bool_]
    imitated: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Learning:
    """How the network learns.

    Attributes:
        lr: learning rate of Adam.
        double: choose the best next move by the network that learns; otherwise by the target network.
        copy_every: updates between two copies to the target network.
        imitation: weight of the imitation loss; 0 for none.
        margin: by how much an imitated move should lead all others (Hester et al. 2018, section 4.2: 0.8).
    """

    lr: float
    double: bool
    copy_every: int
    imitation: float = 0.0
    margin: float = 0.8


class Learner:
    """Two networks, the one that learns and its target, and the optimiser.

    Args:
        shape: shape of the networks.
        seed: seed of the first weights.
        learning: how they learn.
    """

    def __init__(self, shape: Shape, seed: int, learning: Learning) -> None:
        self._learning = learning
        self._online = Network(shape, seed)
        self._target = Network(shape, seed)
        self._adam = Adam(self._online.weights, learning.lr)

    @property
    def updates(self) -> int:
        """How many updates there have been."""
        return self._adam.steps

    def values(self, inputs: Floats32) -> Floats32:
        """Return the value of every move (moves,) for one input (inputs,)."""
        with one_thread(), torch.no_grad():
            values: Floats32 = self._online(torch.from_numpy(inputs)[None])[0].numpy()
        return values

    def update(self, batch: Batch) -> float:
        """Take one step; return the loss."""
        with one_thread():
            if self.updates % self._learning.copy_every == 0:
                self._target.weights.copy_(self._online.weights)
            values = self._online(torch.from_numpy(batch.before))
            moves = torch.from_numpy(batch.moves)[:, None]
            loss = torch.nn.functional.smooth_l1_loss(values.gather(1, moves)[:, 0], self._goal(batch))
            if self._learning.imitation > 0.0 and batch.imitated.any():
                loss = loss + self._learning.imitation * self._shortfall(values, moves, batch)
            self._online.gradient.zero_()
            loss.backward()  # type: ignore[no-untyped-call]
            self._adam.step(self._online.gradient)
            return float(loss.detach())

    def _goal(self, batch: Batch) -> Tensor:
        """Return what the values of the moves made should be (rows,)."""
        with torch.no_grad():
            after, closed = torch.from_numpy(batch.after), torch.from_numpy(~batch.legal)
            later = self._target(after)
            judge = self._online(after) if self._learning.double else later
            best = judge.masked_fill(closed, -torch.inf).argmax(dim=1, keepdim=True)
            bootstrap = torch.from_numpy(batch.discounts) * later.gather(1, best)[:, 0]
            return torch.from_numpy(batch.returns) + bootstrap

    def _shortfall(self, values: Tensor, moves: Tensor, batch: Batch) -> Tensor:
        """Return by how much imitated moves fail to lead all others, averaged over the batch."""
        chosen = torch.from_numpy(batch.imitated)
        led = (values + self._learning.margin).scatter(1, moves, values.gather(1, moves)).max(dim=1).values
        return ((led - values.gather(1, moves)[:, 0]) * chosen).mean()

    def state_dict(self) -> dict[str, Any]:
        """Return the weights of both networks and the state of Adam."""
        return {
            "online": self._online.weights.numpy().copy(),
            "target": self._target.weights.numpy().copy(),
            "adam": self._adam.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._online.weights.copy_(torch.from_numpy(np.asarray(state["online"])))
        self._target.weights.copy_(torch.from_numpy(np.asarray(state["target"])))
        self._adam.load_state_dict(state["adam"])
