"""Twenty random `kill -9` in a search of 60 trials: nothing is lost, and the end is that of the unkilled search.

    python benchmarks/kill_resume.py

Each round kills at a random moment one of three ways: the study, a worker in the middle of an evaluation, or the
study in the middle of writing a snapshot (the transaction is open when the process dies). Then the study is killed once
more, at another moment, and resumed to its end. All proposals, all results and the best are compared with those of an
unkilled run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CONTROLLERS = ("hill_climb", "transformation", "evolution", "bayesian")
TRIALS = 60
ROUNDS = 20

CHILD = """
import os, signal, sys
import automl.study, automl.ledger, automl.testing.towers as towers
from automl import api, registry
from importlib.metadata import EntryPoint

found = registry.found
def with_towers(family):
    extra = {"search_spaces": "TowerSpace", "trainers": "TowerTrainer"}.get(family)
    point = {"towers": EntryPoint("towers", f"automl.testing.towers:{extra}", family)} if extra else {}
    return {**found(family), **point}
registry.found = with_towers
automl.study._SNAPSHOT_EVERY = 7
if "snapshot" in sys.argv:
    def dies(self, seq, body, arrays):
        self._connection.execute("BEGIN")
        self._connection.execute("INSERT INTO snapshots VALUES (?, ?, ?)", (seq, body, arrays))
        os.kill(os.getpid(), signal.SIGKILL)
    automl.ledger.Ledger.snapshot = dies
out, controller = sys.argv[1:3]
if os.path.exists(os.path.join(out, "study.db")):
    api.resume(out, quiet=True)
else:
    api.search("towers", controller=controller, trials=TRIALS, runner="process", workers=1, seed=3, out=out,
               optuna="none", mlflow="none", baselines=["none"], quiet=True, set={"pause": 0.05})
""".replace("TRIALS", str(TRIALS))


def start(out: Path, controller: str, *how: str) -> subprocess.Popen[bytes]:
    """Start or resume the search in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", CHILD, str(out), controller, *how])


def workers_of(study: int) -> list[int]:
    """Return the process ids of a study's workers."""
    output = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(study)], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in output.splitlines() if "spawn_main" in line]


def kill_a_worker(study: subprocess.Popen[bytes]) -> bool:
    """Kill one worker of a running study."""
    for worker in workers_of(study.pid):
        os.kill(worker, signal.SIGKILL)
        return True
    return False


def kill(study: subprocess.Popen[bytes]) -> None:
    """Kill the study itself, if it is still running."""
    if study.poll() is None:
        study.kill()
    study.wait()


def story(out: Path) -> tuple[list[Any], dict[int, Any], Any]:
    """Return all proposals, all results by id (without times), and the best, of a finished run."""
    from automl.ledger import Ledger

    asked, told = [], {}
    with Ledger.read(out) as ledger:
        for event in ledger.events():
            asked += event.body.get("proposals", [])
            for result in event.body.get("results", []):
                told[result["id"]] = {k: v for k, v in result.items() if k != "seconds"}
    best = json.loads((out / "summary.json").read_text())["best"]
    return asked, told, best


def searching_seconds(out: Path) -> float:
    """Return the time between the first and the last event of a run: when a kill hits a search at work."""
    from automl.ledger import Ledger

    with Ledger.read(out) as ledger:
        times = [event.at for event in ledger.events() if event.kind in ("ask", "tell")]
    return times[-1] - times[0]


def wait_for_news(out: Path, known: int, study: subprocess.Popen[bytes]) -> None:
    """Wait until a study has told more evaluations than `known`, or has ended."""
    while study.poll() is None and (not (out / "study.db").exists() or len(finished_before(out)) <= known):
        time.sleep(0.1)


def finished_before(out: Path) -> set[int]:
    """Return the ids of the evaluations that a killed study had told."""
    from automl.ledger import Ledger

    with Ledger.read(out) as ledger:
        return {result["id"] for event in ledger.events() for result in event.body.get("results", [])}


def attack(folder: Path, controller: str, way: str, chance: random.Random, length: float) -> tuple[int, int, Path]:
    """Kill a search twice and resume it to its end; return how many evaluations had been told at each kill."""
    out = folder / "run"
    study = start(out, controller, *([way] if way == "snapshot" else []))
    if way == "snapshot":
        study.wait(120)
    else:
        wait_for_news(out, 0, study)
        time.sleep(chance.uniform(0.0, 0.6 * length))
        if way == "worker":
            kill_a_worker(study)
            time.sleep(chance.uniform(0.0, 0.3 * length))
        kill(study)
    first = len(finished_before(out))
    study = start(out, controller)
    wait_for_news(out, first, study)
    time.sleep(chance.uniform(0.0, 0.5 * length))
    kill(study)
    told = finished_before(out)
    if start(out, controller).wait(180) != 0:
        raise RuntimeError("the resumed search failed")
    lost = told - finished_before(out)
    if lost:
        raise RuntimeError(f"lost: {sorted(lost)}")
    return first, len(told), out


def main() -> None:
    """Attack, resume, compare, print."""
    chance, bad = random.Random(20), 0
    with tempfile.TemporaryDirectory() as folder:
        unkilled = {}
        for controller in CONTROLLERS:
            whole = Path(folder) / f"whole-{controller}"
            if start(whole, controller).wait(180) != 0:
                raise RuntimeError("the unkilled search failed")
            unkilled[controller] = story(whole)
        length = searching_seconds(Path(folder) / f"whole-{CONTROLLERS[0]}")
        print(f"{TRIALS} trials; an unkilled search takes {length:.1f} s from its first event to its last")
        for n in range(ROUNDS):
            controller = CONTROLLERS[n % len(CONTROLLERS)]
            way = ("study", "worker", "snapshot")[n % 3]
            where = Path(folder) / str(n)
            first, second, out = attack(where, controller, way, chance, length)
            same = story(out) == unkilled[controller]
            bad += not same
            verdict = "same proposals, results and best" if same else "DIFFERENT"
            print(f"{n + 1:2}. {controller:15} {way:9} killed after {first:2} and {second:2} evaluations: {verdict}")
    print(f"{ROUNDS - bad} of {ROUNDS} equal the unkilled search")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
