"""A search whose trials are long paths, from its first step to what it leaves: towers that are walked over."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import automl
from automl import api, registry
from automl.core.controller import Controller
from automl.core.errors import AutomlError, UsageError
from automl.core.records import Outcome, Proposal
from automl.core.tracker import Tracker
from automl.ledger import Ledger
from automl.reading import open_archive
from automl.testing.towers import WIDTHS, Tower, TowerSpace, TowerTrainer
from automl.testing.trainers import TrainerContract


class Walk(Controller):
    """Walks from tower to tower, one layer's width at a time; every step inherits from the one before.

    Settings:
        steps: evaluations per trial.
    """

    def __init__(self, space, objectives, seed, *, steps: int = 30):
        super().__init__(space, objectives, seed)
        self._steps = steps
        self._rng = np.random.default_rng(seed)
        self._place = [0, 0]
        self._at = None
        self._id = None
        self._busy = False

    def ask(self, n, progress):
        if self._busy:
            return []
        self._busy = True
        trial, step = self._place
        tower = self.space.root() if step == 0 else self._moved()
        return [Proposal(trial, step, tower, parent=self._id if step else None)]

    def _moved(self):
        blocks = [list(block) for block in self._at.blocks]
        blocks[self._rng.integers(4)][0] = int(self._rng.choice(WIDTHS))
        return Tower(tuple(tuple(block) for block in blocks))

    def tell(self, results):
        (result,) = results
        self._busy = False
        self._at = result.proposal.candidate
        self._id = result.id if result.outcome else self._id
        trial, step = self._place
        last = step + 1 == self._steps
        self._place = [trial + 1, 0] if last else [trial, step + 1]
        return [trial] if last else []

    def parents(self):
        return () if self._id is None else (self._id,)

    def state_dict(self):
        at = None if self._at is None else self.space.dump(self._at)
        return {"rng": self._rng.bit_generator.state, "place": self._place, "at": at, "id": self._id}

    def load_state_dict(self, state):
        self._rng.bit_generator.state = state["rng"]
        self._place, self._id = list(state["place"]), state["id"]
        self._at = None if state["at"] is None else self.space.load(state["at"])


class TalkativeTrainer(TowerTrainer):
    """A trainer of towers with an oracle, a trade-off, remarks, text files and a picture."""

    metrics = {"val_accuracy": "max", "params": "min", "truth": "max"}
    oracles = {"truth": "max"}
    trade_off = ("truth", "params")

    def train(self, candidate, *, effort, weights, seed, report):
        outcome = super().train(candidate, effort=effort, weights=weights, seed=seed, report=report)
        truth = 1.0 - abs(seed % 1000 - 500) / 500
        return Outcome({**outcome.metrics, "truth": truth}, outcome.weights, cost=outcome.cost)

    def finish(self, candidate, *, weights, seed, report):
        return self.train(candidate, effort=1.0, weights=weights, seed=seed, report=report)

    def test(self, candidate, weights):
        return {"test_accuracy": 0.5}

    @classmethod
    def load(cls, candidate, weights, facts):
        return candidate, {name: array.tolist() for name, array in weights.items()}

    @classmethod
    def example(cls, facts):
        return None

    def remarks(self, candidate, metrics):
        return [f"It has {len(candidate.blocks)} blocks <and> {metrics['params']:.0f} parameters."]

    @classmethod
    def files(cls, model):
        return {"tower.txt": repr(model[0]), cls.extra: "x"} if cls.extra else {"tower.txt": repr(model[0])}

    extra = ""

    @classmethod
    def picture(cls, model):
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'


class TestTalkativeTrainer(TrainerContract):
    @pytest.fixture
    def trainer(self):
        return TalkativeTrainer()

    @pytest.fixture
    def candidates(self):
        return [TowerSpace().root(), Tower(((8, 8), (4,), (12,), (4,)))]

    @pytest.fixture
    def variants(self):
        return [TalkativeTrainer(noise=0.5)]


class Watches(Tracker):
    """Remembers what it was told."""

    def __init__(self):
        self.evaluations, self.trials, self.pictures = [], [], []

    def measured(self, result):
        self.evaluations.append(result.id)

    def closed(self, trial):
        self.trials.append(trial)

    def pictured(self, svg):
        self.pictures.append(svg)


@pytest.fixture(autouse=True)
def talkative(monkeypatch):
    """Register the toy system."""
    known = registry.found
    extra = {
        "search_spaces": ("towers", "automl.testing.towers:TowerSpace"),
        "trainers": ("towers", f"{__name__}:TalkativeTrainer"),
        "controllers": ("walk", f"{__name__}:Walk"),
    }

    def found(family):
        name, place = extra.get(family, ("", ""))
        return {**known(family), **({name: EntryPoint(name, place, family)} if name else {})}

    monkeypatch.setattr(registry, "found", found)


def walk(out, **options):
    given = {
        "controller": "walk", "optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True, "out": str(out),
        "set": {"steps": 30}, **options,
    }  # fmt: skip
    return api.search("towers", **given)


def evaluations(summary):
    return [result for result in open_archive(summary.directory).results if result.outcome]


@pytest.fixture
def finished(tmp_path):
    watches = Watches()
    return walk(tmp_path / "run", trials=3, trackers=[watches]), watches


def test_a_walk_is_judged_by_the_best_on_the_way_and_its_weights_are_kept(finished):
    summary, watches = finished
    results = evaluations(summary)
    best = max(results, key=lambda r: r.metrics["val_accuracy"])
    assert summary.json["best"]["evaluation"] == best.id
    assert summary.best.metrics["val_accuracy"] == best.metrics["val_accuracy"]
    tower, weights = summary.best.load()
    assert tower == summary.best.candidate
    assert weights["trained"][0] >= best.proposal.step + 1  # inherited along the walk, then finished
    archive = open_archive(summary.directory)
    assert archive.best_so_far()[-1][1] == best.metrics["val_accuracy"]
    assert len(watches.evaluations) == 90
    assert [trial.judged.metrics for trial in watches.trials] == [trial.metrics for trial in archive.trials]


def test_a_walk_that_the_budget_cuts_short_counts_and_goes_on_later(tmp_path):
    watches = Watches()
    cut = walk(tmp_path / "run", evaluations=44, trackers=[watches])
    assert cut.json["trials"] == 1
    assert [trial.open for trial in open_archive(cut.directory).trials] == [False, True]
    best = max(evaluations(cut), key=lambda r: r.metrics["val_accuracy"])
    assert cut.json["best"]["evaluation"] == best.id
    assert cut.json["best"].get("open", False) is (best.proposal.trial == 1)
    assert [(trial.number, trial.open) for trial in watches.trials] == [(0, False), (1, True)]
    longer = api.resume(tmp_path / "run", evaluations=90, quiet=True)
    whole = walk(tmp_path / "whole", evaluations=90)
    assert longer.json["trials"] == 3
    assert longer.json["best"] == whole.json["best"]
    assert "open" not in longer.json["best"]


def test_only_a_few_weights_are_kept_of_a_long_walk(finished):
    summary, _ = finished
    with Ledger.read(summary.directory) as ledger:
        kept = ledger.kept()
    files = list((summary.directory / "weights").glob("*.safetensors"))
    assert len(files) + len(kept) <= 3 + 2 + 2  # trials, finals, the last step and the one before


def test_the_best_that_an_oracle_saw_is_reported_and_may_not_be_searched_for(finished, tmp_path):
    summary, _ = finished
    results = evaluations(summary)
    most = max(result.metrics["truth"] for result in results)
    seen = summary.json["oracle"]["truth"]
    assert seen["value"] == most
    assert next(r for r in results if r.id == seen["evaluation"]).metrics["truth"] == most
    for objective in ("max:truth", "truth>=0.5"):
        with pytest.raises(UsageError, match="oracle"):
            walk(tmp_path / "no", objectives=["max:val_accuracy", objective])


def test_the_trade_off_is_the_front_of_all_evaluations(finished):
    summary, _ = finished
    pairs = [(r.metrics["truth"], r.metrics["params"]) for r in evaluations(summary)]
    best = {a for a in pairs if not any(b[0] >= a[0] and b[1] <= a[1] and b != a for b in pairs)}
    front = [(entry["metrics"]["truth"], entry["metrics"]["params"]) for entry in summary.json["trade_off"]]
    assert set(front) == best
    assert len(front) == len(best)
    assert front == sorted(front, reverse=True)
    assert all(entry["text"] and entry["candidate"]["blocks"] for entry in summary.json["trade_off"])


def test_what_the_trainer_remarks_and_draws_is_in_the_report(finished):
    summary, watches = finished
    params = summary.best.metrics["params"]
    assert summary.json["remarks"] == [f"It has 4 blocks <and> {params:.0f} parameters."]
    page = (summary.directory / "report.html").read_text()
    assert "It has 4 blocks &lt;and&gt;" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert re.search(r"<h2>Trade-off</h2><p>Dots are evaluations", page)
    assert "Oracle: the best truth seen is" in page
    assert len(watches.pictures) == 1
    assert (summary.directory / "best.svg").read_text() == watches.pictures[0]


def test_an_export_holds_the_trainers_text_files(finished, tmp_path):
    summary, _ = finished
    folder = automl.export(summary.directory, tmp_path / "export")
    assert {path.name for path in folder.iterdir()} == {"model.json", "weights.safetensors", "tower.txt"}
    assert automl.load(folder)[0] == summary.best.candidate
    assert (folder / "tower.txt").read_text() == repr(summary.best.candidate)


@pytest.mark.parametrize("name", ["../outside", "model.json", "/tmp/x", ".hidden"])
def test_a_file_name_cannot_leave_the_export(finished, tmp_path, monkeypatch, name):
    monkeypatch.setattr(TalkativeTrainer, "extra", name)
    with pytest.raises(AutomlError, match="cannot hold"):
        automl.export(finished[0].directory, tmp_path / "export")
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("svg", ["<svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'])
def test_a_picture_that_could_act_is_left_out(tmp_path, monkeypatch, caplog, svg):
    monkeypatch.setattr(TalkativeTrainer, "picture", classmethod(lambda cls, model: svg))
    summary = walk(tmp_path / "run", trials=1)
    assert not (summary.directory / "best.svg").exists()
    assert "no plain SVG" in caplog.text


def test_remarks_that_fail_cost_nothing_but_themselves(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(TalkativeTrainer, "remarks", lambda self, candidate, metrics: 1 / 0)
    summary = walk(tmp_path / "run", trials=1)
    assert summary.json["remarks"] == []
    assert summary.json["best"]
    assert "no remarks" in caplog.text


def test_the_summary_on_disk_is_what_was_returned(finished):
    summary, _ = finished
    assert json.loads(Path(summary.directory / "summary.json").read_text()) == summary.json
