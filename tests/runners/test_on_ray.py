"""The runner ray, beyond the contract of all runners: actors, clusters, and what is left behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import automl
from automl.core.errors import AutomlError, MissingExtra, UsageError
from automl.core.records import Outcome
from automl.runners._ray_link import Need, connect
from automl.runners.on_ray import RayRunner
from automl.testing.runners import Deed, Probe, alive, job_of, only, run_all, wait_for


@pytest.fixture
def start(one_ray):
    runners = []

    def start(trainer=None, *, workers=1, **settings):
        settings = {"limit": None, "on_report": lambda *_: None, **settings}
        runners.append(RayRunner(trainer or Probe(), workers=workers, **settings))
        return runners[-1]

    yield start
    for runner in runners:
        runner.close()


class Telling(Probe):
    """Says where it is, what it finds there, and how often it has been asked."""

    count = 0

    def train(self, candidate, *, effort, weights, seed, report):
        self.count += 1
        made = super().train(candidate, effort=effort, weights=weights, seed=seed, report=report)
        found = {"count": self.count, "actor": os.getppid(), "omp": int(os.environ["OMP_NUM_THREADS"])}
        writable = all(array.flags.writeable for array in (weights or {}).values())
        return Outcome({**made.metrics, **found, "writable": writable + 0, "hash": hash("a text") % 997})


def test_the_trainer_is_sent_once_and_its_worker_stays(start):
    results = run_all(start(Telling()), [job_of(i, Deed("measure")) for i in range(20)])
    assert [r.metrics["count"] for r in results] == list(range(1, 21))
    assert len({r.metrics["pid"] for r in results}) == 1


def test_what_an_evaluation_finds_around_it(start, monkeypatch):
    metrics = only(start(Telling(), cpus=1), Deed("measure")).metrics
    assert metrics["omp"] == 1
    shown = "import os; print(hash('a text') % 997)"
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, "-c", shown], env=environment, capture_output=True, text=True, check=True)
    assert metrics["hash"] == int(done.stdout), "all workers hash alike"


def test_large_weights_arrive_in_memory_of_their_own(start):
    weights = {"sum": np.ones(300_000), "other": np.ones((300, 400)).T}
    assert only(start(Telling()), Deed("measure"), weights=weights).metrics["writable"] == 1


def test_the_job_of_a_killed_actor_is_tried_again(start):
    runner = start(Telling())
    before = only(runner, Deed("measure")).metrics
    runner.submit(job_of(1, Deed("measure", 1.0)))
    threading.Timer(0.4, os.kill, (int(before["actor"]), signal.SIGKILL)).start()
    (result,) = wait_for(runner, 1)
    assert result.outcome
    assert result.curve == ((0, {"value": 0.0}), (1, {"value": 1.0}))
    assert result.metrics["actor"] != before["actor"]
    until = time.monotonic() + 10
    while alive(int(before["pid"])) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(int(before["pid"])), "the worker dies with its actor"


class Regicide(Probe):
    """Kills the actor it works for."""

    def measure(self, seconds, report):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(seconds)


def test_a_job_that_loses_every_actor_has_failed(start):
    runner = start(Regicide())
    error = only(runner, Deed("measure", 5.0)).error
    assert error.kind == "died"
    assert "actor" in error.message
    assert only(runner, Deed("sleep")).outcome, "the search goes on"


def test_an_actor_survives_its_worker(start):
    runner = start(Telling())
    first = only(runner, Deed("measure")).metrics
    assert only(runner, Deed("quit")).error.kind == "died"
    second = only(runner, Deed("measure")).metrics
    assert (second["actor"], second["count"]) == (first["actor"], 1)


class Chatty(Probe):
    """Reports as fast as it can for a while."""

    def measure(self, seconds, report):
        until, step = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            report(step, {"value": time.monotonic()})
            step += 1


def test_reports_without_end_are_heard_while_they_come_and_not_one_by_one(start):
    late, batches = [], set()

    def hear(job, step, metrics):
        late.append(time.monotonic() - metrics["value"])
        batches.add(calls[0])

    calls = [0]
    runner = start(Chatty(), on_report=hear)
    only(runner, Deed("measure"))
    runner.submit(job_of(1, Deed("measure", 1.0)))
    results = []
    while not results:
        results = runner.collect(0.02)
        calls[0] += 1
    assert len(results[0].curve) == len(late) > 100
    assert len(batches) > 3, "it did not wait for the end"
    assert sorted(late)[len(late) // 2] < 0.5


def test_what_is_defined_where_nobody_finds_it_travels_with_its_definition(start):
    class Hidden(Probe):
        def measure(self, seconds, report):
            return Outcome({"value": 7.0})

    assert only(start(Hidden()), Deed("measure")).metrics == {"value": 7.0}


class Unreadable(Probe):
    def __reduce__(self):
        return __import__, ("no_such_module",)


def test_a_trainer_that_workers_cannot_read_ends_the_search(start):
    with pytest.raises(UsageError, match="no_such_module"):
        run_all(start(Unreadable()), [job_of(0, Deed("measure"))])


class Deadly(Probe):
    def __reduce__(self):
        return os._exit, (7,)


def test_workers_that_die_at_the_start_end_the_search(start):
    with pytest.raises(AutomlError, match="exit code 7"):
        run_all(start(Deadly()), [job_of(0, Deed("measure"))])


def test_a_trainer_that_cannot_travel_is_refused_by_name(one_ray):
    trainer = Probe()
    trainer.lock = threading.Lock()
    with pytest.raises(UsageError, match=r"'lock' \(lock\)"):
        RayRunner(trainer, on_report=lambda *_: None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"workers": 0}, "at least one worker"),
        ({"limit": -1.0}, "positive"),
        ({"cpus": -1.0}, "cannot use"),
        ({"gpus": 1.5}, "whole GPUs"),
    ],
)
def test_wrong_settings_are_refused(start, settings, said):
    with pytest.raises(UsageError, match=said):
        start(**settings)


def test_gpus_that_are_not_there_are_refused_at_once(start):
    with pytest.raises(UsageError, match="finds 0 on this machine"):
        start(gpus=0.25)


def test_a_missing_ray_is_named_with_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra) as caught:
        RayRunner(Probe(), on_report=lambda *_: None)
    assert "pip install 'automl-search[ray]'" in caught.value.hint


# The connection, seen by a program of its own.


def ran(code, *arguments, **settings):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **settings)


@pytest.fixture
def address(one_ray):
    import ray

    return ray.get_runtime_context().gcs_address


REFUSED = """
    import sys, time
    from automl.core.errors import UsageError
    from automl.runners.on_ray import RayRunner
    from automl.testing.runners import Probe
    for address in sys.argv[1:]:
        began = time.monotonic()
        try:
            RayRunner(Probe(), on_report=print, ray_address=address)
        except UsageError as error:
            print(f"{time.monotonic() - began < 10}|{error}")
"""


def test_wrong_addresses_are_refused_quickly(tmp_path):
    import http.server

    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        done = ran(REFUSED, "127.0.0.1:1", "nonsense", "no-such-host.invalid:6379", f"127.0.0.1:{other.server_port}",
                   "ray://127.0.0.1:10001")  # fmt: skip
        other.shutdown()
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split("|")[0] for line in lines] == ["True"] * 5
    said = ["ray start --head", "no address", "No Ray cluster answers", "not Ray", "ray job submit"]
    assert [words in line for words, line in zip(said, lines, strict=True)] == [True] * 5


JOINING = """
    import os, sys
    from automl.core.records import Outcome
    from automl.runners.on_ray import RayRunner
    from automl.testing.runners import Deed, Probe, job_of, run_all

    class Own(Probe):
        def measure(self, seconds, report):
            print("a trainer may print")
            return Outcome({"value": len(sys.argv), "pid": os.getpid()})

    runner = RayRunner(Own(), workers=1, on_report=print, ray_address=sys.argv[1])
    print(*(int(r.metrics["pid"]) for r in run_all(runner, [job_of(i, Deed("measure")) for i in range(2)])), flush=True)
    if len(sys.argv) > 2:
        runner.submit(job_of(3, Deed("loop", 60.0)))
        runner.collect(None)
"""


def test_a_script_joins_a_cluster_quietly_and_leaves_it_as_it_was(address):
    import ray

    done = ran(JOINING, address)
    assert (done.stderr, done.returncode) == ("", 0)
    first, second = map(int, done.stdout.split())
    assert first == second
    wait_until_gone(first)
    assert ray.get(ray.put(1)) == 1, "the cluster is still there"


def test_nothing_is_left_of_a_study_that_is_killed(address):
    command = [sys.executable, "-c", textwrap.dedent(JOINING), address, "hang"]
    study = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pid = int(study.stdout.readline().split()[0])
    parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    study.kill()
    study.wait()
    study.stdout.close()
    wait_until_gone(pid, parent)


def wait_until_gone(*pids):
    until = time.monotonic() + 30.0
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < until, "an actor outlives its study"
        time.sleep(0.05)


def runs(pid):
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_connection_that_others_opened_is_left_open(one_ray):
    import ray

    link = connect("auto", Need(1, 1.0, 0.0))
    link.leave()
    link.leave()
    assert ray.is_initialized()


# Whole searches.


def told(out):
    """Return all that a run measured, without times."""
    from automl.ledger import Ledger

    with Ledger.read(Path(out)) as ledger:
        events = list(ledger.events())
    results = [r for event in events for r in event.body.get("results", [])]
    return [{k: v for k, v in result.items() if k != "seconds"} for result in results]


def test_a_search_equals_that_of_the_serial_runner(one_ray, quick, tmp_path):
    options = {**quick, "controller": "hill_climb", "trials": 6, "seed": 3}
    automl.search("towers", **{**options, "out": str(tmp_path / "serial")})
    summary = automl.search("towers", **{**options, "runner": "ray", "cpus": 1})
    assert told(tmp_path / "run") == told(tmp_path / "serial")
    config = summary.directory / "config.toml"
    assert 'runner = "ray"' in config.read_text()
    assert "cpus = 1.0" in config.read_text()


def test_a_killed_search_is_resumed_and_equals_the_unkilled_one(one_ray, address, quick, tmp_path):
    options = {**quick, "controller": "evolution", "trials": 12, "seed": 5, "set": {"pause": 0.1}}
    automl.search("towers", **{**options, "out": str(tmp_path / "whole")})
    options |= {"runner": "ray", "ray_address": address}
    study = subprocess.Popen([sys.executable, "-c", f"import automl; automl.search('towers', **{options!r})"])
    while not (tmp_path / "run/study.db").exists() or len(told(quick["out"])) < 4:
        assert study.poll() is None
        time.sleep(0.02)
    study.kill()
    study.wait()
    finished = told(quick["out"])
    assert len(finished) < 12
    automl.resume(quick["out"], quiet=True)
    assert told(quick["out"])[: len(finished)] == finished
    assert told(quick["out"]) == told(tmp_path / "whole")
    bests = [json.loads((tmp_path / name / "summary.json").read_text())["best"] for name in ("whole", "run")]
    assert bests[0] == bests[1]


def test_time_stops_what_is_in_flight(one_ray, quick):
    began = time.monotonic()
    summary = automl.search("towers", **quick, runner="ray", time="4s", set={"pause": 30.0}, finalists=0)
    assert summary.json["evaluations"] == 0
    assert time.monotonic() - began < 20.0


def test_an_address_alone_means_ray_and_others_have_no_use_for_it(one_ray, quick):
    with pytest.raises(UsageError, match="connected to another Ray"):
        automl.search("towers", **quick, ray_address="127.0.0.1:1")
    with pytest.raises(UsageError, match="no use for --gpus"):
        automl.search("towers", **quick, runner="process", gpus=0.5)
    assert not Path(quick["out"]).exists()


def test_a_resumed_search_may_leave_the_cluster(one_ray, address, quick):
    automl.search("towers", **quick, trials=2, ray_address=address)
    assert automl.resume(quick["out"], runner="serial", trials=4, quiet=True).json["trials"] == 4
    with pytest.raises(UsageError, match="no use for --cpus"):
        automl.resume(quick["out"], runner="serial", trials=5, quiet=True, cpus=2)
