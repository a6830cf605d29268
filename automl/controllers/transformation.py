"""EAS: a policy that grows a trained network by function-preserving edits (Cai et al., AAAI 2018).

    for each stage:                                         start net = the root, trained
        for each batch:
            children = [start net edited step by step] * 10 answers sampled from the policy; weights inherited
            train the children, REINFORCE with their rewards
        start net = the best child of the stage              (re-rooting)

The policy (`automl.controllers._eas`) reads a net as a sentence and answers the questions of the space's
own program `grow`, so it works on every space that can grow, not only on convolutional networks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from automl.controllers._draws import draws
from automl.controllers._eas.questions import Episode, dump_episode, load_episode
from automl.controllers._eas.reward import BaselineKind, is_accuracy, standardise, tan_reward
from automl.controllers._schedule import LEARNED, default_schedule, edit_names, parse_schedule
from automl.core.choices import Choice, run
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Growable, Inheritable, SearchSpace

if TYPE_CHECKING:
    from automl.controllers._eas.reinforce import Reinforce

DEFAULT_EDITS = (("widen", 1), ("deepen", 1))
"""Small steps: inherited weights pay for small growth, and a child costs what it weighs."""
ATTEMPTS = 3
"""How often a start net may fail to train before its children do without its weights."""


@dataclass(frozen=True, slots=True)
class Net:
    """A measured candidate and the evaluation that holds its weights (None where there are none)."""

    candidate: Any
    evaluation: int | None


@dataclass(frozen=True, slots=True)
class Child:
    """A child in flight: the stage it was sampled in and how it was grown."""

    stage: int
    episode: Episode


@dataclass(slots=True)
class Batch:
    """What has arrived since the last update; failed children are counted and left out."""

    arrived: int = 0
    episodes: list[Episode] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    feasible: list[bool] = field(default_factory=list)


class Transformation(Controller):
    """EAS: reinforcement learning over edits that keep the function of the trained network.

    Trial 0 is the root, trained for `root_effort`; every other trial is a child that inherits the weights
    of the start net of its stage, or a start net that is trained on (`promotion_effort`). There is one
    update per `children` results. Nothing waits for a slow worker: until the update, children are still
    sampled from the policy as it is, so with several workers a child's policy may be one update old when it
    is learned from. A child that arrives after its stage has ended may still become the next start net, but
    teaches the policy nothing, since it grew from another net.

    The reward is tan(accuracy * pi / 2), clipped, while the first objective is maximised and has stayed
    within [0, 1]; any other objective is standardised within the batch. A child beyond a limit counts as
    the worst of its batch.

    Deviations from the paper, all in the default profile and for small budgets: few edits per child and a
    new start net after every batch, because training that accumulates along the lineage is what pays when
    children are trained briefly; a learning rate of 1e-2, since 2e-3 hardly moves the policy within 15
    updates; advantages in units of their standard deviation, since tan changes its scale as the lineage
    improves. `profile=paper` has its numbers.

    Settings:
        schedule: edits of a child in their order, such as `widen*4,deepen*5,learned*2`; `learned` lets the
            policy choose the edit, and so does a step whose edit is not possible on the net at hand. None:
            `widen,deepen`, as far as the space knows these edits, otherwise `learned*2`.
        children: results per update; the paper's batch of 10 child nets.
        stages: results per stage. After each stage its best child becomes the start net.
        repeat: repeat the last stage until the budget is spent; otherwise the search ends after the last
            stage.
        effort: effort of a child.
        root_effort: effort of the root.
        promotion_effort: effort of further training before a child becomes the start net; 0 takes it as it
            is.
        lr: learning rate of the policy.
        entropy_weight: weight of the entropy bonus in the loss.
        baseline: `batch` (mean of the batch), `ema` (moving average begun at the first batch),
            `ema_as_released` (weight 0.95 on the newest batch), `ema_from_zero` (learns badly; for
            comparison only).
        standardised: divide advantages by their standard deviation within the batch.
        clip: accuracies above count as this; 1 - 1 / (2 n) for n validation samples is sensible.
    """

    requires: ClassVar[tuple[type, ...]] = (Growable, Inheritable)
    many_objectives: ClassVar[bool] = False
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # Released code: 10 children, 4 + 5 edits, Adam 2e-3, entropy 1e-5, 5000 validation images. Paper:
        # stages of 300 and 150 nets; 20 epochs for a child, 300 for the start net, 100 for a promoted one.
        "paper": {
            "schedule": "widen*4,deepen*5",
            "children": 10,
            "stages": (300, 150),
            "repeat": False,
            "root_effort": 15.0,
            "promotion_effort": 5.0,
            "lr": 2e-3,
            "baseline": "ema_as_released",
            "standardised": False,
            "clip": 0.9999,
        }
    }

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        schedule: str | None = None,
        children: int = 5,
        stages: tuple[int, ...] = (5,),
        repeat: bool = True,
        effort: float = 1.0,
        root_effort: float = 2.0,
        promotion_effort: float = 0.0,
        lr: float = 1e-2,
        entropy_weight: float = 1e-5,
        baseline: BaselineKind = "batch",
        standardised: bool = True,
        clip: float = 0.998,
    ) -> None:
        super().__init__(space, objectives, seed)
        positive = {"children": children, "effort": effort, "root_effort": root_effort, "lr": lr}
        _refuse_nonsense(positive, stages, promotion_effort, clip)
        known = edit_names(space)
        self._schedule = (
            parse_schedule(schedule, known, LEARNED) if schedule else default_schedule(known, DEFAULT_EDITS)
        )
        self._children, self._stages, self._repeat = children, stages, repeat
        self._effort, self._root_effort, self._promotion_effort = effort, root_effort, promotion_effort
        self._clip = clip
        self._learner = _learner(seed, lr, entropy_weight, baseline, standardised)
        self._begin()

    def _begin(self) -> None:
        self._trials = 0
        self._places = 0  # the most free places ever offered: when all of them are free, nothing is in flight
        self._stage = 0
        self._arrived = 0  # results of this stage
        self._start: Net | None = None
        self._planned = Net(self.space.root(), None)  # what becomes the start net once it is trained
        self._attempts = 0
        self._training: int | None = None  # trial in which the planned start net is trained
        self._best: tuple[bool, float, Net] | None = None  # of this stage
        self._pending: dict[int, Child] = {}
        self._batch = Batch()
        self._accuracy = True
        self._numbers: dict[str, float] = {}

    # Proposing

    def ask(self, n: int, progress: float) -> Sequence[Proposal]:
        self._places = max(self._places, n)
        if self._start is None:
            lost = self._training is not None and n == self._places
            return [self._train_start()] if self._training is None or lost else []
        if self._finished():
            return []
        return [self._grow_child(self._start) for _ in range(n)]

    def _finished(self) -> bool:
        all_stages = not self._repeat and self._stage >= len(self._stages)
        return all_stages or not self.space.edits(self.space.root())

    def _train_start(self) -> Proposal:
        self._training = self._next_trial()
        effort = self._root_effort if self._planned.evaluation is None else self._promotion_effort
        return Proposal(self._training, 0, self._planned.candidate, effort, self._planned.evaluation)

    def _grow_child(self, start: Net) -> Proposal:
        """Sample a child: several edits in a row, of which only the last net is trained."""
        trial = self._next_trial()
        rng = draws(self.seed, trial)
        candidate, steps, choices = start.candidate, [], dict[str, Choice]()
        for place, edit in enumerate(self._schedule):
            possible = self.space.edits(candidate)
            if not possible:
                break
            words = tuple(self.space.words(candidate))
            answer = self._learner.policy.answer(words, rng, edit if edit in possible else None)
            candidate, trace = run(partial(self.space.grow, candidate), answer)
            steps.append(answer.step())
            choices |= {f"edit{place}/{name}": choice for name, choice in trace.items()}
        self._pending[trial] = Child(self._stage, tuple(steps))
        return Proposal(trial, 0, candidate, self._effort, start.evaluation, choices)

    def _next_trial(self) -> int:
        self._trials += 1
        return self._trials - 1

    # Learning

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        closed = []
        for result in results:
            trial = result.proposal.trial
            if trial == self._training:
                self._start_trained(result)
            elif trial in self._pending:
                self._child_arrived(result, self._pending.pop(trial))
            else:
                continue  # told twice
            closed.append(trial)
        return closed

    def _start_trained(self, result: Result) -> None:
        self._training = None
        self._attempts += 1
        if result.outcome:
            self._start = Net(result.proposal.candidate, result.id)
        elif self._attempts == ATTEMPTS:
            self._start = self._planned

    def _child_arrived(self, result: Result, child: Child) -> None:
        self._batch.arrived += 1
        self._arrived += 1
        if result.outcome:
            self._measured(result, child)
        stage_over = self._arrived >= self._stages[min(self._stage, len(self._stages) - 1)]
        if stage_over or self._batch.arrived >= self._children:
            self._update()
        if stage_over:
            self._end_stage()

    def _measured(self, result: Result, child: Child) -> None:
        score = self.objectives.goals[0].score(result.metrics)
        feasible = self.objectives.feasible(result.metrics)
        if self._best is None or (feasible, score) > self._best[:2]:
            self._best = (feasible, score, Net(result.proposal.candidate, result.id))
        if child.stage == self._stage:
            self._batch.episodes.append(child.episode)
            self._batch.scores.append(score)
            self._batch.feasible.append(feasible)

    def _update(self) -> None:
        """Learn from the batch: one update of REINFORCE."""
        batch, self._batch = self._batch, Batch()
        if len(batch.scores) < 2:  # nothing to compare with
            return
        self._accuracy &= is_accuracy(self.objectives.goals[0].direction, batch.scores)
        worst = min(batch.scores)
        scores = [score if ok else worst for score, ok in zip(batch.scores, batch.feasible, strict=True)]
        rewards = tan_reward(scores, self._clip) if self._accuracy else standardise(scores)
        self._numbers = {**self._learner.update(batch.episodes, rewards), "stage": float(self._stage)}

    def _end_stage(self) -> None:
        """Make the best child the start net.

        One that cannot grow further gives way to the root, with a policy that has learned. A stage in which
        every child failed is repeated from the same start net.
        """
        best, self._best = self._best, None
        self._stage += 1
        self._arrived = 0
        if best is None or self._finished():
            return
        full = not self.space.edits(best[2].candidate)
        self._planned = Net(self.space.root(), None) if full else best[2]
        self._attempts = 0
        self._start = self._planned if self._promotion_effort == 0 and not full else None

    def parents(self) -> Collection[int]:
        nets = (self._start, self._planned, self._best[2] if self._best else None)
        return sorted({net.evaluation for net in nets if net and net.evaluation is not None})

    def diagnostics(self) -> Mapping[str, float]:
        return dict(self._numbers)

    # State

    def state_dict(self) -> dict[str, Any]:
        return {
            "trials": self._trials,
            "places": self._places,
            "stage": self._stage,
            "arrived": self._arrived,
            "start": self._dump_net(self._start) if self._start else None,
            "planned": self._dump_net(self._planned),
            "attempts": self._attempts,
            "training": self._training,
            "best": [*self._best[:2], self._dump_net(self._best[2])] if self._best else None,
            "pending": [[t, child.stage, dump_episode(child.episode)] for t, child in self._pending.items()],
            "batch": {
                "arrived": self._batch.arrived,
                "episodes": [dump_episode(episode) for episode in self._batch.episodes],
                "scores": list(self._batch.scores),
                "feasible": list(self._batch.feasible),
            },
            "accuracy": self._accuracy,
            "numbers": dict(self._numbers),
            "learner": self._learner.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._trials, self._places = state["trials"], state["places"]
        self._stage, self._arrived = state["stage"], state["arrived"]
        self._start = self._load_net(state["start"]) if state["start"] else None
        self._planned = self._load_net(state["planned"])
        self._attempts, self._training = state["attempts"], state["training"]
        best = state["best"]
        self._best = (best[0], best[1], self._load_net(best[2])) if best else None
        self._pending = {t: Child(stage, load_episode(dumped)) for t, stage, dumped in state["pending"]}
        batch = state["batch"]
        episodes = [load_episode(dumped) for dumped in batch["episodes"]]
        self._batch = Batch(batch["arrived"], episodes, list(batch["scores"]), list(batch["feasible"]))
        self._accuracy = state["accuracy"]
        self._numbers = dict(state["numbers"])
        self._learner.load_state_dict(state["learner"])

    def _dump_net(self, net: Net) -> list[Any]:
        return [self.space.dump(net.candidate), net.evaluation]

    def _load_net(self, dumped: Sequence[Any]) -> Net:
        return Net(self.space.load(dumped[0]), dumped[1])


def _learner(seed: int, lr: float, entropy_weight: float, baseline: BaselineKind, standardised: bool) -> Reinforce:
    from automl.controllers._eas.reinforce import Learning, Reinforce  # torch is loaded here, not before

    return Reinforce(seed, Learning(lr, entropy_weight, baseline, standardised))


def _refuse_nonsense(
    positive: Mapping[str, float], stages: tuple[int, ...], promotion_effort: float, clip: float
) -> None:
    if positive["children"] < 2:
        raise UsageError(f"children must be two or more, got {positive['children']}: they are compared.")
    for name, value in positive.items():
        if not value > 0:
            raise UsageError(f"{name} must be positive, got {value}.")
    if not stages or min(stages) < 1:
        raise UsageError(f"stages must be one size or more, each positive, got {stages}.", "Set stages=300,150")
    if not promotion_effort >= 0:
        raise UsageError(f"promotion_effort must not be negative, got {promotion_effort}.", "Set 0 for none.")
    if not 0 < clip < 1:
        raise UsageError(f"clip must lie between 0 and 1, got {clip}.", "The tangent diverges at an accuracy of 1.")
