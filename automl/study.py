"""The study: the one loop that every search runs, whatever its space, controller and trainer.

    while the budget allows:
        for proposal in controller.ask(free places, progress):     ledger: ask
            runner.submit(job with the inherited weights and its own seed)
        results = runner.collect()
        closed = controller.tell(results)                          ledger: tell
        for trial in closed: trackers.closed(trial)

Everything the loop needs to go on after a `kill -9` is in the ledger: the controller is rebuilt from its last snapshot
and the events behind it, and what was in flight is submitted again with the same seed.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from automl.audience import Audience
from automl.copies import Copies
from automl.core.budget import Budget, Spent
from automl.core.controller import Controller
from automl.core.errors import InvalidCandidate, LedgerError, StopSearch
from automl.core.objectives import Objectives
from automl.core.records import Failure, Metrics, Outcome, Proposal, Result, Weights
from automl.core.runner import Job, Runner
from automl.core.space import SearchSpace
from automl.events import Event, dump_proposal, dump_result
from automl.history import History
from automl.ledger import Ledger
from automl.retention import Elite, Retention
from automl.snapshot import pack, unpack
from automl.weights import FOLDER, WeightStore

_SNAPSHOT_EVERY = 50  # evaluations at least; later a tenth of all, so that snapshots cost O(n) over a study
_HEARTBEAT = 1.0  # seconds between two looks at the clock while evaluations are in flight


class Study:
    """A search in progress, tied to its ledger.

    Args:
        space, controller, runner: the parts; the runner holds the trainer.
        objectives: what is searched for.
        budget: when to end.
        ledger: an open ledger; what it already holds is taken up.
        seed: root of the seeds of all evaluations.
        audience: whoever watches.
        keep: how many of the best evaluations keep their weights.
        halt: ends the study when it is set, perhaps by another thread.
    """

    def __init__(
        self,
        *,
        space: SearchSpace[Any],
        controller: Controller,
        runner: Runner,
        objectives: Objectives,
        budget: Budget,
        ledger: Ledger,
        seed: int,
        audience: Audience | None = None,
        keep: int = 5,
        halt: threading.Event | None = None,
    ) -> None:
        self.history = History(ledger.domains, objectives, space.load, space.dump)
        self.weights = WeightStore(ledger.directory / FOLDER, ledger)
        self._space: Any = space
        self._controller = controller
        self._runner = runner
        self._objectives = objectives
        self._budget = budget
        self._ledger = ledger
        self._seed = seed
        self._audience = audience or Audience()
        self._retention = Retention(self.weights, self.history, Elite(objectives, keep))
        self._copies = Copies(space, self.history, self.weights)
        self._halt = halt or threading.Event()
        self._running: set[int] = set()
        self._waiting: deque[int] = deque()
        self._snapshot_at = 0
        self._earlier = 0.0
        self._started = time.monotonic()

    def run(self) -> None:
        """Take up what the ledger holds, and search until the budget is used up or the controller has finished."""
        self._recover()
        self._started = time.monotonic()
        if self._budget.seconds is not None:
            self._runner.deadline = self._started + max(0.0, self._budget.seconds - self._earlier)
        with suppress(StopSearch):
            self._loop()
        if not self._halt.is_set():
            self._end()

    def _loop(self) -> None:
        while not self._time_is_over() and not self._halt.is_set():
            self._fill()
            if not self._running:
                break
            self._collect()

    def stop(self) -> None:
        """End soon, from a tracker or another thread: what is finished is kept, and the study can be resumed.

        An evaluation in flight is ended where the runner can; a serial one goes on until it reports or ends.
        """
        self._halt.set()

    def elapsed(self) -> float:
        """Return the seconds spent on this study, over all its sessions."""
        return self._earlier + time.monotonic() - self._started

    @property
    def abandoned(self) -> bool:
        """Say whether evaluations were left in flight; they are asked again when the study is resumed."""
        return bool(self._running)

    def reported(self, number: int, step: int, metrics: Metrics) -> None:
        """Pass on an intermediate result of evaluation `number`."""
        proposal = self.history.in_flight.get(number)
        if proposal is not None:
            self._audience.progress(proposal.trial, step, metrics)

    # Asking.

    def _fill(self) -> None:
        """Give the runner work until it is full, the budget is used up, or the controller has nothing to propose."""
        while (room := self._room()) > 0 and (progress := self._progress()) < 1.0:
            if not self._waiting:
                self._waiting.extend(self._ask(room, progress))
            if not self._waiting:
                return
            self._start(self._waiting.popleft())

    def _room(self) -> int:
        """Return how many evaluations may start now."""
        busy = len(self._running)
        room = self._runner.capacity - busy
        if self._budget.evaluations is None:
            return room
        return min(room, self._budget.evaluations - self.history.spent.evaluations - busy)

    def _ask(self, n: int, progress: float) -> list[int]:
        """Ask the controller for up to `n` proposals and write them down; return their ids."""
        most = self._budget.trials
        proposals = [p for p in self._controller.ask(n, progress) if most is None or p.trial < most]
        if not proposals:
            return []
        for proposal in proposals:
            self._ledger.learn_domains(proposal.choices)
        numbered = list(enumerate(proposals, start=self.history.asked))
        bodies = [dump_proposal(number, p, self._space.dump(p.candidate)) for number, p in numbered]
        event = self._ledger.append("ask", {"n": n, "progress": progress, "proposals": bodies})
        self.history.apply_ask(event, numbered)
        return [number for number, _ in numbered]

    def _start(self, number: int) -> None:
        """Submit an evaluation, or settle it at once where there is nothing to measure."""
        proposal = self.history.in_flight[number]
        try:
            self._space.check(proposal.candidate)
            copy = self._copies.find(number, proposal)
            weights = None if copy else self._inherited(proposal)
        except InvalidCandidate as error:
            self._tell([Result(number, proposal, error=Failure("invalid", str(error)))])
            return
        if copy:
            self._tell([copy])
            return
        self._running.add(number)
        seed, watch = seed_of(self._seed, proposal.trial, proposal.step), self._controller.watch(proposal)
        self._runner.submit(Job(number, proposal, weights, seed, watch=watch))

    def _inherited(self, proposal: Proposal) -> Weights | None:
        if proposal.parent is None:
            return None
        parent = self.history.results[proposal.parent].proposal.candidate
        weights = self.weights.load(self.history.source(proposal.parent))
        inherited: Weights | None = self._space.inherit(proposal.candidate, parent, weights)
        return inherited

    # Telling.

    def _collect(self) -> None:
        results = self._runner.collect(timeout=_HEARTBEAT)
        if results:
            self._running -= {result.id for result in results}
            self._tell([self._held_to_objectives(result) for result in results])

    def _held_to_objectives(self, result: Result) -> Result:
        """Turn an outcome that lacks a metric of the objectives into a failure."""
        missing = [name for name in self._objectives.metrics if result.outcome and name not in result.metrics]
        if not missing:
            return result
        said = f"The trainer did not report {', '.join(missing)}; it reported {', '.join(result.metrics) or 'nothing'}."
        failure = Failure("invalid", said)
        return Result(result.id, result.proposal, error=failure, seconds=result.seconds, curve=result.curve)

    def _tell(self, results: Sequence[Result]) -> None:
        """Let the controller learn, keep the weights that are needed, and write it all down, in this order."""
        weights = {r.id: r.outcome.weights for r in results if r.outcome and r.outcome.weights}
        bodies = [dump_result(result) for result in results]
        bare = [_without_weights(result) for result in results]
        closed = self._controller.tell(bare)
        self._retention.keep(bare, weights, self._controller.parents())
        body = {"results": bodies, "closed": sorted(closed), "elapsed": round(self.elapsed(), 3)}
        numbers = self._controller.diagnostics() if closed else {}
        if numbers:
            body["diagnostics"] = dict(numbers)
        event = self._ledger.append("tell", body)
        self._retention.release(closed)
        trials = self.history.apply_tell(event, bare)
        for result in bare:
            self._copies.remember(result)
        self._snapshot(event)
        for result in bare:
            self._audience.measured(result)
        for trial in trials:
            self._audience.closed(trial)
        if numbers:
            self._audience.diagnosed(self.history.spent.evaluations, numbers)

    def _snapshot(self, event: Event) -> None:
        evaluations = self.history.spent.evaluations
        if evaluations - self._snapshot_at >= max(_SNAPSHOT_EVERY, evaluations // 10):
            self._snapshot_at = evaluations
            self._ledger.snapshot(event.seq, *pack(self._controller.state_dict()))

    # Recovering.

    def _recover(self) -> None:
        """Fold the ledger's events, and bring the controller to where it was: last snapshot, then replay."""
        seen = 0  # the last event that the controller knows
        if snapshot := self._ledger.latest_snapshot():
            seen, body, arrays = snapshot
            self._controller.load_state_dict(unpack(body, arrays))
        for event in self._ledger.events():
            unknown = event.seq > seen
            if event.kind == "ask" and unknown:
                self._replay_ask(event)
            self.history.apply(event)
            if event.kind == "tell":
                self._retell(event, replay=unknown)
            if event.seq == seen:
                self._snapshot_at = self.history.spent.evaluations
        self._waiting.extend(sorted(self.history.in_flight))
        self._earlier = self.history.spent.seconds

    def _replay_ask(self, event: Event) -> None:
        """Ask again as then, and hold the controller to the same proposals."""
        body = event.body
        proposals = self._controller.ask(body["n"], body["progress"])[: len(body["proposals"])]
        again = [
            dump_proposal(old["id"], new, self._space.dump(new.candidate))
            for old, new in zip(body["proposals"], proposals, strict=False)
        ]
        if again != body["proposals"]:
            raise LedgerError(
                f"The controller does not repeat its proposals (event {event.seq}); the search cannot go on exactly.",
                "Was it, or its settings, changed? Its results so far are all there: type "
                f"automl show {self._ledger.directory}",
            )

    def _retell(self, event: Event, *, replay: bool) -> None:
        results = [self.history.results[body["id"]] for body in event.body["results"]]
        if replay:
            self._controller.tell(results)
        for result in results:
            self._copies.remember(result)
        self._retention.recall(results, event.body["closed"])

    # Ending.

    def _spent(self) -> Spent:
        """Return what has been used up to this moment."""
        spent = self.history.spent
        return Spent(spent.trials, spent.evaluations, self.elapsed(), spent.cost)

    def _time_is_over(self) -> bool:
        return self._budget.seconds is not None and self.elapsed() >= self._budget.seconds

    def _progress(self) -> float:
        """Return the share of the budget that is used; all of it when there is nothing new to be found."""
        return 1.0 if self._copies.exhausted else self._spent().progress(self._budget)

    def _end(self) -> None:
        """Write down what ended the search, once."""
        why = self._why()
        if why != self.history.ended_by:
            self.history.apply(self._ledger.append("end", {"why": why}))

    def _why(self) -> str:
        """Name what ended the search: a bound of the budget, repetition, or the controller itself."""
        spent = self._spent()
        over = [name for name, bound in self._budget.bounds() if getattr(spent, name) >= bound]
        return over[0] if over else "repetition" if self._copies.exhausted else "controller"


def seed_of(study: int, trial: int, step: int) -> int:
    """Return the seed of an evaluation: it depends on nothing but its place, so not on the worker that runs it."""
    digest = hashlib.blake2b(f"{study}/{trial}/{step}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def _without_weights(result: Result) -> Result:
    if result.outcome is None or result.outcome.weights is None:
        return result
    outcome = Outcome(result.outcome.metrics, None, result.outcome.extras, result.outcome.cost)
    return Result(result.id, result.proposal, outcome, None, result.seconds, result.curve, result.copied)
