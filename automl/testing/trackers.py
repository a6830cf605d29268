"""The contract kit of trackers: subclass it, say how yours is made, and run pytest.

class TestMyTracker(TrackerContract):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda: MyTracker(tmp_path / "store")

    @pytest.fixture
    def read(self, tmp_path):
        return lambda: contents_of(tmp_path / "store")

`read` is optional: it returns what the store holds now, as anything that can be compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from automl.core.choices import at_random, run
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial
from automl.core.tracker import StudyInfo, Tracker
from automl.testing.towers import TowerSpace, TowerTrainer

Make: TypeAlias = Callable[[], Tracker]
Read: TypeAlias = Callable[[], Any]

AT_ONCE = 0.02
"""Seconds a call may take on average; a tracker that writes on the spot needs more."""


class TrackerContract:
    """What every tracker must keep to."""

    @pytest.fixture
    def make(self) -> Make:
        """Return a function that makes a tracker on the same store each time."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def read(self) -> Read:
        """Return a function that reads the store; by default there is nothing to read."""
        return lambda: None

    @pytest.fixture
    def study(self, tmp_path: Path) -> StudyInfo:
        """Return the study that is shown."""
        return tower_study(tmp_path)

    def test_lives_through_a_study(self, make: Make, study: StudyInfo) -> None:
        tracker = make()
        show(tracker, study, tower_trials(5))
        tracker.close()

    def test_repeating_changes_nothing(self, make: Make, read: Read, study: StudyInfo) -> None:
        trials = tower_trials(6)
        _show_and_close(make(), study, trials)
        first = read()
        _show_and_close(make(), study, trials)
        assert read() == first

    def test_resuming_equals_not_stopping(self, make: Make, read: Read, study: StudyInfo) -> None:
        trials = tower_trials(6)
        interrupted = make()
        interrupted.opened(study)
        for trial in trials[:3]:
            interrupted.closed(trial)
        interrupted.close()
        _show_and_close(make(), study, trials)
        resumed = read()
        _show_and_close(make(), study, trials)
        assert read() == resumed

    def test_survives_failures_and_empty_curves(self, make: Make, study: StudyInfo) -> None:
        _show_and_close(make(), study, [failed_trial(0), *tower_trials(3, first=1, curves=False)])

    def test_shows_several_objectives(self, make: Make, tmp_path: Path) -> None:
        study = tower_study(tmp_path, "max:val_accuracy", "min:params", "params<=5000")
        _show_and_close(make(), study, [*tower_trials(4), failed_trial(4)])

    def test_takes_trials_in_any_order(self, make: Make, study: StudyInfo) -> None:
        _show_and_close(make(), study, tower_trials(5)[::-1])

    def test_closes_after_an_interruption(self, make: Make, study: StudyInfo) -> None:
        make().close()
        tracker = make()
        tracker.opened(study)
        tracker.progress(0, 1, {"val_accuracy": 0.5})
        tracker.close()

    def test_takes_a_trial_that_is_a_long_path(self, make: Make, study: StudyInfo) -> None:
        _show_and_close(make(), study, [long_trial(0, 2000), *tower_trials(2, first=1)])

    def test_takes_a_trial_that_was_cut_short_and_again_when_it_is_closed(self, make: Make, study: StudyInfo) -> None:
        _show_and_close(make(), study, [replace(long_trial(0, 20), open=True)])
        _show_and_close(make(), study, [long_trial(0, 40)])

    def test_calls_return_at_once(self, make: Make, study: StudyInfo) -> None:
        tracker, trials = make(), tower_trials(50)
        tracker.opened(study)
        started = time.perf_counter()
        for trial in trials:
            tracker.progress(trial.number, 1, trial.metrics)
            tracker.closed(trial)
        took = (time.perf_counter() - started) / len(trials)
        tracker.close()
        assert took < AT_ONCE, f"a closed trial took {1000 * took:.1f} ms of the study's time"


def show(tracker: Tracker, study: StudyInfo, trials: list[Trial]) -> None:
    """Show a whole study, as the engine does."""
    tracker.opened(study)
    for count, trial in enumerate(trials, start=1):
        for result in trial.results:
            for step, metrics in result.curve:
                tracker.progress(trial.number, step, metrics)
            tracker.measured(result)
        tracker.closed(trial)
        tracker.diagnosed(count, {"entropy": 1.0 / count})
    tracker.finished(summary_of(study, trials))


def _show_and_close(tracker: Tracker, study: StudyInfo, trials: list[Trial]) -> None:
    show(tracker, study, trials)
    tracker.close()


def tower_study(directory: Path, *objectives: str, name: str = "towers", identity: str = "t-1") -> StudyInfo:
    """Return a study of towers; its objective is the accuracy unless others are named."""
    return StudyInfo(
        name=name,
        space="towers",
        controller="random",
        trainer="towers",
        objectives=Objectives.parse(objectives or ("max:val_accuracy",)),
        seed=0,
        directory=directory,
        settings={"trials": 60, "controller": {"batch": 4}, "noise": 0.01},
        total=60,
        identity=identity,
    )


def tower_trials(count: int, *, first: int = 0, curves: bool = True, epochs: int = 3) -> list[Trial]:
    """Return closed trials of random towers, always the same ones."""
    return [_tower_trial(number, curves, epochs) for number in range(first, first + count)]


def _tower_trial(number: int, curves: bool, epochs: int) -> Trial:
    space, trainer = TowerSpace(), TowerTrainer()
    candidate, choices = run(space.build, at_random(np.random.default_rng(number)))
    proposal = Proposal(number, 0, candidate, parent=number - 1 if number % 4 == 3 else None, choices=choices)
    outcome = trainer.train(candidate, effort=1.0, weights=None, seed=number, report=lambda *_: None)
    final = outcome.metrics["val_accuracy"]
    curve = tuple((e, {"val_accuracy": final * (1 - 0.5**e), "loss": 0.5**e}) for e in range(1, epochs + 1))
    result = Result(number, proposal, outcome, seconds=0.5, curve=curve if curves else ())
    return Trial(number, (result,), 0, space.dump(candidate), 1.7e9 + number, 1.7e9 + number + 0.5)


def failed_trial(number: int) -> Trial:
    """Return a trial whose only evaluation failed."""
    candidate, choices = run(TowerSpace().build, at_random(np.random.default_rng(number)))
    failure = Failure("raised", "ValueError: no luck (in train, towers.py:1)")
    result = Result(number, Proposal(number, 0, candidate, choices=choices), None, failure)
    return Trial(number, (result,), None, TowerSpace().dump(candidate), 1.7e9 + number, 1.7e9 + number + 0.5)


def long_trial(number: int, steps: int) -> Trial:
    """Return a trial that is a walk of so many evaluations, the best of them somewhere on the way."""
    space, rng = TowerSpace(), np.random.default_rng(number)
    tower, values = space.root(), rng.uniform(0.2, 0.8, steps)
    results = tuple(
        Result(step, Proposal(number, step, tower), Outcome({"val_accuracy": float(value), "params": 10.0}, cost=1.0))
        for step, value in enumerate(values)
    )
    return Trial(number, results, int(values.argmax()), space.dump(tower), 1.7e9 + number, 1.7e9 + number + 0.5)


def summary_of(study: StudyInfo, trials: list[Trial]) -> dict[str, Any]:
    """Return what `summary.json` would hold."""
    ranked = study.objectives.rank(trials)
    best = ranked[0] if ranked else None
    return {
        "space": study.space,
        "controller": study.controller,
        "trainer": study.trainer,
        "seed": study.seed,
        "objectives": [str(study.objectives)],
        "trials": len(trials),
        "evaluations": sum(len(trial.results) for trial in trials),
        "failed": sum(result.error is not None for trial in trials for result in trial.results),
        "seconds": 12.5,
        "stopped_by": "trials",
        "best": best and {"trial": best.number, "candidate": best.candidate, "metrics": dict(best.metrics)},
        "front": [
            {"trial": t.number, "candidate": t.candidate, "metrics": dict(t.metrics)}
            for t in study.objectives.front(trials)
        ],
        "baselines": {},
    }
