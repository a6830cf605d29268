"""Random search: the baseline that every other controller is printed beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from automl.controllers._defaults import defaults_of
from automl.controllers._draws import draws
from automl.controllers._growth import grown
from automl.controllers._schedule import ANY, edit_names, parse_schedule
from automl.controllers._sharing import Sharing
from automl.core.choices import at_random, given, run
from automl.core.controller import Controller
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Growable, Inheritable, SearchSpace


class Random(Controller):
    """Proposes candidates at random and learns nothing.

    With `source="build"` each is sampled from the whole space and trained from scratch; a space that knows
    defaults has them first. With `source="grow"` each is the trained root after a chain of random edits and
    inherits the root's weights: the fair opponent of a controller that grows (the random arm of Cai et al.
    2018, given the same edits in the same order).

    Settings:
        source: where candidates come from.
        edits: the edits of one child for `grow`, in their order, for example `widen*4,deepen*5`; `any` lets
            chance choose the edit; those that are not possible are left out.
        root_effort: effort of training the root for `grow`.
        sharing: whether candidates of `build` inherit trained weights from earlier ones, if the space is `Inheritable`.
        adaptation: effort of an evaluation that inherits; what nothing is known for is trained with effort 1.
    """

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        source: Literal["build", "grow"] = "build",
        edits: str = "any*9",
        root_effort: float = 1.0,
        sharing: bool = False,
        adaptation: float = 0.2,
    ) -> None:
        super().__init__(space, objectives, seed)
        if source not in ("build", "grow"):
            raise UsageError(f"'{source}' is no source of random candidates.", "Set source to build or grow.")
        if source == "grow" and not (isinstance(space, Growable) and isinstance(space, Inheritable)):
            raise Incompatible(
                "Random growth needs a space that can grow and inherit weights.", "Leave out source=grow."
            )
        if source == "grow" and sharing:
            raise UsageError("What is grown inherits from the root already.", "Leave out sharing=true or source=grow.")
        if not root_effort > 0:
            raise UsageError(f"root_effort must be positive, got {root_effort}.")
        self.source = source
        self.plan = parse_schedule(edits, edit_names(space), ANY) if source == "grow" else ()
        self.root_effort = root_effort
        self._sharing = Sharing(space, objectives, on=sharing, adaptation=adaptation)
        self._defaults = defaults_of(space)
        self._next = 0
        self._root: int | None = None
        """Evaluation of the trained root."""
        self._places = 0
        """The most free places ever offered: when all of them are free, nothing is in flight."""

    def ask(self, n: int, progress: float) -> list[Proposal]:
        self._places = max(self._places, n)
        if self.source == "build":
            return [self._built() for _ in range(n)]
        if self._root is not None:
            return [self._grown(self._root) for _ in range(n)]
        return [self._rooted()] if n == self._places else []

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            if self.source == "grow" and self._root is None and result.outcome:
                self._root = result.id
        self._sharing.hear(results)
        return [result.proposal.trial for result in results]

    def parents(self) -> Collection[int]:
        return self._sharing.parents() if self._root is None else (self._root,)

    def state_dict(self) -> dict[str, Any]:
        known = {"next": self._next, "root": self._root, "places": self._places}
        return {**known, "sharing": self._sharing.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._next, self._root, self._places = state["next"], state["root"], state["places"]
        self._sharing.load_state_dict(state["sharing"])

    def _built(self) -> Proposal:
        trial = self._number()
        chance = at_random(draws(self.seed, trial))
        answer = given(self._defaults[trial], chance) if trial < len(self._defaults) else chance
        candidate, trace = run(self.space.build, answer)
        return self._sharing.shared(Proposal(trial, 0, candidate, choices=trace))

    def _rooted(self) -> Proposal:
        return Proposal(self._number(), 0, self.space.root(), effort=self.root_effort)

    def _grown(self, root: int) -> Proposal:
        trial = self._number()
        candidate, trace = grown(self.space, self.space.root(), self.plan, draws(self.seed, trial), small=False)
        return Proposal(trial, 0, candidate, parent=root, choices=trace)

    def _number(self) -> int:
        self._next += 1
        return self._next - 1
