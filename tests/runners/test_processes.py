import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from automl.core.errors import AutomlError, UsageError
from automl.core.records import Outcome
from automl.runners.processes import ProcessRunner
from automl.testing.runners import Deed, Probe, alive, job_of, only, run_all, wait_for


@pytest.fixture
def start():
    runners = []

    def start(trainer=None, *, workers=2, **settings):
        settings = {"limit": None, "on_report": lambda *_: None, **settings}
        runners.append(ProcessRunner(trainer or Probe(), workers=workers, **settings))
        return runners[-1]

    yield start
    for runner in runners:
        runner.close()


class Surroundings(Probe):
    """Measures what a worker finds around it."""

    def measure(self, seconds, report):
        omp, seed = os.environ["OMP_NUM_THREADS"], os.environ["PYTHONHASHSEED"]
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
        numbers = {"omp": int(omp), "seed": int(seed), "ignored": int(ignored), "blocked": int(blocked)}
        return Outcome({**numbers, "mine": int(os.environ.get("MINE", 0)), "hash": hash("a set of strings") % 997})


class Counting(Probe):
    """Says how often this copy of it has measured."""

    count = 0

    def measure(self, seconds, report):
        self.count += 1
        return Outcome({"count": self.count, "pid": os.getpid()})


def test_a_job_whose_worker_is_killed_from_outside_is_tried_once_more(start):
    runner = start(workers=1)
    pid = int(only(runner, Deed("measure")).metrics["pid"])
    runner.submit(job_of(1, Deed("measure", 1.0)))
    threading.Timer(0.4, os.kill, (pid, signal.SIGKILL)).start()
    (result,) = wait_for(runner, 1)
    assert result.outcome
    assert result.metrics["pid"] != pid


class Unreadable(Probe):
    def __reduce__(self):
        return _raise, ()


def _raise():
    raise ImportError("no module named 'secret'")


class Deadly(Probe):
    def __reduce__(self):
        return os._exit, (7,)


class Secretive(Probe):
    def measure(self, seconds, report):
        return Outcome({"value": 1.0}, extras={"callback": lambda: None})


class Forking(Probe):
    """Leaves a child behind and dies, as a killed process with data loaders does."""

    def measure(self, seconds, report):
        if os.fork() == 0:
            time.sleep(seconds)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)


def test_workers_live_as_long_as_the_runner(start):
    results = run_all(start(Counting()), [job_of(i, Deed("measure")) for i in range(20)])
    pids = {r.metrics["pid"] for r in results}
    assert len(pids) <= 2
    assert max(r.metrics["count"] for r in results) >= 10


def test_no_more_workers_start_than_there_is_work(start):
    runner = start(Counting(), workers=4)
    assert {only(runner, Deed("measure")).metrics["pid"] for _ in range(3)} == {
        only(runner, Deed("measure")).metrics["pid"]
    }


def test_results_come_as_they_finish(start):
    runner = start()
    run_all(runner, [job_of(i, Deed("measure", 0.1)) for i in range(2)])
    runner.submit(job_of(0, Deed("sleep", 1.0)))
    runner.submit(job_of(1, Deed("measure")))
    assert [r.id for r in wait_for(runner, 2)] == [1, 0]


def test_collect_gives_up_after_its_timeout(start):
    runner = start()
    only(runner, Deed("measure"))
    runner.submit(job_of(1, Deed("sleep", 60.0)))
    began = time.monotonic()
    assert runner.collect(0.2) == []
    assert 0.15 < time.monotonic() - began < 2.0


def test_what_a_worker_finds_around_it(start, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    monkeypatch.setenv("MINE", "5")
    metrics = only(start(Surroundings(), workers=1), Deed("measure")).metrics
    cores = len(os.sched_getaffinity(0))
    assert (metrics["omp"], metrics["seed"], metrics["mine"]) == (cores, 0, 5)
    assert (metrics["ignored"], metrics["blocked"]) == (1, 0)
    assert "OMP_NUM_THREADS" not in os.environ
    again = only(start(Surroundings(), workers=cores), Deed("measure")).metrics
    assert (again["omp"], again["hash"]) == (1, metrics["hash"])


def test_the_users_own_number_of_threads_is_kept(start, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert only(start(Surroundings()), Deed("measure")).metrics["omp"] == 3


def test_a_trainer_that_cannot_travel_is_refused_by_name():
    trainer = Probe()
    trainer.transform = lambda x: x
    with pytest.raises(UsageError, match=r"'transform' \(function\)") as caught:
        ProcessRunner(trainer, workers=2, on_report=lambda *_: None)
    assert "serial" in caught.value.hint


def test_a_trainer_that_workers_cannot_read_ends_the_search(start):
    runner = start(Unreadable())
    with pytest.raises(UsageError, match="no module named 'secret'"):
        run_all(runner, [job_of(0, Deed("measure"))])


def test_workers_that_die_at_the_start_end_the_search(start):
    runner = start(Deadly())
    with pytest.raises(AutomlError, match="exit code 7"):
        run_all(runner, [job_of(0, Deed("measure"))])


def test_an_outcome_that_cannot_travel_is_a_failure(start):
    error = only(start(Secretive()), Deed("measure")).error
    assert error.kind == "raised"
    assert "cannot be sent" in error.message


def test_a_candidate_that_cannot_travel_is_refused(start):
    with pytest.raises(UsageError, match="candidate"):
        start().submit(job_of(0, lambda: None))


def test_a_child_left_behind_does_not_hide_the_death_of_its_parent(start):
    began = time.monotonic()
    assert only(start(Forking()), Deed("measure", 15.0)).error.kind == "died"
    assert time.monotonic() - began < 10.0


def test_a_search_in_a_thread(start):
    results = []
    runner = start(workers=1)
    thread = threading.Thread(target=lambda: results.append(only(runner, Deed("measure"))))
    thread.start()
    thread.join(30.0)
    assert results[0].outcome
    assert only(runner, Deed("measure")).metrics["pid"] == results[0].metrics["pid"], "it outlives the thread"


def test_weights_arrive_writable_and_whole(start):
    weights = {"sum": np.arange(6.0).reshape(2, 3).T}
    assert only(start(), Deed("measure"), weights=weights).metrics["value"] > 15.0


@pytest.mark.parametrize("settings", [{"workers": 0}, {"limit": -1.0}])
def test_wrong_settings_are_refused(start, settings):
    with pytest.raises(UsageError):
        start(**settings)


# Scripts: how the process of the study was started, and how it ends.

SEARCH = """
    from automl.runners.processes import ProcessRunner
    from automl.testing.runners import Deed, Probe, job_of, run_all

    def search(trainer):
        runner = ProcessRunner(trainer, workers=2, on_report=lambda *_: None)
        results = run_all(runner, [job_of(i, Deed("measure")) for i in range(4)])
        runner.close()
        print("measured", sum(r.outcome is not None for r in results), flush=True)
"""
OWN = SEARCH + "\n    class Own(Probe):\n        pass\n"


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text))
    return [sys.executable, str(path)]


def ran(command, **settings):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **settings)


def test_a_script_without_a_main_guard_works_when_nothing_of_it_is_needed(tmp_path):
    done = ran(script(tmp_path, SEARCH + "\n    search(Probe())\n"))
    assert (done.stdout, done.stderr, done.returncode) == ("measured 4\n", "", 0)


def test_a_script_with_a_main_guard_may_define_the_trainer(tmp_path):
    done = ran(script(tmp_path, OWN + "\n    if __name__ == '__main__':\n        search(Own())\n"))
    assert (done.stdout, done.stderr, done.returncode) == ("measured 4\n", "", 0)


def test_a_script_without_a_main_guard_that_defines_the_trainer_is_told_so(tmp_path):
    done = ran(script(tmp_path, OWN + "\n    search(Own())\n"))
    assert done.returncode == 1
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]
    assert done.stderr.count("Traceback") == 1


def test_an_interactive_session_that_defines_the_trainer_is_told_so():
    done = ran([sys.executable, "-c", textwrap.dedent(OWN) + "\nsearch(Own())\n"])
    assert "Move the class into a .py file" in done.stderr.splitlines()[-1]


def test_an_interactive_session_works_with_imported_trainers():
    done = ran([sys.executable, "-c", textwrap.dedent(SEARCH) + "\nsearch(Probe())\n"])
    assert (done.stdout, done.stderr) == ("measured 4\n", "")


HANGING = (
    SEARCH
    + """
    import sys, time
    runner = ProcessRunner(Probe(), workers=2, on_report=lambda *_: None)
    jobs = [job_of(i, Deed("measure", 0.2)) for i in range(2)]
    print(*{int(r.metrics["pid"]) for r in run_all(runner, jobs)}, flush=True)
    runner.submit(job_of(2, Deed("loop", 60.0)))
"""
)


def test_workers_die_with_a_study_that_is_killed(tmp_path):
    study = subprocess.Popen(script(tmp_path, HANGING + "\n    time.sleep(60)\n"), stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in study.stdout.readline().split()]
    assert all(alive(pid) for pid in pids)
    study.kill()
    study.wait()
    study.stdout.close()
    until = time.monotonic() + 5.0
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < until, "a worker outlives its study"
        time.sleep(0.02)


def _runs(pid):
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("end", ["sys.exit(4)", "raise SystemExit(4)", "del runner; sys.exit(4)"])
def test_a_runner_that_was_never_closed_does_not_keep_the_study(tmp_path, end):
    done = ran(script(tmp_path, HANGING + f"\n    {end}\n"))
    assert (done.stderr, done.returncode) == ("", 4)
    assert not any(_runs(int(pid)) for pid in done.stdout.split())


def test_ctrl_c_is_the_studys_alone(tmp_path):
    text = (
        HANGING
        + """
    try:
        runner.collect(None)
    except KeyboardInterrupt:
        runner.close()
        print("closed")
    """
    )
    study = subprocess.Popen(
        script(tmp_path, text), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    study.stdout.readline()
    time.sleep(0.3)
    os.killpg(study.pid, signal.SIGINT)
    out, err = study.communicate(timeout=20)
    assert (out, err, study.returncode) == ("closed\n", "", 0)
