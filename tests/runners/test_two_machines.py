"""Clusters of their own: two nodes of which one dies, and a Ray whose search is killed."""

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def ran(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


CLUSTER = """
    import json, os, signal, sys, time
    from automl.runners._ray_link import import_ray
    import_ray()
    from ray.cluster_utils import Cluster
    import automl
    from automl.core.records import Outcome
    from automl.runners.on_ray import RayRunner
    from automl.testing.runners import Deed, Probe, job_of

    class Where(Probe):
        node = None

        def measure(self, seconds, report):
            began = time.time()
            if self.node is None:  # later the raylet may be gone
                with open(f"/proc/{os.getppid()}/stat") as stat:  # of the actor, whose parent is the raylet
                    self.node = int(stat.read().rsplit(")", 1)[1].split()[1])
            gpu = int(os.environ["CUDA_VISIBLE_DEVICES"])
            time.sleep(seconds)
            return Outcome({"node": self.node, "gpu": gpu, "from": began, "to": time.time()})

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=2, num_gpus=1)
    cluster.wait_for_nodes()
    name = second.all_processes["raylet"][0].process.pid
"""

PLACES = (
    CLUSTER
    + """
    runner = RayRunner(Where(), workers=4, cpus=0.5, gpus=0.5, ray_address=cluster.address, on_report=print)
    waiting, results, killed = [job_of(i, Deed("measure", 0.4)) for i in range(40)], [], None
    while len(results) < 40:
        while waiting and 40 - len(waiting) - len(results) < runner.capacity:
            runner.submit(waiting.pop(0))
        results += runner.collect(1.0)
        if killed is None and sum(r.metrics.get("node") == name for r in results) >= 4:
            killed = time.time()
            cluster.remove_node(second, allow_graceful=False)
    found = [
        {"id": r.id, "error": r.error and r.error.message, "second": r.metrics.get("node") == name, **r.metrics}
        for r in results
    ]
    runner.close()
    cluster.shutdown()
    print(json.dumps({"killed": killed, "ended": time.time(), "results": found}))
"""
)


def test_a_fraction_of_a_gpu_is_shared_on_both_nodes_and_the_death_of_one_costs_nothing():
    story = ran(PLACES)
    results = story["results"]
    assert sorted(r["id"] for r in results) == list(range(40))
    assert [r["error"] for r in results] == [None] * 40
    assert {r["gpu"] for r in results} == {0}
    before = [r for r in results if r["to"] <= story["killed"]]
    assert {r["second"] for r in before} == {True, False}, "both nodes were used"
    # The actors of a dead node find out within a second or two, and work until then.
    assert not any(r["second"] for r in sorted(results, key=lambda r: r["from"])[-4:])
    for node in (True, False):
        here = [r for r in results if r["second"] is node]
        together = max(sum(o["from"] <= r["from"] < o["to"] for o in here) for r in here)
        assert together <= 2, "two halves of one GPU"


STUDY = (
    CLUSTER
    + """
    killed = []
    def kill(trial):
        if trial.number >= 8 and not killed:
            killed.append(time.time())
            cluster.remove_node(second, allow_graceful=False)

    options = dict(trials=24, workers=2, controller="evolution", baselines=["none"], optuna="none", mlflow="none")
    summary = automl.search("towers", ray_address=cluster.address, cpus=2, set={"pause": 0.3}, callbacks=[kill],
                            out=sys.argv[1], quiet=True, **options)
    cluster.shutdown()
    counts = {key: summary.json[key] for key in ("trials", "failed", "evaluations")}
    print(json.dumps({"killed": len(killed), **counts}))
"""
)


def test_a_search_ends_as_it_should_when_a_node_dies_in_the_middle(tmp_path):
    story = ran(STUDY, tmp_path / "run")
    assert story == {"killed": 1, "trials": 24, "failed": 0, "evaluations": 24}


ALONE = """
    import os
    from automl.runners import _ray_link
    from automl.runners.on_ray import RayRunner
    from automl.testing.runners import Deed, Probe, job_of, only

    runner = RayRunner(Probe(), workers=1, on_report=lambda *_: None)
    pid = int(only(runner, Deed("measure")).metrics["pid"])
    print(_ray_link._folder, pid, flush=True)
    if os.environ.get("HANG"):
        runner.submit(job_of(1, Deed("loop", 300.0)))
        runner.collect(None)
"""


def processes_of(folder):
    """Return the processes whose command names a folder; those that only wait to be reaped name nothing."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if folder in (place / "cmdline").read_text():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_a_ray_that_was_started_ends_with_its_search(monkeypatch):
    command = [sys.executable, "-c", textwrap.dedent(ALONE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    folder, _ = done.stdout.split()
    assert not Path(folder).exists()
    assert processes_of(folder) == []
    monkeypatch.setenv("HANG", "1")
    study = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    folder, pid = study.stdout.readline().split()
    assert len(processes_of(folder)) >= 3
    study.kill()
    study.wait()
    study.stdout.close()
    until = time.monotonic() + 60.0
    while processes_of(folder) or Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, "something outlives the search"
        time.sleep(0.1)
