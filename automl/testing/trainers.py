"""The contract of a trainer as tests that any trainer can run on itself.

    class TestMine(TrainerContract):
        effort = 0.1                      # as little as makes sense: every test trains

        @pytest.fixture
        def trainer(self):
            return MyTrainer()

        @pytest.fixture
        def candidates(self):
            return [a_small_one, another]

`variants` may name trainers with other settings or data, whose fingerprints must differ.
"""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from automl.core.budget import Budget
from automl.core.errors import Stop
from automl.core.records import Metrics, Outcome, Weights
from automl.core.trainer import Exporting, Finishing, InParts, Picturing, Remarking, Trainer
from automl.report.picture import is_harmless
from automl.testing.spaces import profiles_are_settings, same_arrays


class TrainerContract:
    """Subclass it under a name that starts with `Test`; override the fixtures `trainer` and `candidates`."""

    effort: ClassVar[float] = 1.0
    """The effort of most tests."""

    @pytest.fixture
    def trainer(self) -> Any:
        """Return the trainer."""
        raise NotImplementedError("override the fixture 'trainer'")

    @pytest.fixture
    def candidates(self) -> Sequence[Any]:
        """Return candidates it can train, small ones."""
        raise NotImplementedError("override the fixture 'candidates'")

    @pytest.fixture
    def variants(self) -> Sequence[Trainer]:
        """Return trainers that differ in one setting or in their data."""
        return ()

    def test_declares_what_it_measures(self, trainer: Trainer) -> None:
        assert trainer.metrics, "the first metric is the default objective"
        assert set(trainer.metrics.values()) <= {"max", "min"}
        assert all(isinstance(name, str) for name in trainer.accepts)
        assert Budget(**trainer.default_budget).bounds()  # type: ignore[arg-type]
        json.dumps(trainer.facts(), allow_nan=False)
        profiles_are_settings(type(trainer))
        assert next(iter(trainer.metrics)) not in trainer.oracles, "nothing may select by an oracle"
        assert all(trainer.metrics.get(name, way) == way for name, way in trainer.oracles.items())
        assert set(trainer.trade_off or ()) <= {*trainer.metrics, *trainer.oracles}

    def test_measures_what_it_declares(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        for candidate in candidates:
            outcome = train(trainer, candidate, self.effort)
            assert set(trainer.metrics) <= set(outcome.metrics)
            assert all(math.isfinite(value) for value in outcome.metrics.values())
            assert outcome.cost > 0 if trainer.cost_unit else outcome.cost >= 0
            json.dumps(dict(outcome.extras), allow_nan=False)

    def test_same_seed_same_outcome(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        np.random.seed(1)  # a trainer that leans on the global generator is found out
        first = train(trainer, candidates[0], self.effort)
        for other in candidates[1:]:
            train(trainer, other, self.effort, seed=8)
        np.random.seed(2)
        same_outcome(train(trainer, candidates[0], self.effort), first)

    def test_travels_to_a_worker(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        pickle.dumps(trainer, 5)
        copied = copy.deepcopy(trainer)  # by the same protocol as a pickle
        assert copied.fingerprint() == trainer.fingerprint()
        assert copied.facts() == trainer.facts()
        same_outcome(train(copied, candidates[0], self.effort), train(trainer, candidates[0], self.effort))

    def test_reports_numbers_in_order(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        heard: list[tuple[int, Metrics]] = []
        train(trainer, candidates[0], self.effort, report=lambda step, metrics: heard.append((step, metrics)))
        steps = [step for step, _ in heard]
        assert steps == sorted(steps)
        for _, metrics in heard:
            json.dumps({name: float(value) for name, value in metrics.items()})

    def test_stop_passes_through(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        heard: list[int] = []

        def stop(step: int, metrics: Metrics) -> None:
            heard.append(step)
            raise Stop

        before = train(trainer, candidates[0], self.effort)
        try:
            train(trainer, candidates[0], self.effort, report=stop)
        except Stop:
            assert len(heard) == 1
        else:
            assert not heard, "it swallowed Stop"
        same_outcome(train(trainer, candidates[0], self.effort), before)

    def test_weights_are_arrays_of_their_own(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        first = train(trainer, candidates[0], self.effort).weights
        if first is None:
            pytest.skip("it returns no weights")
        kept = {name: array.copy() for name, array in first.items()}
        assert all(type(array) is np.ndarray for array in first.values())
        second = train(trainer, candidates[0], self.effort, weights=first, seed=9).weights
        assert second is not None
        same_arrays(first, kept)
        for name, array in second.items():
            assert not any(np.shares_memory(array, other) for other in first.values()), f"'{name}' is aliased"
        assert set(second) == set(first)

    def test_more_effort_costs_more(self, trainer: Trainer, candidates: Sequence[Any]) -> None:
        less = train(trainer, candidates[0], self.effort).cost
        if not less:
            pytest.skip("it counts no cost")
        assert train(trainer, candidates[0], 3 * self.effort).cost > less

    def test_the_fingerprint_names_data_and_settings(
        self, trainer: Trainer, candidates: Sequence[Any], variants: Sequence[Trainer]
    ) -> None:
        before = trainer.fingerprint()
        train(trainer, candidates[0], self.effort)
        assert trainer.fingerprint() == before
        every = [before, *(variant.fingerprint() for variant in variants)]
        assert all(isinstance(text, str) and 0 < len(text) < 200 for text in every)
        assert len(set(every)) == len(every)

    def test_takes_a_winner_to_its_end(self, trainer: Any, candidates: Sequence[Any]) -> None:
        if not isinstance(trainer, Finishing):
            pytest.skip("it does not finish")
        candidate = candidates[0]
        outcome = trainer.finish(candidate, weights=None, seed=3, report=_ignore)
        assert outcome.weights is not None
        assert set(trainer.metrics) <= set(outcome.metrics)  # type: ignore[attr-defined]
        tested = trainer.test(candidate, outcome.weights)
        assert tested == trainer.test(candidate, outcome.weights)
        assert tested
        assert all(math.isfinite(value) for value in tested.values())
        if isinstance(trainer, InParts):
            _parts_make_a_test(trainer, candidate, outcome.weights, tested)
        facts = json.loads(json.dumps(trainer.facts()))  # type: ignore[attr-defined]
        assert type(trainer).load(candidate, outcome.weights, facts) is not None
        self._can_be_told(trainer, candidate, outcome)
        from_kept = trainer.finish(candidate, weights=outcome.weights, seed=3, report=_ignore)
        assert set(trainer.metrics) <= set(from_kept.metrics)  # type: ignore[attr-defined]

    def _can_be_told(self, trainer: Any, candidate: Any, outcome: Outcome) -> None:
        """Check the optional protocols, on a finished model."""
        assert outcome.weights is not None
        model = type(trainer).load(candidate, outcome.weights, json.loads(json.dumps(trainer.facts())))
        if isinstance(trainer, Remarking):
            assert all(isinstance(said, str) and said for said in trainer.remarks(candidate, outcome.metrics))
        if isinstance(trainer, Exporting):
            files = type(trainer).files(model)
            assert all(isinstance(text, str) and Path(name).name == name for name, text in files.items())
        if isinstance(trainer, Picturing):
            assert is_harmless(type(trainer).picture(model)), "the picture is no plain SVG image"


def _parts_make_a_test(trainer: Any, candidate: Any, weights: Weights, tested: Metrics) -> None:
    """Check that a test in parts comes to the same as one in one piece, whoever carries out which part."""
    parts = [
        copy.deepcopy(trainer).test_part(candidate, weights, part=part, report=_ignore)
        for part in reversed(range(trainer.test_parts))
    ]
    json.dumps([dict(part.extras) for part in parts], allow_nan=False)
    names = parts[0].metrics
    arrays = {f"test/{name}": np.array([float(part.metrics[name]) for part in reversed(parts)]) for name in names}
    found = trainer.test(candidate, {**weights, **arrays})
    assert {k: v for k, v in found.items() if not _is_time(k)} == {k: v for k, v in tested.items() if not _is_time(k)}


def train(
    trainer: Trainer,
    candidate: Any,
    effort: float,
    *,
    weights: Weights | None = None,
    seed: int = 7,
    report: Any = None,
) -> Outcome:
    """Train with what most tests have in common."""
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=report or _ignore)


def same_outcome(found: Outcome, expected: Outcome) -> None:
    """Check that two outcomes are equal, but for how long they took."""
    numbers = {name: value for name, value in expected.metrics.items() if not _is_time(name)}
    assert {name: value for name, value in found.metrics.items() if not _is_time(name)} == numbers
    assert found.cost == expected.cost
    assert (found.weights is None) == (expected.weights is None)
    if expected.weights is not None:
        same_arrays(found.weights, expected.weights)


def _is_time(metric: str) -> bool:
    return metric.endswith(("seconds", "_s", "latency"))


def _ignore(step: int, metrics: Metrics) -> None:
    """Do nothing with a report."""
