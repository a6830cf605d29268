"""Reinforced conservative search: every candidate is an edit of the best so far, made by a policy per class of actions.

Zhou, Huang, Song, Chen and Hu: Auto-GNN: Neural Architecture Search of Graph Neural Networks. 2019 (Frontiers in Big
Data 2022), the controller RCNAS.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from automl.controllers._agnn.classes import CLASS_CHOICES, ClassChoice
from automl.controllers._agnn.critic import Critic
from automl.controllers._agnn.explorer import Explorer
from automl.controllers._agnn.modifier import Choosing, Draft, Lesson, Modifier, Rewrite
from automl.controllers._agnn.pending import Pending
from automl.controllers._agnn.policy import Shape
from automl.controllers._agnn.rewards import Baseline, reward
from automl.controllers._agnn.standings import Standing, Standings
from automl.controllers._defaults import defaults_of
from automl.controllers._draws import draws
from automl.controllers._sharing import Sharing
from automl.core.controller import Controller
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace

_DECAY = 0.9
"""Of the moving baseline."""


class Conservative(Controller):
    """Rewrites one class of choices of the best candidate so far, in all its layers, with a policy that learns.

    Choices whose names are equal after the last "/" form a class (`layer0/activation`, `layer1/activation`). For each
    class a small LSTM reads the best candidate without that class and answers the class anew, layer by layer. Which
    class is rewritten is drawn by the entropy of these answers: what is undecided is tried. A result replaces the best
    if it is strictly better; in any case the encoders that made it learn from it (REINFORCE).

    Learning uses the share of results so far that are worse than the result, so the step size does not depend on the
    unit of the objective. A failed evaluation counts as the worst score so far; before any success it teaches nothing.
    Beyond a limit is worse than within it. Reals and long ranges of integers are cut into 16 parts that are equally
    likely: the policy picks the part, chance the value in it. Choices that the best candidate does not have are
    answered by the encoder of their class if it is rewritten, else by chance. With several workers all offspring in
    flight come from the same best; one that arrives after a restart teaches, but does not become the new best.

    Deviations from the paper, all undone by `profile=paper`: a moving baseline and a larger learning rate; a class is
    drawn by its entropy relative to the most it could have (the plain sum starves small classes); after `restart`
    results without a better one the search starts anew, while the study remembers the best of all; a candidate that was
    proposed before (`SearchSpace.key`) is drawn again; one choice of the class is rewritten instead of the whole class;
    and of several drafts a linear critic, which learns from every result, says which is measured. Where the space knows
    defaults they are measured first; the first edits are those of the best of them, and restarts begin with the others.

    Settings:
        classes: how many classes are rewritten at a time (s).
        class_choice: how they are chosen: drawn by `normalised` entropy, in proportion to the plain one, by its
            softmax, or the ones with the highest (`argmax`; may never get to small classes).
        rewrite: how much of a class is rewritten: the `class` in all layers, `some` of it, or `one` choice.
        baseline: what a reward is compared with: `moving` average of the class, or the `best` at the time of proposing.
        reward: `rank` among all so far, or the `raw` score.
        lr: learning rate of Adam.
        units: size of the LSTMs and their embeddings.
        bound: their first weights are uniform between -bound and bound.
        temperature: logits are divided by it.
        tanh_constant: then they are squashed to tanh_constant * tanh(logit); 0: they are not.
        entropy_weight: weight of the decisions' entropy, which is added to the reward.
        restart: results without a better one after which the search starts anew, from the next best default if there is
            one left; 0: never.
        start: random candidates before the first edit.
        drafts: from how many offspring the critic chooses; 1: there is no critic.
        redraws: how often, per proposal, an offspring that was proposed before is drawn again; in the second half of
            them the whole class is rewritten. 0: never.
        sharing: whether candidates inherit trained weights from earlier ones; needs a space that is `Inheritable`.
        adaptation: effort of an evaluation that inherits; what nothing is known for is trained with effort 1.
    """

    many_objectives = False
    # Auto-GNN, section "Experiments", and the released code of GraphNAS, whose constants are the same.
    profiles = {
        "paper": {
            "class_choice": "proportional",
            "rewrite": "class",
            "baseline": "best",
            "reward": "raw",
            "lr": 3.5e-4,
            "units": 100,
            "bound": 0.1,
            "temperature": 5.0,
            "tanh_constant": 2.5,
            "entropy_weight": 1e-4,
            "restart": 0,
            "start": 1,
            "drafts": 1,
            "redraws": 0,
        }
    }

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        classes: int = 1,
        class_choice: ClassChoice = "normalised",
        rewrite: Rewrite = "one",
        baseline: Literal["moving", "best"] = "moving",
        reward: Literal["rank", "raw"] = "rank",
        lr: float = 5e-3,
        units: int = 32,
        bound: float = 0.1,
        temperature: float = 1.0,
        tanh_constant: float = 0.0,
        entropy_weight: float = 0.0,
        restart: int = 30,
        start: int = 1,
        drafts: int = 4,
        redraws: int = 20,
        sharing: bool = False,
        adaptation: float = 0.2,
    ) -> None:
        settings = dict(locals())
        super().__init__(space, objectives, seed)
        _refuse_nonsense(settings)
        self._best_is_baseline = baseline == "best"
        self._reward, self._lr, self._entropy_weight = reward, lr, entropy_weight
        self._start, self._drafts, self._redraws = start, drafts, redraws
        shape = Shape(units, bound, temperature, tanh_constant)
        self._modifier = Modifier(space, Choosing(classes, class_choice, rewrite), shape, seed)
        self._explorer = Explorer(restart)
        self._standings = Standings(objectives)
        self._baseline = Baseline(_DECAY)
        self._critic = Critic() if drafts > 1 else None
        self._sharing = Sharing(space, objectives, on=sharing, adaptation=adaptation)
        self._defaults = defaults_of(space)
        self._trials = 0
        self._pending: dict[int, Pending] = {}
        self._seen: set[str] = set()
        """Keys of everything proposed."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            self._hear(result)
        self._sharing.hear(results)
        return [result.proposal.trial for result in results]

    def parents(self) -> Collection[int]:
        return self._sharing.parents()

    def diagnostics(self) -> Mapping[str, float]:
        best = self._explorer.best
        entropies = self._modifier.entropies(best) if best else {}
        return {
            **{f"entropy/{group}": entropy for group, entropy in entropies.items()},
            **{f"baseline/{group}": value for group, value in self._baseline.values.items()},
            "restarts": float(self._explorer.restarts),
            "stalled": float(self._explorer.stalled),
        }

    # Proposing

    def _propose(self) -> Proposal:
        trial, self._trials = self._trials, self._trials + 1
        rng, known = draws(self.seed, trial), self._defaults[trial : trial + 1]
        drafts = [self._modifier.random(rng, *known)] if known else self._fresh_drafts(rng)
        draft = drafts[0]
        if self._critic is not None:
            draft = drafts[self._critic.favourite([d.built.sentence for d in drafts])]
        self._seen.add(self.space.key(draft.candidate))
        self._pending[trial] = Pending(
            draft.built, draft.lessons, self._explorer.restarts, self._explorer.standing if draft.lessons else None
        )
        return self._sharing.shared(Proposal(trial, 0, draft.candidate, choices=draft.built.trace))

    def _fresh_drafts(self, rng: np.random.Generator) -> list[Draft]:
        """Return drafts that were not proposed before; one that was, if the redraws do not suffice for any other."""
        fresh: dict[str, Draft] = {}
        for attempt in range(self._drafts + self._redraws):
            draft = self._draft(rng, whole=attempt >= self._drafts + self._redraws // 2)
            key = self.space.key(draft.candidate)
            if key not in self._seen or not self._redraws:
                fresh.setdefault(key, draft)
            if len(fresh) == self._drafts:
                break
        return list(fresh.values()) or [draft]

    def _draft(self, rng: np.random.Generator, *, whole: bool) -> Draft:
        best = self._explorer.best
        if best is None or len(self._standings.order) < self._start or not best.sentence:
            return self._modifier.random(rng)
        return self._modifier.draft(best, rng, whole=whole)

    # Learning

    def _hear(self, result: Result) -> None:
        pending = self._pending.pop(result.proposal.trial)
        standing = self._standings.enter(result)
        if standing is not None:
            if self._critic is not None:
                self._critic.hear(pending.built.sentence, standing)
            for group, lesson in pending.lessons.items():
                self._teach(group, lesson, standing, pending.parent)
        if standing is not None and result.outcome and result.proposal.trial < len(self._defaults):
            self._explorer.know(pending.built, standing)
        self._explorer.hear(pending.built, standing if result.outcome else None, pending.restarts)

    def _teach(self, group: str, lesson: Lesson, standing: Standing, parent: Standing | None) -> None:
        found = reward(self._reward, self._standings, standing) + self._entropy_weight * lesson.entropy
        advantage = self._baseline.advantage(group, found)
        if self._best_is_baseline and parent is not None:
            advantage = found - reward(self._reward, self._standings, parent)
        self._modifier.learn(group, lesson, advantage, self._lr)

    # State

    def state_dict(self) -> dict[str, Any]:
        return {
            "trials": self._trials,
            "pending": {str(trial): pending.dump() for trial, pending in self._pending.items()},
            "seen": sorted(self._seen),
            "explorer": self._explorer.state_dict(),
            "standings": self._standings.state_dict(),
            "baseline": self._baseline.state_dict(),
            "modifier": self._modifier.state_dict(),
            "critic": self._critic.state_dict() if self._critic else None,
            "sharing": self._sharing.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._trials, self._seen = state["trials"], set(state["seen"])
        self._pending = {int(trial): Pending.load(dumped) for trial, dumped in state["pending"].items()}
        self._explorer.load_state_dict(state["explorer"])
        self._standings.load_state_dict(state["standings"])
        self._baseline.load_state_dict(state["baseline"])
        self._modifier.load_state_dict(state["modifier"])
        self._sharing.load_state_dict(state["sharing"])
        if self._critic is not None:
            self._critic.load_state_dict(state["critic"])


def _refuse_nonsense(settings: Mapping[str, Any]) -> None:
    if len(settings["objectives"].goals) > 1:
        raise Incompatible("This controller learns from one objective.", "Name one with --objective.")
    if settings["class_choice"] not in CLASS_CHOICES:
        raise UnknownName("class_choice", settings["class_choice"], CLASS_CHOICES)
    for name in ("classes", "units", "start", "drafts"):
        if settings[name] < 1:
            raise UsageError(f"{name} must be one or more, got {settings[name]}.", f"Type --set {name}=1")
    for name in ("lr", "bound", "temperature"):
        if not settings[name] > 0:
            raise UsageError(f"{name} must be positive, got {settings[name]}.")
    for name in ("restart", "redraws", "tanh_constant", "entropy_weight"):
        if settings[name] < 0:
            raise UsageError(f"{name} cannot be negative, got {settings[name]}.", f"Type --set {name}=0 for none.")
