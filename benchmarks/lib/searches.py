"""Searches of circuits, each in a process of its own, one thread each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Search:
    """One search of space `circuits`.

    Attributes:
        name: what the table calls it.
        data: the problem.
        controller: who searches.
        seed: its seed.
        budget: `evaluations`, `cost`, `seconds` or `trials`, and how much.
        settings: as for `--set`.
        objectives: as for `--objective`.
    """

    name: str
    data: str
    controller: str
    seed: int
    budget: Mapping[str, float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    objectives: Sequence[str] = ()


def run_all(searches: Sequence[Search], at_once: int) -> list[dict[str, Any]]:
    """Run searches, so many side by side; return what `one` found, in their order."""
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}

    def run(search: Search) -> dict[str, Any]:
        command = [sys.executable, "-m", "lib.searches", json.dumps(asdict(search))]
        here = Path(__file__).parent.parent
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet, cwd=here)
        if done.returncode:
            raise RuntimeError(f"{search} failed:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        took = f"{found['seconds']:.0f} s"
        print(f"  {search.name}, {search.data}, seed {search.seed}: {took}", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, searches))


def one(search: Search) -> dict[str, Any]:
    """Run one search here; return its best circuit, its trade-off, and when each trial's circuit was found."""
    import automl
    from automl.reading import open_archive

    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        summary = automl.search(
            "circuits", data=search.data, controller=search.controller, seed=search.seed, out=f"{folder}/run",
            optuna="none", mlflow="none", baselines=["none"], quiet=True, set=dict(search.settings),
            objectives=list(search.objectives), **search.budget,
        )  # fmt: skip
        archive = open_archive(Path(folder) / "run")
        errors = [[r.metrics["noiseless_error"] for r in t.results if r.outcome] for t in archive.trials]
        return {
            "seconds": summary.json["seconds"],
            "cpu": time.process_time() - began,
            "evaluations": summary.json["evaluations"],
            "trials": summary.json["trials"],
            "cost": summary.json["cost"],
            "best": dict(summary.best.metrics),
            "judged": [dict(trial.metrics) for trial in archive.ranked],
            "text": summary.json["best"]["text"],
            "oracle": summary.json.get("oracle", {}),
            "remarks": summary.json.get("remarks", []),
            "errors": [min(path, default=None) for path in errors],
            "seconds_to": _seconds_to(archive.results),
        }


def _seconds_to(results: Sequence[Any]) -> dict[str, float]:
    """Return after how many seconds of evaluations chemical accuracy (1.6e-3 hartree) and 1e-8 were first reached."""
    spent, found = 0.0, dict[str, float]()
    for result in results:
        spent += result.seconds
        for goal in ("1.6e-3", "1e-8"):
            if result.outcome and result.metrics["noiseless_error"] < float(goal):
                found.setdefault(goal, spent)
    return found


if __name__ == "__main__":
    print(json.dumps(one(Search(**json.loads(sys.argv[1])))))
