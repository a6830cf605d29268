"""Repetitions with other seeds and trials that are stopped early, through a study and what it leaves."""

import json
from dataclasses import replace

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.audience import Audience
from automl.core.budget import Budget
from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Proposal, Result
from automl.events import dump_proposal, load_proposal
from automl.history import History
from automl.ledger import Ledger
from automl.reading import archive_of
from automl.retention import Elite
from automl.runners.serial import SerialRunner
from automl.study import Study
from automl.summary import summarise
from automl.testing.towers import TowerSpace, TowerTrainer
from automl.testing.trackers import tower_study
from automl.tracking._mlflow_entries import Merit, metrics
from automl.tracking._mlflow_writer import _row, _tags
from automl.tracking._optuna_trials import Projection
from automl.tracking._progress import Progress

OBJECTIVES = Objectives.parse(["max:val_accuracy"])
TRIALS, SEEDS = 6, 3


class Races(Controller):
    """Measures the same tower in every trial: the odd ones with three seeds, the even ones are given up after two."""

    def __init__(self, space, objectives, seed):
        super().__init__(space, objectives, seed)
        self._at = [0, 0]
        self._first = None
        self._busy = False

    def ask(self, n, progress):
        trial, step = self._at
        if self._busy or trial == TRIALS:
            return []
        self._busy = True
        repeats = self._first if step else None
        return [Proposal(trial, step, self.space.root(), repeats=repeats, tentative=step < SEEDS - 1)]

    def tell(self, results):
        (result,) = results
        trial, step = self._at
        self._busy = False
        self._first = result.id if step == 0 else self._first
        last = step + 1 == (SEEDS if trial % 2 else SEEDS - 1)
        self._at = [trial + 1, 0] if last else [trial, step + 1]
        return [trial] if last else []

    def state_dict(self):
        return {"at": list(self._at), "first": self._first, "busy": self._busy}

    def load_state_dict(self, state):
        self._at, self._first, self._busy = list(state["at"]), state["first"], state["busy"]


@pytest.fixture
def study(tmp_path):
    with Ledger.create(tmp_path, {}) as ledger:
        space = TowerSpace()
        study = Study(
            space=space, controller=Races(space, OBJECTIVES, 0), objectives=OBJECTIVES, budget=Budget(trials=99),
            runner=SerialRunner(TowerTrainer(noise=0.1), on_report=lambda *_: None), ledger=ledger, seed=0,
            audience=Audience(),
        )  # fmt: skip
        study.run()
    return study


def accuracies(trial):
    return [r.metrics["val_accuracy"] for r in trial.results]


def test_repetitions_are_measured_with_seeds_of_their_own_and_judged_by_their_mean(study):
    trials = study.history.trials
    assert [len(t.results) for t in trials] == [2, 3] * 3
    raced = trials[1]
    assert len(set(accuracies(raced))) == SEEDS
    assert raced.metrics["val_accuracy"] == pytest.approx(np.mean(accuracies(raced)))
    assert raced.judged.proposal.step == SEEDS - 1
    assert [r.copied for t in trials for r in t.results if r.proposal.repeats is not None] == [None] * 9
    assert [t.tentative for t in trials] == [True, False] * 3


def test_who_reads_the_ledger_judges_as_the_study_did(study, tmp_path):
    with Ledger.read(tmp_path) as ledger:
        read = History(ledger.domains, OBJECTIVES)
        for event in ledger.events():
            read.apply(event)
    assert [(t.place, t.others, t.metrics, t.candidate, t.tentative) for t in read.trials] == [
        (t.place, t.others, t.metrics, t.candidate, t.tentative) for t in study.history.trials
    ]


def test_ledgers_of_before_are_read_and_defaults_are_not_written():
    space = TowerSpace()
    old = {"id": 4, "trial": 2, "candidate": space.dump(space.root())}
    number, proposal = load_proposal(old, space.load, {})
    assert (proposal.repeats, proposal.tentative) == (None, False)
    assert dump_proposal(number, proposal, old["candidate"]) == old
    new = Proposal(2, 1, space.root(), repeats=4, tentative=True)
    body = json.loads(json.dumps(dump_proposal(5, new, space.dump(space.root()))))
    assert load_proposal(body, space.load, {}) == (5, new)


def test_the_archive_ranks_and_draws_what_was_measured_to_the_end(study, tmp_path):
    with Ledger.read(tmp_path) as ledger:
        archive = archive_of(_headed(ledger), study.history, TowerSpace().dump)
    assert [t.number % 2 for t in archive.ranked] == [1, 1, 1, 0, 0, 0]
    assert archive.finalists(2) == archive.ranked[:2]
    curve = archive.best_so_far()
    assert curve[0][0] == 5.0  # when the third seed of trial 1 was measured
    assert curve[-1][1] == archive.best.metrics["val_accuracy"]
    early = replace(archive, trials=tuple(t for t in archive.trials if t.tentative))
    assert early.best_so_far()[-1][1] == early.best.metrics["val_accuracy"]
    best = summarise(archive, TowerSpace())["best"]
    assert best["repetitions"] == SEEDS
    assert best["metrics"] == archive.best.metrics
    assert "tentative" not in best
    assert summarise(early, TowerSpace())["best"]["tentative"] is True


def _headed(ledger):
    study = tower_study(ledger.directory)
    ledger.header.update(
        name=study.name, identity=study.identity,
        config={"space": "towers", "controller": "races", "trainer": "towers", "objectives": ["max:val_accuracy"],
                "seed": 0, "set": {}, "trials": 6, "evaluations": None, "time": None, "cost": None, "baselines": []},
    )  # fmt: skip
    return ledger


def test_optuna_shows_what_was_stopped_early_as_pruned(study):
    shown = [Projection(OBJECTIVES).project(trial) for trial in study.history.trials]
    assert [s.state for s in shown[:2]] == [optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.COMPLETE]
    assert shown[1].attributes["repetitions"] == SEEDS
    view = optuna.create_study(direction="maximize")
    for one in shown:
        view.add_trial(one.freeze())
    assert view.best_trial.user_attrs["trial"] % 2 == 1


def test_mlflow_says_what_was_stopped_early_and_ends_a_metric_with_the_mean(study):
    early, raced = study.history.trials[:2]
    assert _tags(early, "p")["automl.stopped_early"] == "true"
    assert "automl.stopped_early" not in _tags(raced, "p")
    assert [_row(t)["state"] for t in (early, raced)] == ["stopped early", "finished"]
    last = max((m for m in metrics(raced, OBJECTIVES) if m.key == "val_accuracy"), key=lambda m: m.step)
    assert last.value == raced.metrics["val_accuracy"]
    merit = Merit(OBJECTIVES, children=0)
    assert [merit.admit(early), merit.admit(raced)] == [False, True]


def test_the_progress_prefers_what_was_measured_to_the_end(study, tmp_path):
    progress = Progress(replace(tower_study(tmp_path), objectives=OBJECTIVES))
    early, raced = study.history.trials[:2]
    for result in early.results:
        progress.visit(result)
    assert "trial 0" in progress.best
    assert progress.count(early)
    for result in raced.results:
        progress.visit(result)
    assert f"{raced.metrics['val_accuracy']:.4g}" in progress.best
    assert "trial 1" in progress.best
    assert progress.count(raced)
    assert not progress.count(replace(early, number=7))


STEPS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans())
"""Trial, two metrics, whether it is only tried out, whether the trial closes."""


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=40), st.sampled_from([["max:a"], ["max:a", "min:b"], ["max:a", "b<=2"]]))
def test_what_the_best_are_judged_by_keeps_its_weights_also_where_seeds_are_raced(steps, texts):
    """All steps of a trial repeat its first."""
    objectives = Objectives.parse(texts)
    elite, history, kept, done = Elite(objectives, 2), History({}, objectives), set(), set()
    firsts = {}
    for number, (trial, a, b, tentative, closes) in enumerate(steps):
        if trial in done:
            continue
        repeats = firsts.get(trial)
        firsts.setdefault(trial, number)
        proposal = Proposal(trial, number if repeats is not None else 0, "c", repeats=repeats, tentative=tentative)
        elite.add(result := Result(number, proposal, Outcome({"a": a, "b": b})))
        kept = (kept | {number}) & elite.ids
        done |= {trial} if closes else set()
        _fold(history, result, closes=closes)
        if closes:
            elite.close(trial)
            kept &= elite.ids
        trials = [*history.trials, *history.unfinished()]
        ranked = [t for t in objectives.rank(trials) if objectives.feasible(t.metrics)][:2]
        front = objectives.front(trials) if len(texts) > 1 else []
        assert {t.judged.id for t in (*ranked, *front)} <= kept


def _fold(history, result, *, closes):
    from automl.events import Event, dump_result

    asked = {"proposals": [dump_proposal(result.id, result.proposal, "c")]}
    history.apply(Event(0, "ask", asked, 0.0))
    told = {"results": [dump_result(result)], "closed": [result.proposal.trial] if closes else [], "elapsed": 0.0}
    history.apply(Event(1, "tell", told, 1.0))
