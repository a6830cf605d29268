import signal
import threading
import time

import pytest

from automl.core.errors import Stop, UsageError
from automl.core.records import Proposal
from automl.core.runner import Job
from automl.runners._clock import AGAIN, Clock
from automl.runners.serial import SerialRunner
from automl.testing.runners import Deed, Probe, job_of, only


def serial(trainer=None, *, limit=None, on_report=lambda *_: None):
    return SerialRunner(trainer or Probe(), limit=limit, on_report=on_report)


class Interrupted(Probe):
    def measure(self, seconds, report):
        if not hasattr(self, "again"):
            self.again = True
            raise KeyboardInterrupt


def test_ctrl_c_passes_through_and_the_job_can_be_carried_out_again():
    runner = serial(Interrupted(), limit=60.0)
    runner.submit(job_of(0, Deed("measure")))
    with pytest.raises(KeyboardInterrupt):
        runner.collect(None)
    assert signal.getitimer(signal.ITIMER_REAL)[0] < 1000
    (result,) = runner.collect(None)
    assert result.outcome


def test_a_job_cut_by_the_deadline_is_carried_out_under_a_later_one():
    runner = serial()
    runner.submit(job_of(0, Deed("sleep", 0.3)))
    runner.deadline = time.monotonic() + 0.1
    assert runner.collect(None) == []
    runner.deadline = time.monotonic() + 60.0
    (result,) = runner.collect(None)
    assert result.outcome


def test_the_earlier_of_limit_and_deadline_decides():
    runner = serial(limit=0.1)
    runner.deadline = time.monotonic() + 30.0
    assert only(runner, Deed("sleep", 60.0)).error.kind == "timeout"


@pytest.mark.parametrize("kind", ["measure", "fail", "sleep"])
def test_alarm_and_handler_are_put_back(kind):
    rings = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    timer = signal.setitimer(signal.ITIMER_REAL, 50.0, 7.0)
    try:
        mine = signal.getsignal(signal.SIGALRM)
        only(serial(limit=0.2), Deed(kind, 0.0 if kind == "measure" else 60.0))
        assert signal.getsignal(signal.SIGALRM) is mine
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 40.0 < left < 50.0
        assert interval == 7.0
        assert rings == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def test_outside_the_main_thread_reports_end_the_evaluation():
    results = []
    thread = threading.Thread(target=lambda: results.append(only(serial(limit=0.2), Deed("swallow", 60.0))))
    thread.start()
    thread.join(10.0)
    assert results[0].error.kind == "timeout"


class Deaf(Probe):
    """Swallows the first order to stop and goes on."""

    def sleep(self, seconds, report):
        try:
            time.sleep(seconds)
        except Exception:
            time.sleep(seconds)


def test_the_alarm_rings_again_when_it_was_swallowed():
    began = time.monotonic()
    result = only(serial(Deaf(), limit=0.1), Deed("sleep", 60.0))
    assert result.error.kind == "timeout"
    assert time.monotonic() - began < 0.1 + 3 * AGAIN


def test_the_alarm_waits_while_a_report_is_delivered():
    delivered = []

    def deliver(*_):
        time.sleep(0.3)
        delivered.append(1)

    result = only(serial(limit=0.1, on_report=deliver), Deed("measure", 60.0))
    assert result.error.kind == "timeout"
    assert delivered == [1]
    assert len(result.curve) == 1


def test_a_clock_that_is_over_from_the_start_lets_nothing_run():
    for _ in range(200):
        clock = Clock(time.monotonic())
        with pytest.raises(Stop), clock:
            clock.check()
        assert clock.rang
    assert signal.getitimer(signal.ITIMER_REAL)[1] != AGAIN


def test_finishing_is_another_method():
    class Finisher(Probe):
        def finish(self, candidate, *, weights, seed, report):
            return self.train(candidate, effort=99.0, weights=weights, seed=seed, report=report)

    runner = serial(Finisher())
    runner.submit(Job(0, Proposal(0, 0, Deed("measure")), None, 1, full=True))
    (result,) = runner.collect(None)
    assert result.outcome.cost == 99.0


@pytest.mark.parametrize("settings", [{"workers": 2}, {"limit": 0.0}, {"limit": float("nan")}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(UsageError):
        SerialRunner(Probe(), on_report=lambda *_: None, **settings)


def test_two_jobs_at_once_are_a_mistake():
    runner = serial()
    runner.submit(job_of(0, Deed("measure")))
    with pytest.raises(RuntimeError, match=r"job 1 .* job 0"):
        runner.submit(job_of(1, Deed("measure")))
