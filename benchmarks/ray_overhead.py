"""What the runner ray costs per evaluation, beside plain Ray and beside Ray Tune; and what a second worker gains.

    python benchmarks/ray_overhead.py

The trainer answers at once, so what is left is the way to a worker and back. Everything runs in one process on one Ray,
case after case in turns, so that all of them meet the same other work on the machine; medians over the turns. Wall
time, because that is what waiting for another process costs; the ratios are what counts.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # Tune says nothing then

import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from automl.core.records import Outcome, Proposal, Weights
from automl.core.runner import Job, Runner
from automl.core.trainer import Report, Trainer
from automl.runners._ray_link import Need, connect
from automl.runners.on_ray import RayRunner, keep_actors
from automl.runners.processes import ProcessRunner

TURNS = 5
CALLS = 200
TUNE_TRIALS = 4
ONE_SECOND = 6


class Swift(Trainer):
    """Answers at once, after so many reports, after so many seconds of sleep or of work."""

    metrics = {"value": "max"}

    def fingerprint(self) -> str:
        return "swift"

    def train(self, candidate: Any, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        kind, amount = candidate
        if kind == "reports":
            for step in range(amount):
                report(step, {"value": float(step)})
        elif kind == "sleep":
            time.sleep(amount)
        else:
            compute(amount)
        return Outcome({"value": float(effort)})


def compute(cpu_seconds: float) -> None:
    """Multiply matrices for so much CPU time."""
    matrix = np.ones((200, 200))
    until = time.process_time() + cpu_seconds
    while time.process_time() < until:
        matrix = matrix @ matrix
        matrix /= matrix.max()


def carry_out(runner: Runner, count: int, candidate: tuple[str, float]) -> float:
    """Return the seconds that so many evaluations take, with the runner always full."""
    began, submitted, finished = time.perf_counter(), 0, 0
    while finished < count:
        while submitted < count and submitted - finished < runner.capacity:
            runner.submit(Job(submitted, Proposal(submitted, 0, candidate), None, seed=submitted))
            submitted += 1
        results = runner.collect(None)
        assert all(result.outcome for result in results), results
        finished += len(results)
    return time.perf_counter() - began


def in_flight(call: Callable[[int], Any], count: int, places: int) -> float:
    """Return the seconds that so many calls of Ray take, with always so many of them on their way."""
    import ray

    began, waiting = time.perf_counter(), list[Any]()
    for number in range(count):
        waiting.append(call(number % places))
        if len(waiting) == places:
            done, waiting = ray.wait(waiting)
            ray.get(done)
    ray.get(waiting)
    return time.perf_counter() - began


@contextmanager
def all_cases() -> Iterator[dict[tuple[str, int], Callable[[], float]]]:
    """Make everything that is measured per call, warm; each returns milliseconds per evaluation."""
    import ray

    @ray.remote(num_cpus=0.5)
    def task(place: int) -> int:
        return place

    @ray.remote(num_cpus=0.5)
    class Actor:
        def call(self, place: int) -> int:
            return place

    actors = [Actor.remote() for _ in range(2)]
    ray.get([actor.call.remote(0) for actor in actors])
    ray.get([task.remote(0) for _ in range(8)])
    cases: dict[tuple[str, int], Callable[[], float]] = {}
    cases["plain tasks", CALLS] = functools.partial(in_flight, lambda _: task.remote(0), CALLS, CALLS)
    runners: list[Runner] = []
    for places in (1, 2):
        on_ray = RayRunner(Swift(), workers=places, cpus=0.5, on_report=lambda *_: None)
        here = ProcessRunner(Swift(), workers=places, on_report=lambda *_: None)
        runners += [on_ray, here]
        cases["plain tasks", places] = functools.partial(in_flight, task.remote, CALLS, places)
        cases["plain calls of actors", places] = functools.partial(
            in_flight, lambda place: actors[place].call.remote(place), CALLS, places
        )
        cases["runner ray", places] = functools.partial(carry_out, on_ray, CALLS, ("reports", 0))
        cases["runner ray, 2 reports each", places] = functools.partial(carry_out, on_ray, CALLS, ("reports", 2))
        cases["runner process", places] = functools.partial(carry_out, here, CALLS, ("reports", 0))
        for runner in (on_ray, here):
            carry_out(runner, 8 * places, ("sleep", 0.1))
    yield cases
    for runner in runners:
        runner.close()
    for actor in actors:
        ray.kill(actor)


def per_call() -> dict[tuple[str, int], float]:
    """Return milliseconds per evaluation of every case, medians over turns."""
    taken: dict[tuple[str, int], list[float]] = {}
    with all_cases() as cases:
        for _ in range(TURNS):
            for name, measured in cases.items():
                taken.setdefault(name, []).append(measured() / CALLS * 1e3)
    return {name: statistics.median(values) for name, values in taken.items()}


def tune_trial(*, reuse_actors: bool) -> float:
    """Return milliseconds per trial of Ray Tune, whose trainable answers at once; two side by side."""
    from ray import tune

    def answer(config: dict[str, Any]) -> None:
        tune.report({"value": config["x"]})

    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(answer, {"cpu": 0.5}),
            param_space={"x": tune.uniform(0, 1)},
            tune_config=tune.TuneConfig(
                num_samples=TUNE_TRIALS, max_concurrent_trials=2, reuse_actors=reuse_actors, metric="value", mode="max"
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        began = time.perf_counter()
        results = tuner.fit()
        taken = time.perf_counter() - began
    assert len(results) == TUNE_TRIALS
    assert not results.errors
    return taken / TUNE_TRIALS * 1e3


def gain(candidate: tuple[str, float]) -> tuple[float, float]:
    """Return the seconds that evaluations of one second each take with one worker, and with two."""
    taken = []
    for places in (1, 2):
        runner = RayRunner(Swift(), workers=places, cpus=0.5, on_report=lambda *_: None)
        carry_out(runner, 2 * places, ("sleep", 0.3))  # the workers are there
        taken.append(carry_out(runner, ONE_SECOND, candidate))
        runner.close()
    return taken[0], taken[1]


def show(name: str, value: float, unit: str, bar: tuple[str, float] | None = None) -> None:
    sense, bound = bar or ("", 0.0)
    kept = {"<=": value <= bound, ">=": value >= bound, "": True}[sense]
    verdict = f"   bar {sense} {bound:g}: {'ok' if kept else 'MISSED'}" if bar else ""
    print(f"{name:58}{value:10.2f} {unit:3}{verdict}", flush=True)


def main() -> None:
    """Measure and print."""
    print(f"python benchmarks/{Path(__file__).name}: ray {version('ray')}, {os.cpu_count()} cores")
    link = connect(None, Need(8, 1.0, 0.0))  # as many idle workers as Ray needs, so that plain tasks start none
    with keep_actors():
        calls = per_call()
        for (name, places), value in calls.items():
            show(f"{name}, {places} in flight", value, "ms")
        ratio = calls["runner ray", 2] / calls["plain tasks", CALLS]
        show(f"runner ray, 2 in flight : plain tasks, {CALLS} in flight", ratio, "x")
        for places in (1, 2):
            ratio = calls["runner ray", places] / calls["plain tasks", places]
            show(f"runner ray : plain tasks, {places} in flight", ratio, "x", ("<=", 2.0))
            ratio = calls["runner ray", places] / calls["plain calls of actors", places]
            show(f"runner ray : plain calls of actors, {places} in flight", ratio, "x")
        tuned = {"default": tune_trial(reuse_actors=False), "reuse_actors": tune_trial(reuse_actors=True)}
        for name, value in tuned.items():
            show(f"a trial of Ray Tune, {name}", value, "ms")
            ratio = value / calls["runner ray", 2]
            show(f"a trial of Ray Tune, {name} : runner ray", ratio, "x", (">=", 50.0) if name == "default" else None)
        for kind, words in (("sleep", "that sleep"), ("work", "that compute")):
            one, two = gain((kind, 1.0))
            show(f"{ONE_SECOND} evaluations {words} one second, one worker", one, "s")
            show(f"{ONE_SECOND} evaluations {words} one second, two workers", two, "s")
            show(f"one worker : two workers, evaluations {words}", one / two, "x", (">=", 1.8))
        busy = os.getloadavg()[0] / (os.cpu_count() or 1)
        print(f"load of the machine at the end: {busy:.1f} processes a core; those that compute share it with these")
    link.leave()


if __name__ == "__main__":
    sys.exit(main())
