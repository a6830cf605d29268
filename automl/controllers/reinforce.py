"""A policy for the whole program: one LSTM answers every question, in order, and learns by REINFORCE.

Gao, Yang, Zhang, Zhou and Hu: Graph Neural Architecture Search (GraphNAS). IJCAI 2020; the controller is that of Zoph
and Le: Neural Architecture Search with Reinforcement Learning. ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from automl.controllers._agnn.edits import Scribe
from automl.controllers._agnn.explorer import Built
from automl.controllers._agnn.modifier import Lesson
from automl.controllers._agnn.policy import Policy, Shape
from automl.controllers._agnn.rewards import Baseline, RewardKind, reward
from automl.controllers._agnn.standings import Standings
from automl.controllers._draws import draws
from automl.controllers._sharing import Sharing
from automl.core.controller import Controller
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace

_LAST = 10
"""Over how many advantages the largest is sought that the next is divided by."""


class Reinforce(Controller):
    """Samples each candidate anew from an LSTM over the string of all choices.

    Choices of one class (equal after the last "/") and size share their softmax. A failed evaluation counts as the
    worst score so far; before any success it teaches nothing. Reals and long ranges of integers are cut into 16 equally
    likely parts. What is learned from is the share of results so far that are worse, which knows no unit of the
    objective; `top_average` and `raw` do.

    `profile=graphnas` has the constants of its released code. They hardly learn within a few hundred evaluations. Two
    deviations remain: the code samples in rounds and trains on each sample at once, here it learns when a result
    arrives; and each question's name is read beside the previous answer, because a program may leave questions out.

    Settings:
        lr: learning rate of Adam.
        units: size of the LSTM and its embeddings.
        bound: first weights are uniform between -bound and bound.
        temperature: logits are divided by it.
        tanh_constant: then they are squashed to tanh_constant * tanh(logit); 0: they are not.
        entropy_weight: weight of the decisions' entropy, which is added to the reward.
        reward: `rank` among all so far, the `raw` score, or the score above the `top_average` of the ten best.
        decay: of the moving baseline.
        rescale: largest advantage after division by the largest of the last ten; 0: not divided.
        redraws: how often a candidate that was proposed before is drawn again; 0: it is not.
        sharing: whether candidates inherit trained weights from earlier ones; needs a space that is `Inheritable`.
        adaptation: effort of an evaluation that inherits; what nothing is known for is trained with effort 1.
    """

    many_objectives = False
    profiles = {
        "graphnas": {
            "lr": 3.5e-4,
            "units": 100,
            "bound": 0.1,
            "temperature": 5.0,
            "tanh_constant": 2.5,
            "entropy_weight": 1e-4,
            "reward": "top_average",
            "decay": 0.95,
            "rescale": 0.5,
            "redraws": 0,
        }
    }

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        lr: float = 5e-3,
        units: int = 32,
        bound: float = 0.1,
        temperature: float = 1.0,
        tanh_constant: float = 0.0,
        entropy_weight: float = 0.0,
        reward: RewardKind = "rank",
        decay: float = 0.9,
        rescale: float = 0.0,
        redraws: int = 20,
        sharing: bool = False,
        adaptation: float = 0.2,
    ) -> None:
        super().__init__(space, objectives, seed)
        if len(objectives.goals) > 1:
            raise Incompatible("This controller learns from one objective.", "Name one with --objective.")
        for name, value in {"lr": lr, "units": units, "bound": bound, "temperature": temperature}.items():
            if not value > 0:
                raise UsageError(f"{name} must be positive, got {value}.")
        if not 0 <= decay < 1:
            raise UsageError(f"decay must be at least 0 and below 1, got {decay}.", "Type --set decay=0.9")
        self._lr, self._entropy_weight, self._reward = lr, entropy_weight, reward
        self._rescale, self._redraws = rescale, redraws
        self._policy = Policy(Shape(units, bound, temperature, tanh_constant), seed)
        self._standings = Standings(objectives)
        self._baseline = Baseline(decay)
        self._sharing = Sharing(space, objectives, on=sharing, adaptation=adaptation)
        self._advantages: list[float] = []
        """The last ones, before they were divided."""
        self._entropy = 0.0
        self._trials = 0
        self._pending: dict[int, Lesson] = {}
        self._seen: set[str] = set()

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            lesson = self._pending.pop(result.proposal.trial)
            standing = self._standings.enter(result)
            if standing is not None:
                found = reward(self._reward, self._standings, standing) + self._entropy_weight * lesson.entropy
                advantage = self._rescaled(self._baseline.advantage("policy", found))
                self._policy.learn(lesson.sentence, advantage, self._lr)
                self._entropy = lesson.entropy
        self._sharing.hear(results)
        return [result.proposal.trial for result in results]

    def parents(self) -> Collection[int]:
        return self._sharing.parents()

    def diagnostics(self) -> Mapping[str, float]:
        return {"entropy": self._entropy, "baseline": self._baseline.values.get("policy", 0.0)}

    def _propose(self) -> Proposal:
        trial, self._trials = self._trials, self._trials + 1
        rng = draws(self.seed, trial)
        for _ in range(1 + self._redraws):
            candidate, built, lesson = self._sampled(rng)
            key = self.space.key(candidate)
            if key not in self._seen:
                break
        self._seen.add(key)
        self._pending[trial] = lesson
        return self._sharing.shared(Proposal(trial, 0, candidate, choices=built.trace))

    def _sampled(self, rng: np.random.Generator) -> tuple[Any, Built, Lesson]:
        listener = self._policy.listen(())
        candidate, built = Scribe(rng, {}, (), lambda group: listener).write(self.space)
        return candidate, built, Lesson(listener.sentence, listener.entropy)

    def _rescaled(self, advantage: float) -> float:
        if not self._rescale:
            return advantage
        self._advantages = [*self._advantages, advantage][-_LAST:]
        largest = max(map(abs, self._advantages))
        return self._rescale * advantage / largest if largest else 0.0

    def state_dict(self) -> dict[str, Any]:
        return {
            "trials": self._trials,
            "pending": {str(trial): lesson.dump() for trial, lesson in self._pending.items()},
            "seen": sorted(self._seen),
            "advantages": list(self._advantages),
            "entropy": self._entropy,
            "standings": self._standings.state_dict(),
            "baseline": self._baseline.state_dict(),
            "policy": self._policy.state_dict(),
            "sharing": self._sharing.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._trials, self._seen = state["trials"], set(state["seen"])
        self._pending = {int(trial): Lesson.load(dumped) for trial, dumped in state["pending"].items()}
        self._advantages, self._entropy = list(state["advantages"]), state["entropy"]
        self._standings.load_state_dict(state["standings"])
        self._baseline.load_state_dict(state["baseline"])
        self._policy.load_state_dict(state["policy"])
        self._sharing.load_state_dict(state["sharing"])
