"""The loop, on towers: budgets, failures, copies, retention, recovery."""

import json
from dataclasses import replace

import numpy as np
import pytest

from automl.audience import Audience
from automl.controllers.hill_climb import HillClimb
from automl.controllers.random import Random
from automl.core.budget import Budget
from automl.core.controller import Controller
from automl.core.errors import LedgerError
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Proposal
from automl.core.tracker import Tracker
from automl.history import History
from automl.ledger import Ledger
from automl.runners.serial import SerialRunner
from automl.study import Study, seed_of
from automl.testing.towers import Tower, TowerSpace, TowerTrainer

OBJECTIVES = Objectives.parse(["max:val_accuracy"])


def run(directory, make=Random, trainer=None, budget=None, seed=0, tracker=None, **settings):
    """Run a study, new or taken up, and return it."""
    space = TowerSpace()
    ledger = Ledger.resume(directory) if (directory / "study.db").exists() else Ledger.create(directory, {})
    with ledger:
        runner = SerialRunner(trainer or TowerTrainer(), on_report=lambda *_: None)
        study = Study(
            space=space, controller=make(space, OBJECTIVES, seed, **settings), runner=runner, objectives=OBJECTIVES,
            budget=budget or Budget(trials=20), ledger=ledger, seed=seed,
            audience=Audience([tracker] if tracker else []),
        )  # fmt: skip
        study.run()
    return study


def asked(directory):
    """Return everything a study asked, as JSON."""
    with Ledger.read(directory) as ledger:
        return [proposal for event in ledger.events() if event.kind == "ask" for proposal in event.body["proposals"]]


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget(trials=7), "trials"), (Budget(evaluations=7), "evaluations"), (Budget(cost=9000.0), "cost"),
        (Budget(seconds=0.4), "seconds"), (Budget(trials=7, evaluations=3), "evaluations"),
    ],
)  # fmt: skip
def test_the_first_bound_that_is_used_up_ends_the_search(tmp_path, budget, why):
    history = run(tmp_path, budget=budget).history
    assert history.ended_by == why
    assert history.spent.progress(replace(budget, seconds=None)) <= 1.0
    if why in ("trials", "evaluations"):
        assert getattr(history.spent, why) == getattr(budget, why)


def test_every_evaluation_has_its_own_seed_that_depends_on_its_place_only():
    seeds = {seed_of(study, trial, step) for study in range(3) for trial in range(20) for step in range(3)}
    assert len(seeds) == 180


class Fails(TowerTrainer):
    """Fails in every way, depending on the seed."""

    def train(self, candidate, *, effort, weights, seed, report):
        outcome = super().train(candidate, effort=effort, weights=weights, seed=seed, report=report)
        match seed % 5:
            case 0:
                raise RuntimeError("the trainer broke")
            case 1:
                return Outcome({"val_accuracy": float("nan")})
            case 2:
                raise MemoryError
            case 3:
                return Outcome({"something_else": 1.0})
        return outcome


def test_failures_are_recorded_and_the_search_goes_on(tmp_path):
    history = run(tmp_path, trainer=Fails(), budget=Budget(trials=60)).history
    kinds = {r.error.kind for r in history.results.values() if r.error}
    assert kinds == {"raised", "not_finite", "out_of_memory", "invalid"}
    assert history.spent.trials == 60
    assert any(trial.judged for trial in history.trials)
    assert any("the trainer broke" in r.error.message for r in history.results.values() if r.error)


class Repeats(Controller):
    """Proposes the same two towers for ever."""

    def __init__(self, space, objectives, seed):
        super().__init__(space, objectives, seed)
        self._next = 0

    def ask(self, n, progress):
        self._next += 1
        return [Proposal(self._next - 1, 0, Tower(((4 + 4 * (self._next % 2),),) * 4))]

    def tell(self, results):
        return [result.proposal.trial for result in results]

    def state_dict(self):
        return {"next": self._next}

    def load_state_dict(self, state):
        self._next = state["next"]


def test_an_identical_evaluation_is_copied_and_costs_nothing(tmp_path):
    history = run(tmp_path, Repeats, budget=Budget(trials=10)).history
    measured = [r for r in history.results.values() if r.copied is None]
    assert len(measured) == 2
    assert history.spent.cost == sum(r.outcome.cost for r in measured)
    assert {r.metrics["val_accuracy"] for r in history.results.values()} == {
        r.metrics["val_accuracy"] for r in measured
    }


def test_endless_repetition_ends_the_search(tmp_path):
    assert run(tmp_path, Repeats, budget=Budget(trials=10**6)).history.ended_by == "repetition"


class Illegal(Repeats):
    """Proposes what the space refuses."""

    def ask(self, n, progress):
        self._next += 1
        return [Proposal(self._next - 1, 0, Tower(((5,),)))]


def test_a_candidate_that_the_space_refuses_fails_without_training(tmp_path):
    history = run(tmp_path, Illegal, budget=Budget(trials=3)).history
    assert {r.error.kind for r in history.results.values()} == {"invalid"}
    assert "not a tower" in history.results[0].error.message


def test_weights_are_inherited_and_only_those_that_can_be_needed_are_kept(tmp_path):
    study = run(tmp_path, HillClimb, budget=Budget(trials=40))
    with Ledger.read(tmp_path) as ledger:
        kept = ledger.kept()
    assert len(kept) < 25
    best = OBJECTIVES.rank(study.history.trials)[0].judged
    assert str(study.history.source(best.id)) in kept
    trained = study.weights.load(study.history.source(best.id))["trained"][0]
    depth, parent = 1, best.proposal.parent
    while parent is not None:
        depth, parent = depth + 1, study.history.results[parent].proposal.parent
    assert trained >= depth


@pytest.mark.parametrize("make", [Random, HillClimb])
@pytest.mark.parametrize("stop", [1, 17, 55, 119])
def test_a_search_in_two_sessions_equals_one_in_one(tmp_path, make, stop):
    whole = run(tmp_path / "whole", make, budget=Budget(evaluations=140))
    run(tmp_path / "parts", make, budget=Budget(evaluations=stop))
    parts = run(tmp_path / "parts", make, budget=Budget(evaluations=140))
    if make is Random:  # hill climbing may look at the progress, which differs with the budget
        assert asked(tmp_path / "parts") == asked(tmp_path / "whole")
    assert parts.history.spent.evaluations == whole.history.spent.evaluations
    assert len(asked(tmp_path / "parts")) == 140


class Dies(TowerTrainer):
    """Interrupts the study at the n-th evaluation, once."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def train(self, candidate, **rest):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().train(candidate, **rest)


@pytest.mark.parametrize("make", [Random, HillClimb])
@pytest.mark.parametrize("at", [1, 2, 49, 50, 51, 52, 90])
def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(tmp_path, make, at):
    whole = run(tmp_path / "whole", make, budget=Budget(trials=100))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", make, trainer=Dies(at), budget=Budget(trials=100))
    parts = run(tmp_path / "parts", make, budget=Budget(trials=100))
    assert asked(tmp_path / "parts") == asked(tmp_path / "whole")
    assert [t.metrics for t in parts.history.trials] == [t.metrics for t in whole.history.trials]


class Forgetful(Random):
    """Does not repeat itself."""

    made = 0

    def __init__(self, space, objectives, seed):
        Forgetful.made += 1
        super().__init__(space, objectives, seed + Forgetful.made)


def test_a_controller_that_does_not_repeat_itself_is_named(tmp_path):
    run(tmp_path, Forgetful, budget=Budget(trials=5))
    with pytest.raises(LedgerError, match="does not repeat its proposals"):
        run(tmp_path, Forgetful, budget=Budget(trials=9))


class Rude(Tracker):
    """Raises at every call."""

    def __init__(self):
        self.calls = 0

    def closed(self, trial):
        self.calls += 1
        raise ConnectionError("no server")


def test_a_tracker_that_raises_is_named_once_and_left_out(tmp_path, caplog):
    rude = Rude()
    assert run(tmp_path, tracker=rude, budget=Budget(trials=5)).history.spent.trials == 5
    assert rude.calls == 1
    assert "no server" in caplog.text


def test_reading_the_ledger_gives_the_history_that_the_study_had(tmp_path):
    live = run(tmp_path, HillClimb, budget=Budget(trials=30)).history
    with Ledger.read(tmp_path) as ledger:
        read = History(ledger.domains, OBJECTIVES)
        for event in ledger.events():
            read.apply(event)
    assert read.spent == live.spent
    assert [t.metrics for t in read.trials] == [t.metrics for t in live.trials]
    assert [t.candidate for t in read.trials] == [t.candidate for t in live.trials]
    assert [dict(t.choices) for t in read.trials] == [dict(t.choices) for t in live.trials]
    json.dumps([t.candidate for t in read.trials])


def test_results_do_not_depend_on_global_random_state(tmp_path):
    np.random.seed(1)
    one = run(tmp_path / "one").history
    np.random.seed(2)
    two = run(tmp_path / "two").history
    assert [t.metrics for t in one.trials] == [t.metrics for t in two.trials]
