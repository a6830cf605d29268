"""What REINFORCE makes of a measured score: a reward, and how much it exceeds what was to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from automl.controllers._agnn.standings import Standing, Standings

RewardKind: TypeAlias = Literal["rank", "raw", "top_average"]
_BEST = 10
"""Of how many best results `top_average` is the mean (GraphNAS, released code)."""
_CLIP = 0.5
"""The same: how far a reward may lie from zero."""


def reward(kind: RewardKind, standings: Standings, standing: Standing) -> float:
    """Return the reward of a result that has been entered into the standings.

    `rank` is the share of results so far that are worse, so it does not depend on the objective's unit and no failed
    or diverged evaluation can drown the differences between good ones. `raw` is the score, larger is better.
    `top_average` is the score above the mean of the ten best before it, clipped to half a unit; made for accuracies.
    """
    if kind == "rank":
        return standings.rank(standing)
    score = standings.raw(standing)
    if kind == "raw":
        return score
    before = [standings.raw(one) for one in standings.order[-_BEST - 1 :]]
    if score in before:
        before.remove(score)
    mean = sum(before[-_BEST:]) / len(before[-_BEST:]) if before else 0.0
    return max(-_CLIP, min(_CLIP, score - mean))


class Baseline:
    """An exponential moving average of rewards per learner; the first reward is its first value.

    Args:
        decay: how much of it is kept at each reward.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self.values: dict[str, float] = {}

    def advantage(self, learner: str, reward: float) -> float:
        """Return the reward above the baseline, then take it into the baseline."""
        before = self.values.setdefault(learner, reward)
        self.values[learner] = self._decay * before + (1.0 - self._decay) * reward
        return reward - before

    def state_dict(self) -> dict[str, Any]:
        """Return the averages."""
        return {"values": dict(self.values)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.values = dict(state["values"])
