"""The end of a search: who is trained in full, who is tested and when, and what a resumed search does again."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from automl import api, registry
from automl.core.records import Outcome
from automl.reading import open_archive
from automl.testing.towers import TowerTrainer
from automl.testing.trainers import TrainerContract


class Finisher(TowerTrainer):
    """Trains in full with luck: what the search found best is not best in full. It writes down what it does."""

    starts = ("scratch",)
    calls: list[str] = []

    def finish(self, candidate, *, weights, seed, report):
        self.calls.append("finish")
        outcome = self.train(candidate, effort=1.0, weights=weights, seed=seed, report=report)
        return Outcome({**outcome.metrics, "val_accuracy": seed % 1000 / 1000}, outcome.weights)

    def test(self, candidate, weights):
        self.calls.append("test")
        return {"test_accuracy": 0.5}

    @classmethod
    def load(cls, candidate, weights, facts):
        return {name: array.tolist() for name, array in weights.items() if name.startswith("test/")}

    @classmethod
    def example(cls, facts):
        return None


class Parts(Finisher):
    """Is tested in six parts, one after the other; may be interrupted in one, and may fail in another."""

    test_parts = 6
    interrupted: int | None = None
    failing: int | None = None

    def test_part(self, candidate, weights, *, part, report):
        report(1, {"val_accuracy": 0.1})
        if part == self.interrupted:
            raise KeyboardInterrupt
        if part == self.failing:
            raise ValueError("bad luck")
        self.calls.append(f"part {part}")
        return Outcome({"accuracy": 0.1 * part}, extras={"front": [[part, 0]]}, cost=2.0)

    def test(self, candidate, weights):
        if "test/accuracy" not in weights:
            found = [self.test_part(candidate, weights, part=i, report=print).metrics for i in range(self.test_parts)]
            return self.test(candidate, {**weights, "test/accuracy": np.array([one["accuracy"] for one in found])})
        self.calls.append("test")
        values = weights["test/accuracy"]
        return {"test_accuracy": float(values.mean()), "seeds": float(len(values))}


class TestParts(TrainerContract):
    @pytest.fixture
    def trainer(self):
        return Parts()

    @pytest.fixture
    def candidates(self):
        from automl.testing.towers import Tower, TowerSpace

        return [TowerSpace().root(), Tower(((8, 8), (4,), (12,), (4,)))]


@pytest.fixture(autouse=True)
def towers(monkeypatch):
    """Register both trainers, each as the one of towers where a test asks for it."""
    known = registry.found
    extra = {
        "search_spaces": {"towers": "automl.testing.towers:TowerSpace"},
        "trainers": {"whole": f"{__name__}:Finisher", "parts": f"{__name__}:Parts"},
    }

    def found(family):
        own = {name: EntryPoint(name, place, family) for name, place in extra.get(family, {}).items()}
        return {**known(family), **own}

    monkeypatch.setattr(registry, "found", found)
    monkeypatch.setattr(Finisher, "calls", [])


def search(out, trainer="whole", **options):
    given = {
        "controller": "random", "trainer": trainer, "trials": 6, "finalists": 4, "optuna": "none", "mlflow": "none",
        "baselines": ["none"], "quiet": True, "out": str(out), **options,
    }  # fmt: skip
    return api.search("towers", **given)


def finals(directory):
    return open_archive(directory).header["finals"]


def test_only_the_best_of_the_finalists_meets_the_test_data_and_after_all_trainings(tmp_path):
    summary = search(tmp_path / "run")
    assert Finisher.calls == ["finish"] * 4 + ["test"]
    scores = {final["trial"]: final["metrics"]["val_accuracy"] for final in finals(tmp_path / "run")}
    assert summary.best.trial == max(scores, key=scores.__getitem__)
    tested = [final["trial"] for final in summary.final if "test_accuracy" in final["metrics"]]
    assert tested == [summary.best.trial]
    assert summary.final[0]["trial"] == summary.best.trial  # whoever shows one of them shows the winner's
    assert [final["tested"] for final in summary.final] == [True, False, False, False]


def test_both_starts_of_a_winner_are_tested(tmp_path, monkeypatch):
    monkeypatch.setattr(Finisher, "starts", ("kept", "scratch"))
    summary = search(tmp_path / "run", finalists=2)
    tested = {(final["trial"], final["start"]) for final in summary.final if final["tested"]}
    assert tested == {(summary.best.trial, "kept"), (summary.best.trial, "scratch")}


def test_those_of_a_front_do_not_compete(tmp_path):
    summary = search(tmp_path / "run", trials=12, objectives=["max:val_accuracy", "min:params"])
    assert len(summary.final) > 1
    assert all("test_accuracy" in final["metrics"] for final in summary.final)


def test_a_resumed_search_tests_nothing_twice(tmp_path):
    search(tmp_path / "run")
    before = finals(tmp_path / "run")
    api.resume(tmp_path / "run", quiet=True)
    assert Finisher.calls.count("finish") == 4
    assert Finisher.calls.count("test") == 1
    assert finals(tmp_path / "run") == before


def test_killed_between_training_and_test_it_only_tests(tmp_path, monkeypatch):
    def killed(self, candidate, weights):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Finisher, "test", killed)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "run")
    assert [final["tested"] for final in finals(tmp_path / "run")] == [False] * 4
    Finisher.calls.clear()
    api.resume(tmp_path / "run", quiet=True)
    assert Finisher.calls == ["test"]
    search(tmp_path / "whole")
    mine, whole = ([{**final, "seconds": 0} for final in finals(tmp_path / name)] for name in ("run", "whole"))
    assert mine == whole


def test_a_test_that_fails_costs_its_numbers_not_the_search_and_is_tried_again(tmp_path, monkeypatch, caplog):
    def missing(self, candidate, weights):
        raise FileNotFoundError("the test images are gone")

    with monkeypatch.context() as patch:
        patch.setattr(Finisher, "test", missing)
        summary = search(tmp_path / "run")
    assert "the test images are gone" in caplog.text
    assert f"automl resume {tmp_path / 'run'}" in caplog.text
    assert not summary.final[0]["tested"]
    again = api.resume(tmp_path / "run", quiet=True)
    assert again.best == summary.best
    assert again.final[0]["metrics"]["test_accuracy"] == 0.5


def test_the_parts_of_a_test_are_gathered_for_the_test_and_for_the_model(tmp_path):
    summary = search(tmp_path / "run", "parts")
    assert Finisher.calls == ["finish"] * 4 + [f"part {i}" for i in range(6)] + ["test"]
    assert summary.final[0]["metrics"]["test_accuracy"] == pytest.approx(0.25)
    assert summary.best.load() == {"test/accuracy": pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])}
    winner = next(final for final in finals(tmp_path / "run") if final["tested"])
    assert [part["extras"]["front"] for part in winner["parts"]] == [[[i, 0]] for i in range(6)]
    assert "parts" not in json.loads((tmp_path / "run" / "summary.json").read_text())["final"][0]


def test_parts_in_workers_come_to_the_same(tmp_path):
    alone = search(tmp_path / "alone", "parts")
    together = search(tmp_path / "together", "parts", workers=2)
    assert together.final[0]["metrics"] == alone.final[0]["metrics"]
    assert together.best.load() == alone.best.load()


@pytest.mark.parametrize("place", [0, 3, 5])
def test_killed_in_the_middle_of_a_test_it_goes_on_there(tmp_path, monkeypatch, place):
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "interrupted", place)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "run", "parts")
    assert Finisher.calls.count("test") == 0
    Finisher.calls.clear()
    summary = api.resume(tmp_path / "run", quiet=True)
    assert Finisher.calls == [f"part {i}" for i in range(place, 6)] + ["test"]
    assert summary.final[0]["metrics"]["seeds"] == 6


def test_a_part_that_fails_is_counted_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Parts, "failing", 2)
    summary = search(tmp_path / "run", "parts")
    assert summary.final[0]["metrics"]["seeds"] == 5
    winner = next(final for final in finals(tmp_path / "run") if final["tested"])
    assert [part["part"] for part in winner["parts"] if "error" in part] == [2]


def test_what_time_allows_of_a_test_counts_until_the_rest_is_done(tmp_path, monkeypatch):
    import time

    def slow(self, candidate, weights, *, part, report):
        time.sleep(0.4)
        report(1, {})
        return Outcome({"accuracy": 0.1 * part})

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "test_part", slow)
        summary = search(tmp_path / "run", "parts", time="5s", finalists=1)
    final = summary.final[0]
    assert 1 <= final["metrics"]["seeds"] < 6
    assert final["tested"] is False
    finished = api.resume(tmp_path / "run", quiet=True).final[0]
    assert finished["metrics"]["seeds"] == 6
    assert finished["tested"] is True


def test_a_ledger_of_before_is_read_as_tested(tmp_path):
    """Earlier, one event held the training and the test."""
    from automl.ledger import Ledger

    search(tmp_path / "run", finalists=1)
    with Ledger.resume(tmp_path / "run") as ledger:
        old = {"trial": 99, "start": "scratch", "candidate": {}, "seconds": 1.0, "metrics": {"test_accuracy": 0.25}}
        ledger.append("final", old)
    assert finals(tmp_path / "run")[-1] == old
