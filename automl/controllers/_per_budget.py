"""One candidate for each budget and rule: a trial each, proposed in the order they are added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automl.core.choices import Choice
from automl.core.domains import Options
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.records import Proposal


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A candidate that is to be proposed; parent: the evaluation whose weights it inherits, or None."""

    rule: str
    budget: str
    candidate: Any
    parent: int | None


@dataclass(slots=True)
class PerBudget:
    """The candidates that rules find for budgets, until they are proposed.

    Rule and budget become choices of the proposal, so that trackers show them like any other choice.

    Attributes:
        space: reads and writes candidates.
        rules: all rules there are.
        budgets: sizes by the names they are shown under.
        number: number of the next trial.
        waiting: what is to be proposed, in order.
        left_out: why there is no candidate for a rule and a budget, by `rule/budget`.
        refusal: why the space refused the first one; empty if it refused none.
    """

    space: Any
    rules: Sequence[str]
    budgets: Mapping[str, float]
    number: int
    waiting: list[_Waiting] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    _found: bool = False

    def add(self, rule: str, budget: str, make: Callable[[float], Any], parent: int | None = None) -> None:
        """Add the candidate that `make` finds for the size of a budget, if it finds one."""
        try:
            candidate = make(self.budgets[budget])
        except InvalidCandidate as error:
            self.leave_out(rule, budget, "too_small")
            self.refusal = self.refusal or f"{rule}, {budget}: {error}"
            return
        self._found = True
        self.waiting.append(_Waiting(rule, budget, candidate, parent))

    def leave_out(self, rule: str, budget: str, why: str) -> None:
        """Take note that there is no candidate for a rule and a budget."""
        self.left_out[f"{rule}/{budget}"] = why

    def propose(self, most: int) -> list[Proposal]:
        """Return up to `most` proposals.

        Raises:
            UsageError: if the space has refused every budget so far.
        """
        if self.refusal and not self._found:
            raise UsageError(
                f"No budget is large enough ({self.refusal})", "Give larger ones, for example --set budgets=1/2,1/4"
            )
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        self.number += len(taken)
        return [self._proposal(number, each) for number, each in enumerate(taken, self.number - len(taken))]

    def parents(self) -> set[int]:
        """Return the evaluations that what is waiting inherits from."""
        return {each.parent for each in self.waiting if each.parent is not None}

    def diagnostics(self) -> dict[str, float]:
        """Return a 1 for every candidate that there is not, named by the reason, the rule and the budget."""
        return {f"{why}/{name}": 1.0 for name, why in self.left_out.items()}

    def state_dict(self) -> dict[str, Any]:
        waiting = [[each.rule, each.budget, self.space.dump(each.candidate), each.parent] for each in self.waiting]
        left_out = {"left_out": dict(self.left_out), "refusal": self.refusal, "found": self._found}
        return {"number": self.number, "waiting": waiting, **left_out}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.number, self.left_out = state["number"], dict(state["left_out"])
        self.refusal, self._found = state["refusal"], state["found"]
        self.waiting = [
            _Waiting(rule, budget, self.space.load(c), parent) for rule, budget, c, parent in state["waiting"]
        ]

    def _proposal(self, trial: int, each: _Waiting) -> Proposal:
        choices = {
            "rule": Choice(each.rule, Options(tuple(self.rules))),
            "budget": Choice(each.budget, Options(tuple(self.budgets))),
        }
        return Proposal(trial, 0, each.candidate, parent=each.parent, choices=choices)
