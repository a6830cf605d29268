import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from automl.core.choices import Choice
from automl.core.domains import Options, Reals
from automl.core.errors import InvalidCandidate, LedgerError, WeightsError
from automl.ledger import FILE, Ledger
from automl.snapshot import pack, unpack
from automl.weights import WeightStore


@pytest.fixture
def made(tmp_path):
    with Ledger.create(tmp_path / "run", {"name": "run"}) as ledger:
        yield ledger


def test_events_come_back_in_order_and_can_be_read_while_the_study_writes(made):
    for n in range(5):
        made.append("ask", {"n": n})
    with Ledger.read(made.directory) as reader:
        assert [event.body["n"] for event in reader.events()] == [0, 1, 2, 3, 4]
        assert [event.body["n"] for event in reader.events(after=3)] == [3, 4]
        made.append("tell", {"n": 5})
        assert [event.kind for event in reader.events(after=5)] == ["tell"]


def test_a_second_writer_is_refused(made):
    with pytest.raises(LedgerError, match="run by another process"):
        Ledger.resume(made.directory)


def test_an_existing_study_is_not_overwritten(made):
    with pytest.raises(LedgerError, match="already holds a study") as refused:
        Ledger.create(made.directory, {})
    assert "automl resume" in refused.value.hint


def test_a_missing_study(tmp_path):
    with pytest.raises(LedgerError, match="no study"):
        Ledger.read(tmp_path)


def test_a_name_keeps_its_domain_also_after_a_resume(tmp_path):
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.learn_domains({"x": Choice(1, Options((1, 2))), "y": Choice(0.5, Reals(0.0, 1.0))})
    with Ledger.resume(tmp_path) as ledger:
        assert ledger.domains == {"x": Options((1, 2)), "y": Reals(0.0, 1.0)}
        with pytest.raises(InvalidCandidate, match="asked it from"):
            ledger.learn_domains({"x": Choice(1, Options((1, 2, 3)))})


def test_only_the_last_two_snapshots_are_kept(made):
    for seq in (3, 9, 27):
        made.snapshot(seq, f'{{"seq":{seq}}}', b"")
    assert made.latest_snapshot() == (27, '{"seq":27}', b"")
    count = sqlite3.connect(made.directory / FILE).execute("SELECT count(*) FROM snapshots").fetchone()
    assert count == (2,)


def test_a_state_survives_packing():
    state = {
        "rng": {"state": 2**100, "name": "PCG64"},
        "table": np.arange(6.0).reshape(2, 3),
        "list": [1, None, True, {"deep": np.array(3, dtype=np.int64)}],
        "empty": np.zeros((0, 4), dtype=np.float32),
    }
    back = unpack(*pack(state))
    assert back["rng"] == state["rng"]
    assert np.array_equal(back["table"], state["table"])
    assert back["table"].dtype == state["table"].dtype
    assert back["list"][:3] == [1, None, True]
    assert back["list"][3]["deep"].shape == ()
    assert back["empty"].shape == (0, 4)
    with pytest.raises(TypeError):
        pack({"controller": object()})


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_ledger_cut_in_the_middle_is_named(tmp_path, cut):
    with Ledger.create(tmp_path, {"name": "x"}) as ledger:
        for n in range(400):
            ledger.append("ask", {"n": n, "padding": "x" * 200})
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(LedgerError, match=r"damaged|Cannot use"):
        Ledger.resume(tmp_path)


@pytest.mark.parametrize("after", range(1, 12))
def test_a_creation_killed_at_any_statement_leaves_no_study(tmp_path, after):
    script = f"""
import os, signal, sqlite3, sys
from pathlib import Path
import automl.ledger as ledger
count = 0
def watched(statement):
    global count
    count += 1
    if count == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
connect = sqlite3.connect
def spied(*args, **rest):
    connection = connect(*args, **rest)
    connection.set_trace_callback(watched)
    return connection
ledger.sqlite3.connect = spied
ledger.Ledger.create(Path({str(tmp_path)!r}), {{"name": "x"}})
"""
    killed = subprocess.run([sys.executable, "-c", script]).returncode != 0
    if killed and not (tmp_path / FILE).exists():
        with Ledger.create(tmp_path, {"name": "again"}) as ledger:
            assert ledger.header["name"] == "again"
    else:
        with Ledger.resume(tmp_path) as ledger:
            assert ledger.header["name"] == "x"


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / FILE).write_text("not a database, but long enough to look like one\n" * 40)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.read(tmp_path)


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="Cannot write"):
        Ledger.create(tmp_path / "file" / "run", {})


def test_weights_are_kept_pruned_and_checked(tmp_path):
    store = WeightStore(tmp_path)
    for n in range(3):
        store.save(n, {"w": np.full(4, n, dtype=np.float32)})
    store.save("final-1-kept", {"w": np.zeros(2)})
    store.prune({1})
    assert [name in store for name in (0, 1, 2, "final-1-kept")] == [False, True, False, True]
    assert np.array_equal(WeightStore(tmp_path).load(1)["w"], np.full(4, 1, dtype=np.float32))
    store.path(1).write_bytes(b"\x93NUMPY this is not safetensors")
    with pytest.raises(WeightsError, match="cannot be read as safetensors"):
        WeightStore(tmp_path).load(1)
    with pytest.raises(WeightsError, match="missing"):
        store.load(7)


def test_a_draft_left_by_a_killed_process_is_swept_away(tmp_path):
    (tmp_path / "5.writing").write_bytes(b"half")
    store = WeightStore(tmp_path)
    assert 5 not in store
    assert not list(tmp_path.iterdir())
