"""Pruners: evaluations that are behind are stopped, recorded as such, and asked again exactly."""

import json
import pickle

import optuna
import pytest

from automl.controllers._pruning import PRUNERS, Pruning
from automl.controllers.bayesian import Bayesian
from automl.core.domains import Reals
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer
from automl.testing.drive import follow, replayed

ACCURACY = Objectives.parse(["max:accuracy"])
LOSS = Objectives.parse(["min:loss"])
STEPS = 9
TEXTS = ["median", "percentile percentile=50", "sha reduction_factor=2", "hyperband reduction_factor=2"]


class Line(SearchSpace):
    def build(self, choose):
        return {"x": choose("x", Reals(-1.0, 1.0))}

    def load(self, json):
        return dict(json)

    def dump(self, candidate):
        return dict(candidate)


class Curves(Trainer):
    """What is better at the end is better on the way."""

    metrics = {"accuracy": "max", "loss": "min"}

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        accuracy = 1 - candidate["x"] ** 2
        for step in range(1, STEPS + 1):
            now = accuracy * step / STEPS
            report(step, {"accuracy": now, "loss": 1 - now})
        return Outcome({"accuracy": accuracy, "loss": 1 - accuracy})


class Silent(Curves):
    def train(self, candidate, *, effort, weights, seed, report):
        return super().train(candidate, effort=effort, weights=weights, seed=seed, report=lambda step, metrics: None)


def search(pruner, trials=40, *, objectives=ACCURACY, **settings):
    controller = Bayesian(Line(), objectives, 5, sampler="random", pruner=pruner)
    return follow(controller, controller.space, Curves(), trials, **settings)


def stopped(course):
    return [result for result in course.results if result.error]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_stopped_is_worse_than_what_is_not(text):
    objectives = LOSS if text in ("median", "sha reduction_factor=2") else ACCURACY
    course = search(text, 30, objectives=objectives)
    lost = [abs(result.proposal.candidate["x"]) for result in stopped(course)]
    kept = [abs(result.proposal.candidate["x"]) for result in course.results if result.outcome]
    assert 5 < len(lost) < 29
    assert sum(lost) / len(lost) > sum(kept) / len(kept) + 0.1
    assert min(kept) < min(lost)
    assert {result.error for result in stopped(course)} == {
        Failure("stopped", f"It was stopped early by the pruner '{text}'.")
    }
    assert all(1 <= len(result.curve) < STEPS + 1 for result in stopped(course))


def test_a_pruner_decides_as_in_optuna():
    course = search("median n_startup_trials=4 n_warmup_steps=1", 30)
    study = optuna.create_study(
        direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    )
    for result in course.results:
        trial = study.ask({"x": optuna.distributions.FloatDistribution(-1, 1)})
        accuracy, steps = 1 - result.proposal.candidate["x"] ** 2, 0
        for step in range(1, STEPS + 1):
            trial.report(accuracy * step / STEPS, step)
            steps = step
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, accuracy)
        assert len(result.curve) == steps


@pytest.mark.parametrize("text", TEXTS)
def test_it_resumes_exactly(text):
    course = search(text, 16, snapshots=True)
    for done in range(5, len(course.events), 13):
        resumed = Bayesian(Line(), ACCURACY, 5, sampler="random", pruner=text)
        resumed.load_state_dict(json.loads(json.dumps(course.snapshots[done - 1])))
        assert replayed(resumed, course.events[done:]) == course.events[done:]
        again = Bayesian(Line(), ACCURACY, 5, sampler="random", pruner=text)
        replayed(again, course.events)
        other = Bayesian(Line(), ACCURACY, 5, sampler="random", pruner=text)
        other.load_state_dict(course.snapshots[-1])
        assert again.state_dict() == other.state_dict()
    (proposal,) = again.ask(1, 1.0)
    curve = [(step, {"accuracy": 0.01}) for step in range(1, STEPS + 1)]
    verdicts = [
        [watch(curve[:n]) for n in range(1, STEPS + 1)] for watch in (again.watch(proposal), other.watch(proposal))
    ]
    assert verdicts[0] == verdicts[1]
    assert any(verdicts[0])


def test_a_watch_travels_and_knows_only_what_was_known_when_it_was_made():
    pruning = Pruning("median n_startup_trials=1", ACCURACY)

    def told(number, height):
        curve = tuple((step, {"accuracy": height}) for step in range(1, 4))
        pruning.tell(Result(number, Proposal(number, 0, {}), Outcome({"accuracy": height}), curve=curve))

    told(0, 0.5)
    watch = pruning.watch(1)
    told(1, 0.9)
    for one in (watch, pickle.loads(pickle.dumps(watch))):
        assert not one([(1, {"accuracy": 0.6})])
    assert pruning.watch(1)([(1, {"accuracy": 0.4})])
    assert pruning.watch(2)([(1, {"accuracy": 0.6})])


def test_a_sampler_learns_from_what_was_stopped():
    """TPE reads the last report of a pruned trial; were they failures, it would know the others only."""
    controller = Bayesian(Line(), ACCURACY, 5, startup=5, pruner="median")
    follow(controller, controller.space, Curves(), 40)
    states = [trial["state"] for trial in controller.state_dict()["trials"]]
    assert states.count("PRUNED") > 5
    assert "FAIL" not in states


def test_what_failed_otherwise_is_compared_with_nobody():
    pruning = Pruning("median n_startup_trials=0", ACCURACY)
    curve = ((1, {"accuracy": 0.9}),)
    pruning.tell(Result(0, Proposal(0, 0, {}), error=Failure("raised", "no"), curve=curve))
    assert not pruning.watch(1)([(1, {"accuracy": 0.1})])


def test_nans_and_other_metrics_are_passed_over():
    watch = Pruning("threshold lower=0.2", ACCURACY).watch(0)
    curve = [(1, {"accuracy": float("nan")}), (2, {"other": 0.0}), (3, {"accuracy": 0.3}), (4, {"accuracy": 0.1})]
    assert [watch(curve[:n]) for n in range(1, 5)] == [False, False, False, True]


def test_every_name_is_a_pruner_of_optuna():
    settings = {"threshold": " lower=0.5"}
    watches = [Pruning(name + settings.get(name, ""), ACCURACY).watch(0) for name in PRUNERS]
    assert [watch([(1, {"accuracy": 0.9})]) for watch in watches] == [False] * len(PRUNERS)
    patient = Pruning("patient wrapped_pruner=median patience=1", ACCURACY).watch(0)
    assert not any(patient([(step, {"accuracy": 0.9})]) for step in range(5))
    public = {name for name in vars(optuna.pruners) if name.endswith("Pruner")} - {"BasePruner", "NopPruner"}
    assert {*PRUNERS.values()} == public


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("meidan", UnknownName, "Did you mean 'median'"),
        ("median warmup=3", UsageError, "warmup"),
        ("median 3", UsageError, "key=value"),
        ("threshold", UsageError, "lower or upper"),
        ("patient wrapped_pruner=meidan", UnknownName, "'median'"),
    ],
)
def test_wrong_pruners_are_refused_in_a_sentence(text, error, said):
    with pytest.raises(error, match=said):
        Bayesian(Line(), ACCURACY, 0, pruner=text)


def test_several_objectives_are_refused():
    with pytest.raises(Incompatible, match="several objectives"):
        Bayesian(Line(), Objectives.parse(["max:accuracy", "min:loss"]), 0, pruner="median")


def test_a_trainer_that_says_nothing_on_the_way_is_named_once(caplog):
    controller = Bayesian(Line(), ACCURACY, 5, sampler="random", pruner="median")
    course = follow(controller, controller.space, Silent(), 12)
    assert not stopped(course)
    assert caplog.text.count("nothing to judge by: accuracy") == 1


def test_the_best_of_a_pruned_search_is_that_of_the_whole_one_in_fewer_steps():
    def spent(course):
        return sum(len(result.curve) for result in course.results)

    pruned, whole = search("median", 60), search(None, 60)
    best = [max(r.metrics["accuracy"] for r in course.results if r.outcome) for course in (pruned, whole)]
    assert best[0] == best[1]
    assert spent(pruned) < 0.75 * spent(whole)
    assert pruned.proposals == whole.proposals
