"""A study's history: events folded into what is in flight, what is finished, and which trials are closed.

The running study and everybody who reads a ledger afterwards fold the same events with this one class, so they cannot
disagree about what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from automl.core.budget import Spent
from automl.core.domains import Domain
from automl.core.judging import Judging
from automl.core.objectives import Objectives
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
        finals: what the `final` events say of each full training, in the order of the first: the latest counts, and the
            parts of a test are gathered under `parts`.
        ended_by: what ended the search; empty while it runs.
        diagnostics: what the controller said of itself, as (evaluations, numbers) pairs.
        asked: how many evaluations were ever asked.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain],
        objectives: Objectives,
        load: Callable[[Json], Any] = lambda json: json,
        dump: Callable[[Any], Json] = lambda candidate: candidate,
    ) -> None:
        """Start empty.

        Args:
            domains: domain of every name that was ever asked.
            objectives: what trials are judged by.
            load: how to read a candidate from its JSON; without it candidates stay JSON, and no plug-in is needed.
            dump: how to write one; given whenever `load` is.
        """
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
        self._objectives = objectives
        self._load = load
        self._dump = dump
        self._candidates: dict[int, Json] = {}
        self._paths: dict[int, _Path] = {}

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
            self.apply_final(event.body)

    def apply_ask(self, event: Event, proposals: list[tuple[int, Proposal]]) -> None:
        """Fold an ask whose proposals are at hand; a search that has ended goes on with it."""
        self.ended_by = ""
        for (number, proposal), body in zip(proposals, event.body["proposals"], strict=True):
            self.in_flight[number] = proposal
            self._candidates[number] = body["candidate"]
            if proposal.trial not in self._paths:
                self._paths[proposal.trial] = _Path(event.at, Judging(self._objectives), self._dump)
            self.asked = max(self.asked, number + 1)

    def apply_tell(self, event: Event, results: list[Result]) -> list[Trial]:
        """Fold a tell whose results are at hand; return the trials it closed."""
        for result, body in zip(results, event.body["results"], strict=True):
            if "weights" in body:
                self.weighty.add(result.id)
            del self.in_flight[result.id]
            self.results[result.id] = result
            candidate = self._candidates.pop(result.id)
            if path := self._paths.get(result.proposal.trial):  # None: it was closed with this one in flight
                path.add(result, candidate, event.at)
            self.spent.evaluations += 1
            self.spent.cost += result.outcome.cost if result.outcome else 0.0
        self.spent.seconds = max(self.spent.seconds, event.body["elapsed"])
        closed = [self._paths.pop(number).trial(number) for number in event.body["closed"]]
        self.trials += closed
        self.spent.trials += len(closed)
        if "diagnostics" in event.body:
            self.diagnostics.append((self.spent.evaluations, event.body["diagnostics"]))
        return closed

    def apply_final(self, body: dict[str, Any]) -> None:
        """Fold what happened to a finished model: it was trained, a part of its test ended, it was tested."""
        own = (body["trial"], body["start"])
        known = next((final for final in self.finals if (final["trial"], final["start"]) == own), None)
        if known is None:
            self.finals.append({**body})
        elif "part" in body:
            known.setdefault("parts", []).append({k: v for k, v in body.items() if k not in ("trial", "start")})
        else:
            known.update(body)

    def source(self, number: int) -> int:
        """Return the evaluation whose weights stand for those of `number`: itself, or the one it was copied from."""
        result = self.results.get(number)
        return number if result is None or result.copied is None else result.copied

    def unfinished(self) -> list[Trial]:
        """Return the trials that have results and are not closed, as they stand, in the order of their numbers."""
        return [path.trial(number, is_open=True) for number, path in sorted(self._paths.items()) if path.results]


class _Path:
    """The results of an open trial, and what it is judged by; of the candidates only that one's is remembered."""

    def __init__(self, started: float, judging: Judging, dump: Callable[[Any], Json]) -> None:
        self.results: list[Result] = []
        self._started = self._finished = started
        self._judging = judging
        self._dump = dump
        self._candidate: Json = None
        self._latest = -1  # step of the candidate that is remembered while everything has failed

    def add(self, result: Result, candidate: Json, at: float) -> None:
        """Take up a result."""
        before = self._judging.judged
        self.results.append(result)
        self._finished = at
        self._judging.add(result)
        judged = self._judging.judged
        if judged is result:
            self._candidate = candidate
        elif judged is None and result.proposal.step > self._latest:
            self._latest, self._candidate = result.proposal.step, candidate
        elif judged is not before and judged is not None:  # a repetition has spoiled the one that was best
            self._candidate = self._dump(judged.proposal.candidate)

    def trial(self, number: int, *, is_open: bool = False) -> Trial:
        """Return the trial as it stands."""
        results = tuple(sorted(self.results, key=lambda r: r.proposal.step))
        places = tuple(next(i for i, r in enumerate(results) if r is wanted) for wanted in self._judging.results)
        place, others = (places[-1], places[:-1]) if places else (None, ())
        return Trial(number, results, place, self._candidate, self._started, self._finished, is_open, others)
