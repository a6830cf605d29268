"""What the engine costs: CPU per evaluation with trackers off, 5,000 trials with Optuna on, the start of the CLI.

    python benchmarks/engine_overhead.py

The trainer answers at once, so what is left is the engine: asking, checking, two events in the ledger, telling.
CPU seconds of this process (all its threads); median of five runs.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.audience import Audience
from automl.controllers.random import Random
from automl.core.budget import Budget
from automl.core.choices import Choose
from automl.core.domains import Reals
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Weights
from automl.core.space import SearchSpace
from automl.core.tracker import StudyInfo, Tracker
from automl.core.trainer import Report, Trainer
from automl.ledger import Ledger
from automl.runners.serial import SerialRunner
from automl.study import Study

OBJECTIVES = Objectives.parse(["max:value"])
HEAVY = ("torch", "pytorch_lightning", "mlflow", "optuna", "sklearn", "pandas", "ray", "plotly")


@dataclass(frozen=True)
class Line:
    """A toy candidate of three numbers."""

    slope: float
    offset: float
    steps: int


class LineSpace(SearchSpace[Line]):
    """Three choices."""

    def build(self, choose: Choose) -> Line:
        return Line(choose("slope", Reals(-1.0, 1.0)), choose("offset", Reals(0.0, 1.0)), choose("steps", range(1, 99)))

    def load(self, json: Any) -> Line:
        return Line(**json)


class LineTrainer(Trainer):
    """Answers at once."""

    metrics = {"value": "max"}

    def train(self, candidate: Line, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        return Outcome({"value": candidate.slope * candidate.steps + candidate.offset})

    def fingerprint(self) -> str:
        return "line"


def study_seconds(trials: int, tracker: Tracker | None = None) -> float:
    """Run a study of so many trials; return the CPU seconds it took, its tracker's thread included."""
    with tempfile.TemporaryDirectory() as folder, Ledger.create(Path(folder) / "run", {}) as ledger:
        space, audience = LineSpace(), Audience([tracker] if tracker else [])
        started = time.process_time()
        audience.opened(StudyInfo("run", "line", "random", "line", OBJECTIVES, 0, Path(folder), {}, trials, folder))
        Study(
            space=space, controller=Random(space, OBJECTIVES, 0), objectives=OBJECTIVES, budget=Budget(trials=trials),
            runner=SerialRunner(LineTrainer(), on_report=lambda *_: None), ledger=ledger, seed=0, audience=audience,
        ).run()  # fmt: skip
        audience.finished({})
        audience.close()
        return time.process_time() - started


def optuna_seconds(trials: int) -> float:
    """The same with the Optuna projection into a new SQLite file."""
    from automl.tracking.to_optuna import ToOptuna

    with tempfile.TemporaryDirectory() as folder:
        return study_seconds(trials, ToOptuna(f"sqlite:///{folder}/optuna.db", seconds=120.0))


def child_seconds(*command: str) -> float:
    """Return the CPU seconds of a child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loaded_by_help() -> list[str]:
    """Return the heavy packages that `automl --help` loads."""
    script = (
        "import sys; sys.argv = ['automl', '--help']\nfrom automl.cli import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return output.rpartition("loaded:")[2].split()


def row(what: str, measured: float, bound: float, unit: str) -> None:
    """Print one line of the table."""
    print(f"{what:52} {measured:8.2f} {bound:8.1f} {unit:4} {'ok' if measured <= bound else 'MISSED'}")


def main() -> None:
    """Measure and print."""
    print(f"{'':52} {'measured':>8} {'bound':>8}")
    study_seconds(500)
    each = statistics.median(study_seconds(2_000) / 2_000 for _ in range(5))
    row("one evaluation, trackers off", each * 1e6, 200.0, "us")
    row("5,000 trials, trackers off", statistics.median(study_seconds(5_000) for _ in range(3)), 10.0, "s")
    row(
        "5,000 trials with the Optuna projection", statistics.median(optuna_seconds(5_000) for _ in range(3)), 10.0, "s"
    )
    automl = str(Path(sys.executable).with_name("automl"))
    row("automl --help", statistics.median(child_seconds(automl, "--help") for _ in range(5)), 0.3, "s")
    loaded = loaded_by_help()
    print(f"heavy packages that automl --help loads: {', '.join(loaded) or 'none'}")


if __name__ == "__main__":
    main()
