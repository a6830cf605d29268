"""Searches that run beside their caller, and callbacks: on towers, which take no time unless they pause."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import automl
from automl.api import read_summary
from automl.core.errors import UsageError


@pytest.fixture
def begin(quick):
    """Return what starts a search that lasts until it is stopped; it is, at the latest when the test ends."""
    started = []

    def begin(**options):
        lasting = {**quick, "trials": 10_000, "controller": "random", "set": {"pause": 0.005}, **options}
        started.append(automl.start("towers", **lasting))
        return started[-1]

    yield begin
    for running in started:
        running.stop()
        running.wait()


def until(met, seconds=20.0):
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


def seconds_to_end(running):
    """Stop it; return how long it took to end. The report, which takes its time, is written after the summary."""
    stopped = time.time()
    running.stop()
    running.wait(60)
    return (running.directory / "summary.json").stat().st_mtime - stopped


def test_it_gives_what_search_gives(quick, tmp_path):
    running = automl.start("towers", trials=12, seed=3, **quick)
    summary = running.wait()
    assert running.done
    same = automl.search("towers", trials=12, seed=3, **{**quick, "out": str(tmp_path / "same")})
    assert summary.best.candidate == same.best.candidate == running.best.candidate
    assert summary.best.metrics == same.best.metrics


def test_it_is_stopped_with_everything_finished_and_can_be_resumed(begin):
    running = begin()
    until(lambda: running.best is not None)
    assert not running.done
    with pytest.raises(TimeoutError, match=r"still running after 0\.01 s"):
        running.wait(0.01)
    assert seconds_to_end(running) < 20
    summary = running.wait()
    assert summary.stopped_by == "interruption"
    assert 0 < summary.trials < 10_000
    assert summary.best.metrics
    assert "not finished" in (running.directory / "report.html").read_text()
    more = automl.resume(running.directory, trials=summary.trials + 3, quiet=True)
    assert (more.trials, more.stopped_by) == (summary.trials + 3, "trials")


def test_an_interrupted_search_ends_as_the_uninterrupted_one(quick, tmp_path):
    options = {**quick, "controller": "evolution", "seed": 4}
    straight = automl.search("towers", trials=30, **options)
    halted = {**options, "out": str(tmp_path / "halted")}

    def early(trial):
        if trial.number == 11:
            raise automl.StopSearch

    assert automl.search("towers", trials=30, callbacks=[early], **halted).trials == 12
    resumed = automl.resume(halted["out"], quiet=True)
    assert resumed.best.metrics == straight.best.metrics
    assert resumed.best.trial == straight.best.trial


@pytest.mark.parametrize("end", [automl.StopSearch, KeyboardInterrupt])
def test_what_is_said_of_a_finished_search_does_not_outlive_its_going_on(quick, end):
    automl.search("towers", trials=3, **quick)

    def early(trial):
        raise end

    with suppress(KeyboardInterrupt):
        automl.resume(quick["out"], trials=9, callbacks=[early], quiet=True)
    summary = read_summary(quick["out"])
    assert (summary.trials, summary.stopped_by) == (4, "interruption")
    assert "not finished" in (Path(quick["out"]) / "report.html").read_text()


def test_evaluations_in_worker_processes_are_ended(begin):
    running = begin(workers=2, set={"pause": 0.1})
    until(lambda: running.best is not None, 60)
    assert seconds_to_end(running) < 15
    assert running.wait().trials < 1000  # all of them would take eight minutes


def test_wrong_use_is_told_at_once_and_later_errors_by_wait(quick):
    with pytest.raises(UsageError):
        automl.start("towerz", **quick)

    def bad(trial):
        raise KeyError("mine")

    running = automl.start("towers", trials=5, callbacks=[bad], **quick)
    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            running.wait()
    assert running.best is not None, "what was finished before is kept"


def test_two_searches_at_a_time_find_a_directory_each(quick):
    options = {**{k: v for k, v in quick.items() if k != "out"}, "trials": 5}
    both = [automl.start("towers", **options) for _ in range(2)]
    assert len({str(running.directory) for running in both}) == 2
    assert [running.wait().trials for running in both] == [5, 5]


def test_callbacks_hear_every_trial_of_the_search_and_none_of_its_baselines(quick):
    heard = []
    options = {**quick, "baselines": ["random"], "controller": "evolution"}
    automl.search("towers", trials=8, callbacks=[heard.append], **options)
    assert [trial.number for trial in heard] == list(range(8))
    assert all(trial.metrics["val_accuracy"] > 0 for trial in heard)


def test_what_a_callback_raises_comes_out_when_everything_finished_is_kept(quick):
    def bad(trial):
        if trial.number == 3:
            raise ZeroDivisionError

    calls = []
    with pytest.raises(ZeroDivisionError):
        automl.search("towers", trials=8, callbacks=[bad, calls.append], **quick)
    assert len(calls) == 3
    assert automl.resume(quick["out"], quiet=True).trials == 8


def test_nothing_is_left_behind_by_a_search_that_is_refused(quick, tmp_path):
    options = {k: v for k, v in quick.items() if k != "out"}
    with pytest.raises(UsageError, match="serial runner"):
        automl.search("towers", workers=2, runner="serial", **options)
    assert list((tmp_path / "runs").iterdir()) == []
    assert threading.active_count() == 1 or threading.current_thread() is threading.main_thread()


def test_a_running_search_can_be_looked_at_as_often_as_wanted(begin):
    running = begin(set={"pause": 0.0005})
    found = [running.best for _ in range(40)]
    values = [best.metrics["val_accuracy"] for best in found if best]
    assert values == sorted(values)
