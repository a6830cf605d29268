"""One candidate for each budget and rule: a trial each, proposed in the order they are added.

Every candidate is measured once. When all of a budget have been, the best of them is measured again, with other seeds,
as long as it stays the best: what is picked as the best of several was lucky, too, and only what is picked needs a
spread.

    1/8:    search .739    truncate .694    magnitude .704
            search .735                                         best by its mean of .737, still
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from automl.core.choices import Choice
from automl.core.domains import Options
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Proposal, Result

SEEDS = 2


@dataclass(slots=True)
class _Entry:
    """A candidate of a rule for a budget.

    Attributes:
        rule, budget: what it was found by and for.
        candidate: itself.
        parent: the evaluation whose weights it inherits, or None.
        trial: its number; None until it is proposed.
        asked, told: how often it was proposed, and how many results there are.
        first: id of its first evaluation.
        measured: the metrics of those that succeeded.
    """

    rule: str
    budget: str
    candidate: Any
    parent: int | None
    trial: int | None = None
    asked: int = 0
    told: int = 0
    first: int | None = None
    measured: list[dict[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class PerBudget:
    """The candidates that rules find for budgets, until the best of each budget is known.

    Rule and budget become choices of the proposal, so that trackers show them like any other choice.

    Attributes:
        space: reads and writes candidates.
        objectives: say what is better.
        rules: all rules there are.
        budgets: sizes by the names they are shown under.
        seeds: how often to measure the best of a budget.
        number: number of the next trial.
        entries: those not measured yet, or not often enough to know.
        left_out: why there is no candidate for a rule and a budget, by `rule/budget`.
        refusal: why the space refused the first one; empty if it refused none.
    """

    space: Any
    objectives: Objectives
    rules: Sequence[str]
    budgets: Mapping[str, float]
    seeds: int
    number: int
    entries: list[_Entry] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    _found: bool = False
    _places: int = 0
    """The most free places ever offered: when all of them are free, nothing is on its way."""

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise UsageError(
                f"The best at a budget is measured with one seed or more, got seeds={self.seeds}.",
                "Type for example: --set seeds=2",
            )

    def add(self, rule: str, budget: str, make: Callable[[float], Any], parent: int | None = None) -> None:
        """Add the candidate that `make` finds for the size of a budget, if it finds one; all of a budget at once."""
        try:
            candidate = make(self.budgets[budget])
        except InvalidCandidate as error:
            self.leave_out(rule, budget, getattr(error, "reason", "too_small"))
            self.refusal = self.refusal or f"{rule}, {budget}: {error}"
            return
        self._found = True
        self.entries.append(_Entry(rule, budget, candidate, parent))

    def has(self, rule: str, budget: str) -> bool:
        """Say whether there is a candidate of a rule for a budget."""
        return any(each.rule == rule and each.budget == budget for each in self.entries)

    def leave_out(self, rule: str, budget: str, why: str) -> None:
        """Take note that there is no candidate for a rule and a budget."""
        self.left_out[f"{rule}/{budget}"] = why

    def propose(self, most: int) -> list[Proposal]:
        """Return up to `most` proposals, repetitions first.

        Raises:
            UsageError: if the space has refused every budget so far.
        """
        if self.refusal and not self._found:
            raise UsageError(
                f"No budget is large enough ({self.refusal})", "Give larger ones, for example --set budgets=1/2,1/4"
            )
        self._places = max(self._places, most)
        for entry in self.entries if most == self._places else ():
            entry.told = entry.asked  # what has not arrived never will
        again = [best for budget in self.budgets if (best := self._contender(budget)) is not None]
        fresh = [entry for entry in self.entries if entry.trial is None]
        return [self._proposal(entry) for entry in (*again, *fresh)[:most]]

    def tell(self, result: Result) -> list[int]:
        """Take up a result; return the trials of its budget, if the best of them is known now."""
        entry = next((each for each in self.entries if each.trial == result.proposal.trial), None)
        if entry is None:
            return []
        entry.told += 1
        entry.first = result.id if entry.first is None else entry.first
        if result.outcome is not None:
            entry.measured.append({name: float(value) for name, value in result.metrics.items()})
        rivals = self._rivals(entry.budget)
        if _busy(rivals) or self._contender(entry.budget):
            return []
        self.entries = [each for each in self.entries if each not in rivals]
        return [each.trial for each in rivals if each.trial is not None]

    def parents(self) -> set[int]:
        """Return the evaluations that may yet be inherited from."""
        open_ = (each for each in self.entries if each.asked < self.seeds)
        return {each.parent for each in open_ if each.parent is not None}

    def diagnostics(self) -> dict[str, float]:
        """Return a 1 for every candidate that there is not, named by the reason, the rule and the budget."""
        return {f"{why}/{name}": 1.0 for name, why in self.left_out.items()}

    def _rivals(self, budget: str) -> list[_Entry]:
        return [each for each in self.entries if each.budget == budget]

    def _contender(self, budget: str) -> _Entry | None:
        """Return the best of a budget, if all have been measured, nothing of it is on its way, and it needs more."""
        rivals = self._rivals(budget)
        if _busy(rivals):
            return None
        measured = [each for each in rivals if each.measured]
        best = max(measured, key=self._merit, default=None)
        return best if best is not None and best.asked < self.seeds else None

    def _merit(self, entry: _Entry) -> tuple[float, ...]:
        results = [Result(0, Proposal(0, 0, None), Outcome(metrics)) for metrics in entry.measured]
        return self.objectives.merit(*results)

    def _proposal(self, entry: _Entry) -> Proposal:
        if entry.trial is None:
            entry.trial, self.number = self.number, self.number + 1
        entry.asked += 1
        choices = {
            "rule": Choice(entry.rule, Options(tuple(self.rules))),
            "budget": Choice(entry.budget, Options(tuple(self.budgets))),
        }
        step = entry.asked - 1
        repeats = entry.first if step else None
        return Proposal(entry.trial, step, entry.candidate, parent=entry.parent, choices=choices, repeats=repeats)

    def state_dict(self) -> dict[str, Any]:
        entries = [{**asdict(replace(each, candidate=None)), "candidate": self.space.dump(each.candidate)}
                   for each in self.entries]  # fmt: skip
        left_out = {"left_out": dict(self.left_out), "refusal": self.refusal, "found": self._found}
        return {"number": self.number, "places": self._places, "entries": entries, **left_out}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.number, self.left_out = state["number"], dict(state["left_out"])
        self.refusal, self._found, self._places = state["refusal"], state["found"], state["places"]
        self.entries = [
            _Entry(**{**each, "candidate": self.space.load(each["candidate"])}) for each in state["entries"]
        ]


def _busy(rivals: Sequence[_Entry]) -> bool:
    """Say whether some have not been measured yet, or are on their way."""
    return any(each.trial is None or each.asked > each.told for each in rivals)


def closed_by(found: PerBudget, results: Sequence[Result]) -> Collection[int]:
    """Return the trials that results close."""
    return [trial for result in results for trial in found.tell(result)]
