"""The end of a search: the best candidates trained in full, from kept weights and from scratch, and tested once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from automl.core.records import Proposal, Result, Trial, Weights
from automl.core.runner import Job, Runner
from automl.core.trainer import Finishing, Start
from automl.ledger import Ledger
from automl.study import Study, seed_of

_STEP = 1_000_000  # full trainings take their seeds from a step that no trial reaches
_Planned: TypeAlias = tuple[Trial, Start, Weights | None]


def final_name(trial: int, start: str) -> str:
    """Return the name under which the weights of a full training are kept."""
    return f"final-{trial}-{start}"


class Finale:
    """Trains every finalist in full, from both starts; what the ledger holds already is not repeated.

    Selection is over when this begins: the test data, touched here for the first time, decide nothing. `trainer` must
    be a `Finishing` one.
    """

    def __init__(self, study: Study, trainer: Finishing, runner: Runner, ledger: Ledger, seed: int) -> None:
        self._study = study
        self._trainer = trainer
        self._runner = runner
        self._ledger = ledger
        self._seed = seed

    def run(self, finalists: Sequence[Trial], starts: Sequence[Start]) -> None:
        """Train and test as far as time allows; every training is written down when it ends.

        Args:
            finalists: the trials to finish.
            starts: from which weights, each.
        """
        waiting = self._pending(finalists, starts)
        flying: dict[int, tuple[Trial, Start]] = {}
        while waiting or flying:
            while waiting and len(flying) < self._runner.capacity:
                trial, start, weights = waiting.pop(0)
                number = self._study.history.asked + len(waiting)
                flying[number] = (trial, start)
                self._runner.submit(self._job(number, trial, weights))
            results = self._runner.collect(timeout=None)
            if not results:
                return  # time is over
            for result in results:
                self._write(*flying.pop(result.id), result)

    def _pending(self, finalists: Sequence[Trial], starts: Sequence[Start]) -> list[_Planned]:
        """Return the trainings that the ledger does not hold; without kept weights there is only one start."""
        done = {(body["trial"], body["start"]) for body in self._study.history.finals}
        pending: list[_Planned] = []
        for trial in finalists:
            for start in starts:
                weights = self._kept(trial) if start == "kept" else None
                if (trial.number, start) not in done and (start == "scratch" or weights is not None):
                    pending.append((trial, start, weights))
        return pending

    def _kept(self, trial: Trial) -> Weights | None:
        source = self._study.history.source(_judged(trial).id)
        return self._study.weights.load(source) if source in self._study.weights else None

    def _job(self, number: int, trial: Trial, weights: Weights | None) -> Job:
        proposal = Proposal(trial.number, 0, _judged(trial).proposal.candidate)
        return Job(number, proposal, weights, seed_of(self._seed, trial.number, _STEP), full=True)

    def _write(self, trial: Trial, start: Start, result: Result) -> None:
        body: dict[str, Any] = {
            "trial": trial.number,
            "start": start,
            "candidate": trial.candidate,
            "seconds": round(result.seconds, 3),
        }
        if result.outcome is None or result.outcome.weights is None:
            error = result.error
            body["error"] = [error.kind, error.message] if error else ["invalid", "It returned no weights."]
        else:
            tested = self._trainer.test(result.proposal.candidate, result.outcome.weights)
            body["metrics"] = {name: float(v) for name, v in {**result.metrics, **tested}.items()}
            body["cost"] = result.outcome.cost
            self._study.weights.save(final_name(trial.number, start), result.outcome.weights)
        self._study.history.apply(self._ledger.append("final", body))


def _judged(trial: Trial) -> Result:
    if trial.judged is None:
        raise ValueError(f"trial {trial.number} never succeeded, so it cannot be finished")
    return trial.judged
