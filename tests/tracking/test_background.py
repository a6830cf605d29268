from __future__ import annotations

import threading
import time

import pytest

from automl.tracking import background
from automl.tracking.background import Background


def test_everything_arrives_in_order_and_in_batches() -> None:
    batches: list[list[int]] = []
    behind = Background("a store", batches.append, lag=0.02)
    for i in range(2500):
        behind.put(i)
    assert behind.close(10.0)
    assert [i for batch in batches for i in batch] == list(range(2500))
    assert max(map(len, batches)) <= background.BATCH
    assert len(batches) < 20


def test_flush_waits_for_the_last_event_and_hurries() -> None:
    seen: list[int] = []
    behind = Background("a store", seen.extend, lag=60.0)
    for i in range(3):
        behind.put(i)
        assert behind.flush(5.0)
        assert seen == list(range(i + 1))
    behind.close(1.0)


def test_an_error_ends_the_writing_with_one_warning(warned) -> None:
    calls = []

    def sink(batch: list[int]) -> None:
        calls.append(batch)
        raise ConnectionRefusedError(111, "Connection refused")

    behind = Background("a store", sink, lag=0.0)
    for i in range(50):
        behind.put(i)
        time.sleep(0.001)
    assert not behind.close(1.0)
    assert len(calls) == 1
    (warning,) = warned()
    assert "a store" in warning
    assert "Connection refused" in warning
    assert "automl sync" in warning


def test_a_stuck_store_holds_nobody_up(warned) -> None:
    stuck = threading.Event()
    behind = Background("a store", lambda batch: stuck.wait(30) and None, lag=0.0)
    started = time.monotonic()
    for i in range(100):
        behind.put(i)
    assert time.monotonic() - started < 0.5
    assert not behind.flush(0.1)
    assert not behind.close(0.1)
    assert time.monotonic() - started < 3.0
    assert len(warned()) == 1
    stuck.set()


def test_a_store_too_far_behind_is_given_up(monkeypatch: pytest.MonkeyPatch, warned) -> None:
    monkeypatch.setattr(background, "CAPACITY", 10)
    go, seen = threading.Event(), []

    def sink(batch: list[int]) -> None:
        go.wait(5)
        seen.extend(batch)

    behind = Background("a store", sink, lag=0.0)
    for i in range(30):
        behind.put(i)
    go.set()
    assert not behind.close(5.0)
    assert seen == list(range(len(seen)))  # a prefix: nothing after a gap
    assert "behind" in warned()[0]


def test_a_patient_one_waits_instead(monkeypatch: pytest.MonkeyPatch, warned) -> None:
    monkeypatch.setattr(background, "CAPACITY", 10)
    seen: list[int] = []

    def sink(batch: list[int]) -> None:
        time.sleep(0.01)
        seen.extend(batch)

    behind = Background("a store", sink, lag=0.0, patient=True)
    for i in range(100):
        behind.put(i)
    assert behind.close(None)
    assert seen == list(range(100))
    assert warned() == []


def test_closing_twice_or_unused_is_fine() -> None:
    behind = Background("a store", lambda batch: None)
    assert behind.close(1.0)
    assert behind.close(1.0)
    behind.put(1)
