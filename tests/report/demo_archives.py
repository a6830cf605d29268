"""Demo archives for the tests of the report: towers grown at random from the best few, without a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from automl.archive import Archive
from automl.core.budget import Spent
from automl.core.choices import at_random, run
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Proposal, Result, Trial
from automl.core.tracker import StudyInfo
from automl.testing.towers import TowerSpace, TowerTrainer, landscape

SPACE = TowerSpace()


def info(controller="hill_climb", objectives=("max:val_accuracy",), name="towers-demo"):
    return StudyInfo(
        name=name, space="towers", controller=controller, trainer="towers", seed=0,
        objectives=Objectives.parse(objectives), directory=Path("runs") / name, settings={}, total=60,
        identity=f"{name}-0",
    )  # fmt: skip


def evaluated(number, tower, parent, choices, rng, steps=8):
    """One trial of one evaluation; its curve rises to what the landscape says."""
    proposal = Proposal(number, 0, tower, parent=parent, choices=choices)
    outcome = TowerTrainer().train(tower, effort=1.0, weights=None, seed=number, report=lambda *_: None)
    top, start = outcome.metrics["val_accuracy"], 0.25 if parent is None else landscape(tower) - 0.08
    curve = tuple(
        (s, {"val_accuracy": top - (top - start) * 0.55**s + 0.004 * rng.standard_normal()})
        for s in range(1, steps + 1)
    )
    cost = outcome.cost * 2e6 * steps
    outcome = Outcome({**outcome.metrics, "loss": 1.0 - top}, cost=cost)
    return Result(number, proposal, outcome, seconds=float(0.4 + cost / 6e9), curve=curve)


def trial(result):
    at = 1.7e9 + 10.0 * result.id
    place, candidate = 0 if result.outcome else None, SPACE.dump(result.proposal.candidate)
    return Trial(result.proposal.trial, (result,), place, candidate, at, at + result.seconds)


def failed(number, tower, parent=None, kind="out_of_memory", message="The network did not fit into 2 GB."):
    return trial(Result(number, Proposal(number, 0, tower, parent=parent), error=Failure(kind, message), seconds=0.2))


def grown(count, seed=0, failures=()):
    """Children of one of the best three so far, as hill climbing makes them."""
    rng = np.random.default_rng(seed)
    trials = [trial(evaluated(0, SPACE.root(), None, {}, rng))]
    good = list(trials)
    for number in range(1, count):
        good = sorted(good, key=lambda t: -t.metrics["val_accuracy"])[: max(3, count // 20)]
        parent = good[int(rng.integers(len(good)))].judged
        tower = parent.proposal.candidate
        child, choices = run(lambda choose, tower=tower: SPACE.grow(tower, choose), at_random(rng))
        if number in failures:
            trials.append(failed(number, child, parent.id))
        else:
            trials.append(trial(evaluated(number, child, parent.id, choices, rng)))
            good += [trials[-1]] if SPACE.edits(child) else []
    return tuple(trials)


def built(count, seed=1, steps=8):
    """Random search: everything from scratch."""
    rng = np.random.default_rng(seed)
    trials = []
    for number in range(count):
        tower, choices = run(SPACE.build, at_random(rng))
        trials.append(trial(evaluated(number, tower, None, choices, rng, steps)))
    return tuple(trials)


def archive(trials, study=None, *, summary=None, baselines=None, header=None):
    study = study or info()
    results = [result for each in trials for result in each.results]
    spent = Spent(
        trials=len(trials), evaluations=len(results), seconds=sum(r.seconds for r in results),
        cost=sum(r.outcome.cost for r in results if r.outcome),
    )  # fmt: skip
    return Archive(study.directory, study, tuple(trials), summary, baselines or {}, spent, header or {})


def finals(trial_number, kept, scratch):
    """The header of a study whose best was trained in full, as the finale writes it down."""
    return {
        "finals": [
            {"trial": trial_number, "start": start, "candidate": {}, "seconds": 41.5,
             "metrics": {"val_accuracy": v, "params": 12_340.0, "test_accuracy": v - 0.012}}
            for start, v in (("kept", kept), ("scratch", scratch))
        ]
    }  # fmt: skip


def full(count=60):
    """A finished study with everything the page can show."""
    random = archive(built(count), info("random"), summary={}, header=finals(17, 0.861, 0.858))
    rng = np.random.default_rng(3)
    diagnostics = [
        [10 * i, {"reward": 0.5 + 0.03 * i + 0.02 * float(rng.standard_normal()), "entropy": 2.0 * 0.9**i,
                  "baseline": 0.5 + 0.028 * i}]
        for i in range(1, count // 10 + 1)
    ]  # fmt: skip
    return archive(
        grown(count, failures=(7, 23)),
        summary={"stopped_by": "trials"},
        baselines={"random": random},
        header={"cost_unit": "training MACs", "diagnostics": diagnostics, **finals(41, 0.934, 0.929)},
    )
