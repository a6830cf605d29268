"""The contract of a runner as tests that any runner can run on itself.

    class TestMine(RunnerContract):
        @pytest.fixture
        def make(self):
            return lambda trainer, workers, limit, on_report: Mine(
                trainer, workers=workers, limit=limit, on_report=on_report
            )

A runner with one place sets `workers = 1`; one that works in the process of the study sets `isolates = False`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pytest

from automl.core.errors import InvalidCandidate, Stop
from automl.core.records import Failure, Metrics, Outcome, Proposal, Result, Weights
from automl.core.runner import Job, OnReport, Runner
from automl.core.trainer import Report, Trainer

Make: TypeAlias = Callable[[Trainer, int, float | None, OnReport], Runner]
Start: TypeAlias = Callable[..., Runner]

SOON = 60.0
"""Seconds after which a test gives up waiting for a result."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What the `Probe` is to do, and for how many seconds."""

    kind: str
    seconds: float = 0.0


class Probe(Trainer):
    """A trainer that does what its candidate says: measure, wait, fail or die in every way there is."""

    metrics = {"value": "max"}

    def fingerprint(self) -> str:
        return "probe"

    def train(self, candidate: Deed, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        inherited = float(weights["sum"].sum()) if weights else 0.0
        deed = getattr(self, candidate.kind)
        made = deed(candidate.seconds, report)
        if made is not None:
            return made  # type: ignore[no-any-return]
        value = float(np.random.default_rng(seed).random()) + inherited
        return Outcome({"value": value, "pid": os.getpid()}, weights={"sum": np.full(3, value)}, cost=effort)

    def measure(self, seconds: float, report: Report) -> None:
        """Take some time, and report before and after."""
        report(0, {"value": 0.0})
        time.sleep(seconds)
        report(1, {"value": 1.0})

    def sleep(self, seconds: float, report: Report) -> None:
        """Take long without a report."""
        time.sleep(seconds)

    def loop(self, seconds: float, report: Report) -> None:
        """Compute long without a report."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            sum(range(1000))

    def swallow(self, seconds: float, report: Report) -> None:
        """Take long, and treat the order to stop as one more error."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                report(0, {"value": 0.0})
        except Exception:
            return

    def shut_ears(self, seconds: float, report: Report) -> None:
        """Take long and listen to nothing."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
        time.sleep(seconds)

    def fail(self, seconds: float, report: Report) -> None:
        """Raise an error."""
        report(0, {"value": 0.5})
        raise RuntimeError("the probe fails")

    def refuse(self, seconds: float, report: Report) -> None:
        """Refuse the candidate."""
        raise InvalidCandidate("the probe refuses")

    def exhaust(self, seconds: float, report: Report) -> None:
        """Run out of memory."""
        raise MemoryError

    def leave(self, seconds: float, report: Report) -> None:
        """Call `sys.exit`, as scripts do."""
        raise SystemExit(1)

    def stop(self, seconds: float, report: Report) -> None:
        """Raise `Stop` unasked."""
        raise Stop

    def lose(self, seconds: float, report: Report) -> Outcome:
        """Measure something that is no number."""
        return Outcome({"value": float("nan")})

    def forget(self, seconds: float, report: Report) -> Any:
        """Return no outcome."""
        return {"value": 1.0}

    def quit(self, seconds: float, report: Report) -> None:
        """End the process at once."""
        report(0, {"value": 0.5})
        os._exit(3)

    def kill(self, seconds: float, report: Report) -> None:
        """Be killed, as the system does when memory runs out."""
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Impatience:
    """A watch that ends an evaluation after so many reports."""

    reports: int

    def __call__(self, curve: Sequence[tuple[int, Metrics]]) -> bool:
        return len(curve) >= self.reports

    def __str__(self) -> str:
        return "impatience"


class RunnerContract:
    """Subclass it under a name that starts with `Test` and override the fixture `make`."""

    workers: ClassVar[int] = 2
    """How many places the runner is asked for."""
    isolates: ClassVar[bool] = True
    """Whether an evaluation can die without the study dying with it."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what makes the runner from (trainer, workers, limit, on_report)."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def start(self, make: Make) -> Iterator[Start]:
        """Return what starts a runner that is closed when the test ends."""
        started: list[Runner] = []

        def start(limit: float | None = None, on_report: OnReport = _ignore) -> Runner:
            started.append(make(Probe(), self.workers, limit, on_report))
            return started[-1]

        yield start
        for runner in started:
            runner.close()

    def test_every_job_comes_back_once(self, start: Start) -> None:
        jobs = [job_of(i, Deed("measure", 0.01 * (i % 3))) for i in range(12)]
        results = run_all(start(), jobs)
        assert sorted(result.id for result in results) == list(range(12))
        assert all(result.proposal is jobs[result.id].proposal for result in results)
        assert all(result.outcome and result.error is None for result in results)

    def test_a_watch_ends_an_evaluation_wherever_it_runs(self, start: Start) -> None:
        heard: list[int] = []
        runner = start(on_report=lambda job, step, metrics: heard.append(step))
        (result,) = run_all(runner, [replace(job_of(0, Deed("swallow", SOON)), watch=Impatience(3))])
        assert result.error == Failure("stopped", "It was stopped early by impatience.")
        assert len(result.curve) == len(heard) == 3

    def test_capacity_is_what_was_asked_for(self, start: Start) -> None:
        assert start().capacity == self.workers

    def test_results_depend_on_the_job_alone(self, start: Start) -> None:
        weights = {"sum": np.arange(4.0)}
        jobs = [job_of(i, Deed("measure"), weights=weights if i % 2 else None) for i in range(6)]
        first, again = run_all(start(), jobs), run_all(start(), list(reversed(jobs)))
        values = {result.id: result.metrics["value"] for result in first}
        assert values == {result.id: result.metrics["value"] for result in again}
        expected = {j.id: float(np.random.default_rng(j.seed).random()) + (6.0 if j.id % 2 else 0.0) for j in jobs}
        assert values == expected

    def test_weights_come_back_unchanged(self, start: Start) -> None:
        result = only(start(), Deed("measure"))
        assert result.outcome is not None
        assert result.outcome.weights is not None
        np.testing.assert_array_equal(result.outcome.weights["sum"], np.full(3, result.metrics["value"]))

    def test_large_weights_travel(self, start: Start) -> None:
        weights = {"sum": np.ones(2_000_000)}
        result = only(start(), Deed("measure"), weights=weights)
        assert result.metrics["value"] == pytest.approx(2_000_000, abs=1.0)

    def test_reports_arrive_in_order_and_in_the_curve(self, start: Start) -> None:
        heard: list[tuple[int, int, Metrics]] = []
        runner = start(on_report=lambda *report: heard.append(report))
        results = run_all(runner, [job_of(i, Deed("measure")) for i in range(4)])
        for result in results:
            curve = tuple((step, metrics) for number, step, metrics in heard if number == result.id)
            assert curve == result.curve == ((0, {"value": 0.0}), (1, {"value": 1.0}))

    def test_reports_arrive_while_the_evaluation_runs(self, start: Start) -> None:
        heard: list[tuple[int, float]] = []
        only(start(on_report=lambda _, step, __: heard.append((step, time.monotonic()))), Deed("measure", 0.3))
        (_, first), (_, second) = heard
        assert second - first > 0.2

    @pytest.mark.parametrize(
        ("kind", "failure", "said"),
        [
            ("fail", "raised", "RuntimeError: the probe fails"),
            ("refuse", "invalid", "the probe refuses"),
            ("exhaust", "out_of_memory", "MemoryError"),
            ("leave", "raised", "SystemExit"),
            ("stop", "raised", "Stop"),
            ("lose", "not_finite", "value"),
            ("forget", "raised", "Outcome"),
            ("no_such_deed", "raised", "AttributeError"),
        ],
    )
    def test_a_failure_is_a_result(self, start: Start, kind: str, failure: str, said: str) -> None:
        runner = start()
        result = only(runner, Deed(kind))
        assert result.error is not None
        assert (result.error.kind, result.outcome) == (failure, None)
        assert said in result.error.message
        assert only(runner, Deed("measure")).outcome, "the runner must go on after a failure"

    def test_reports_before_a_failure_are_kept(self, start: Start) -> None:
        assert only(start(), Deed("fail")).curve == ((0, {"value": 0.5}),)

    @pytest.mark.parametrize("kind", ["sleep", "loop", "swallow"])
    def test_a_time_limit_ends_the_evaluation(self, start: Start, kind: str) -> None:
        runner = start(limit=0.3)
        assert only(runner, Deed("measure")).outcome, "a short evaluation is not touched"
        began = time.monotonic()
        result = only(runner, Deed(kind, SOON))
        assert result.error is not None
        assert result.error.kind == "timeout"
        assert 0.3 <= time.monotonic() - began < 5.0
        assert only(runner, Deed("measure")).outcome

    def test_a_deadline_ends_the_waiting(self, start: Start) -> None:
        runner = start()
        assert only(runner, Deed("measure")).outcome
        runner.deadline = time.monotonic() + 0.3
        runner.submit(job_of(7, Deed("sleep", SOON)))
        assert runner.collect(None) == []
        assert time.monotonic() - runner.deadline < 2.0
        assert runner.collect(None) == []
        runner.close()
        assert time.monotonic() - runner.deadline < 4.0

    def test_an_error_of_the_study_is_no_failure_of_the_trainer(self, start: Start) -> None:
        def full_disk(*_: Any) -> None:
            raise OSError("no space left")

        runner = start(on_report=full_disk)
        runner.submit(job_of(0, Deed("measure")))
        with pytest.raises(OSError, match="no space left"):
            wait_for(runner, 1)

    def test_nothing_in_flight_is_nothing_to_wait_for(self, start: Start) -> None:
        assert start().collect(None) == []

    def test_closing_ends_everything_and_twice_is_fine(self, start: Start) -> None:
        runner = start()
        runner.submit(job_of(0, Deed("sleep", SOON)))
        began = time.monotonic()
        runner.close()
        runner.close()
        assert time.monotonic() - began < 5.0

    def test_a_dead_worker_is_a_failed_result(self, start: Start) -> None:
        self._needs_isolation()
        jobs = [job_of(i, Deed("kill" if i == 2 else "quit" if i == 5 else "measure", 0.01)) for i in range(8)]
        results = {result.id: result for result in run_all(start(), jobs)}
        assert sorted(results) == list(range(8))
        died = {number: r.error for number, r in results.items() if r.error}
        assert sorted(died) == [2, 5]
        assert {error.kind for error in died.values()} == {"died"}
        assert "SIGKILL" in died[2].message
        assert "exit code 3" in died[5].message
        assert results[5].curve == ((0, {"value": 0.5}),)

    def test_a_worker_that_does_not_listen_is_killed(self, start: Start) -> None:
        self._needs_isolation()
        runner = start(limit=1.0)
        result = only(runner, Deed("shut_ears", SOON))
        assert result.error is not None
        assert result.error.kind == "timeout"
        assert only(runner, Deed("measure")).outcome

    def test_a_worker_killed_while_idle_costs_no_job(self, start: Start) -> None:
        self._needs_isolation()
        runner = start()
        os.kill(int(only(runner, Deed("measure")).metrics["pid"]), signal.SIGKILL)
        time.sleep(0.3)  # a job on its way at the moment of death would be lost with the worker
        assert only(runner, Deed("measure")).outcome

    def test_no_process_is_left(self, start: Start) -> None:
        self._needs_isolation()
        runner = start()
        jobs = [job_of(i, Deed("measure", 0.05)) for i in range(6)]
        pids = {int(result.metrics["pid"]) for result in run_all(runner, jobs)}
        runner.submit(job_of(9, Deed("sleep", SOON)))
        runner.close()
        assert os.getpid() not in pids
        assert not [pid for pid in pids if alive(pid)]

    def _needs_isolation(self) -> None:
        if not self.isolates:
            pytest.skip("evaluations run in the process of the study")


def job_of(number: int, deed: Deed, *, weights: Weights | None = None) -> Job:
    """Return a job with a seed of its own."""
    return Job(number, Proposal(number, 0, deed), weights, seed=1000 + number)


def run_all(runner: Runner, jobs: Iterable[Job]) -> list[Result]:
    """Keep the runner full until every job is back."""
    waiting, results, submitted = list(jobs), list[Result](), 0
    while waiting or submitted > len(results):
        while waiting and submitted - len(results) < runner.capacity:
            runner.submit(waiting.pop(0))
            submitted += 1
        results += wait_for(runner, 1)
    return results


def only(runner: Runner, deed: Deed, *, weights: Weights | None = None) -> Result:
    """Carry out one job."""
    (result,) = run_all(runner, [job_of(0, deed, weights=weights)])
    return result


def wait_for(runner: Runner, count: int) -> list[Result]:
    """Collect until there are so many results."""
    results: list[Result] = []
    until = time.monotonic() + SOON
    while len(results) < count:
        assert time.monotonic() < until, "no result came"
        results += runner.collect(timeout=1.0)
    return results


def alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended does not, even if nobody has collected it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):  # where there is no /proc, existing has to do
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _ignore(job: int, step: int, metrics: Metrics) -> None:
    """Do nothing with a report."""
