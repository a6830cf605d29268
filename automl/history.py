"""A study's history: events folded into what is in flight, what is finished, and which trials are closed.

The running study and everybody who reads a ledger afterwards fold the same events with this one class, so they cannot
disagree about what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from automl.core.budget import Spent
from automl.core.domains import Domain
from automl.core.records import Json, Metrics, Proposal, Result, Trial
from automl.events import Event, load_proposal, load_result


class History:
    """The state that a sequence of events leads to.

    Attributes:
        spent: what has been used of the budget.
        in_flight: proposals asked and not yet told, by the id of their evaluation.
        results: finished evaluations by id; their weights are on disk.
        weighty: ids of the evaluations that had weights.
        trials: closed trials, in the order of closing.
        finals: bodies of the `final` events, in order.
        ended_by: what ended the search; empty while it runs.
        diagnostics: what the controller said of itself, as (evaluations, numbers) pairs.
        asked: how many evaluations were ever asked.
    """

    def __init__(self, domains: Mapping[str, Domain], load: Callable[[Json], Any] = lambda json: json) -> None:
        """Start empty. `load` reads a candidate; without it candidates stay JSON, and no plug-in is needed."""
        self.spent = Spent()
        self.in_flight: dict[int, Proposal] = {}
        self.results: dict[int, Result] = {}
        self.weighty: set[int] = set()
        self.trials: list[Trial] = []
        self.finals: list[dict[str, Any]] = []
        self.diagnostics: list[tuple[int, Metrics]] = []
        self.ended_by = ""
        self.asked = 0
        self._domains = domains
        self._load = load
        self._candidates: dict[int, Json] = {}
        self._open: dict[int, list[Result]] = {}
        self._started: dict[int, float] = {}

    def apply(self, event: Event) -> None:
        """Fold one event that was read from a ledger."""
        if event.kind == "ask":
            self.apply_ask(event, [load_proposal(p, self._load, self._domains) for p in event.body["proposals"]])
        elif event.kind == "tell":
            bodies = event.body["results"]
            self.apply_tell(event, [load_result(b, self.in_flight[b["id"]]) for b in bodies])
        elif event.kind == "end":
            self.ended_by = event.body["why"]
        else:
            self.finals.append(event.body)

    def apply_ask(self, event: Event, proposals: list[tuple[int, Proposal]]) -> None:
        """Fold an ask whose proposals are at hand."""
        for (number, proposal), body in zip(proposals, event.body["proposals"], strict=True):
            self.in_flight[number] = proposal
            self._candidates[number] = body["candidate"]
            self._started.setdefault(proposal.trial, event.at)
            self.asked = max(self.asked, number + 1)

    def apply_tell(self, event: Event, results: list[Result]) -> list[Trial]:
        """Fold a tell whose results are at hand; return the trials it closed."""
        for result, body in zip(results, event.body["results"], strict=True):
            if "weights" in body:
                self.weighty.add(result.id)
            del self.in_flight[result.id]
            self.results[result.id] = result
            self._open.setdefault(result.proposal.trial, []).append(result)
            self.spent.evaluations += 1
            self.spent.cost += result.outcome.cost if result.outcome else 0.0
        self.spent.seconds = max(self.spent.seconds, event.body["elapsed"])
        closed = [self._close(number, event.at) for number in event.body["closed"]]
        self.trials += closed
        self.spent.trials += len(closed)
        if "diagnostics" in event.body:
            self.diagnostics.append((self.spent.evaluations, event.body["diagnostics"]))
        return closed

    def source(self, number: int) -> int:
        """Return the evaluation whose weights stand for those of `number`: itself, or the one it was copied from."""
        result = self.results.get(number)
        return number if result is None or result.copied is None else result.copied

    def candidate(self, number: int) -> Json:
        """Return the JSON of the candidate of an evaluation."""
        return self._candidates[number]

    def _close(self, number: int, at: float) -> Trial:
        results = tuple(sorted(self._open.pop(number), key=lambda r: r.proposal.step))
        judged = next((r for r in reversed(results) if r.outcome), results[-1])
        return Trial(number, results, self._candidates[judged.id], self._started.pop(number), at)
