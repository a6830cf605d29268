"""The end of a search: finalists trained in full, from kept weights and from scratch; the winners among them tested.

    finale = Finale(study, trainer, runner, ledger, seed)
    finale.train(finalists, starts)             # validation data choose the winners
    finale.test(winners)                        # test data decide nothing any more

What becomes of a finished model is told in `final` events with its trial and its start: first its training, with
`metrics` or an `error`, and with `tested` false; then each part of its test (`InParts`), with `part`; then its test,
whose metrics join those of the training. `History.finals` is the sum of it, and what that holds is not done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.core.records import Proposal, Result, Trial, Weights
from automl.core.runner import Job, Runner
from automl.core.trainer import Finishing, InParts, Start
from automl.ledger import Ledger
from automl.study import Study, seed_of

_log = logging.getLogger("automl")
_STEP = 1_000_000  # full trainings take their seeds from a step that no trial reaches


def final_name(trial: int, start: str) -> str:
    """Return the name under which the weights of a full training are kept."""
    return f"final-{trial}-{start}"


@dataclass(frozen=True, slots=True)
class _Planned:
    """A full training; or, with a part, a part of the test of what it led to."""

    trial: Trial
    start: Start
    weights: Weights | None
    part: int | None = None


class Finale:
    """Trains finalists in full, from both starts, and tests winners; what the ledger holds already is not repeated.

    Everything is written down when it ends. Once time is over nothing is begun. `trainer` must be a `Finishing` one.
    """

    def __init__(self, study: Study, trainer: Finishing, runner: Runner, ledger: Ledger, seed: int) -> None:
        self._study = study
        self._trainer = trainer
        self._runner = runner
        self._ledger = ledger
        self._seed = seed
        self._time_is_over = False

    def train(self, finalists: Sequence[Trial], starts: Sequence[Start]) -> None:
        """Train as far as time allows.

        Args:
            finalists: the trials to train in full.
            starts: from which weights, each.
        """
        self._carry_out(self._trainings(finalists, starts), self._trained)

    def test(self, winners: Sequence[Trial]) -> None:
        """Test what full training made of the winners; as much of a test in parts as time allows."""
        models = [(trial, final) for trial in winners for final in self._untested(trial)]
        if isinstance(self._trainer, InParts):
            self._carry_out([part for trial, final in models for part in self._parts(trial, final)], self._part_ended)
        for trial, final in models:
            self._conclude(trial, final)

    def _carry_out(self, planned: Iterable[_Planned], ended: Callable[[_Planned, Result], None]) -> None:
        """Have the runner carry out what is planned until time is over."""
        waiting = list(planned)
        flying: dict[int, _Planned] = {}
        while (waiting or flying) and not self._time_is_over:
            while waiting and len(flying) < self._runner.capacity:
                number = self._study.history.asked + len(waiting)  # an id that nothing else in flight has
                flying[number] = waiting.pop(0)
                self._runner.submit(self._job(number, flying[number]))
            results = self._runner.collect(timeout=None)
            self._time_is_over = not results
            for result in results:
                ended(flying.pop(result.id), result)

    def _job(self, number: int, plan: _Planned) -> Job:
        proposal = Proposal(plan.trial.number, 0, _judged(plan.trial).proposal.candidate)
        return Job(number, proposal, plan.weights, seed_of(self._seed, plan.trial.number, _STEP), True, plan.part)

    # Training.

    def _trainings(self, finalists: Sequence[Trial], starts: Sequence[Start]) -> list[_Planned]:
        """Return the trainings that the ledger does not hold; without kept weights there is only one start."""
        done = {(body["trial"], body["start"]) for body in self._study.history.finals}
        pending: list[_Planned] = []
        for trial in finalists:
            for start in starts:
                weights = self._kept(trial) if start == "kept" else None
                if (trial.number, start) not in done and (start == "scratch" or weights is not None):
                    pending.append(_Planned(trial, start, weights))
        return pending

    def _kept(self, trial: Trial) -> Weights | None:
        source = self._study.history.source(_judged(trial).id)
        return self._study.weights.load(source) if source in self._study.weights else None

    def _trained(self, plan: _Planned, result: Result) -> None:
        body = {"candidate": plan.trial.candidate, "seconds": round(result.seconds, 3)}
        if result.outcome is None or result.outcome.weights is None:
            error = result.error
            body["error"] = [error.kind, error.message] if error else ["invalid", "It returned no weights."]
        else:
            body["metrics"] = _floats(result.metrics)
            body["cost"] = result.outcome.cost
            body["tested"] = False
            self._study.weights.save(final_name(plan.trial.number, plan.start), result.outcome.weights)
        self._write(plan.trial, plan.start, body)

    # Testing.

    def _untested(self, trial: Trial) -> list[Mapping[str, Any]]:
        finals = self._study.history.finals
        return [final for final in finals if final["trial"] == trial.number and final.get("tested") is False]

    def _parts(self, trial: Trial, final: Mapping[str, Any]) -> list[_Planned]:
        """Return the parts of a test that the ledger does not hold."""
        assert isinstance(self._trainer, InParts)
        done = {part["part"] for part in final.get("parts", ())}
        weights = self._study.weights.load(final_name(trial.number, final["start"]))
        wanted = [part for part in range(self._trainer.test_parts) if part not in done]
        return [_Planned(trial, final["start"], weights, part) for part in wanted]

    def _part_ended(self, plan: _Planned, result: Result) -> None:
        body: dict[str, Any] = {"part": plan.part, "seconds": round(result.seconds, 3)}
        if result.outcome is not None:
            body |= {"metrics": _floats(result.metrics), "extras": result.outcome.extras, "cost": result.outcome.cost}
        elif result.error is not None:
            body["error"] = [result.error.kind, result.error.message]
        self._write(plan.trial, plan.start, body)

    def _conclude(self, trial: Trial, final: Mapping[str, Any]) -> None:
        """Test a model, or draw the conclusion from the parts of its test, even if some are still to come."""
        name, complete = final_name(trial.number, final["start"]), True
        weights = self._study.weights.load(name)
        if isinstance(self._trainer, InParts):
            arrays = _gathered(final.get("parts", ()))
            if not arrays:
                return  # time was over, or every part failed
            complete = len(final["parts"]) >= self._trainer.test_parts
            weights = {**weights, **arrays}
            self._study.weights.save(name, weights)
        try:
            tested = self._trainer.test(_judged(trial).proposal.candidate, weights)
        except Exception as error:  # what is found is found; the search must not end without its result
            number, where = trial.number, self._ledger.directory
            _log.warning("Trial %d could not be tested: %r. `automl resume %s` tries again.", number, error, where)
            return
        self._write(trial, final["start"], {"metrics": {**final["metrics"], **_floats(tested)}, "tested": complete})

    def _write(self, trial: Trial, start: Start, body: Mapping[str, Any]) -> None:
        event = self._ledger.append("final", {"trial": trial.number, "start": start, **body})
        self._study.history.apply(event)


def _gathered(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metrics of the parts that succeeded as arrays by name, `test/NAME`, in the order of the parts."""
    found = [part["metrics"] for part in sorted(parts, key=lambda part: part["part"]) if "metrics" in part]
    return {f"test/{name}": np.array([metrics[name] for metrics in found]) for name in (found[0] if found else ())}


def _floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}


def _judged(trial: Trial) -> Result:
    if trial.judged is None:
        raise ValueError(f"trial {trial.number} never succeeded, so it cannot be finished")
    return trial.judged
