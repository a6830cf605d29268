"""The relaxed network of space `cnn` on real digits: it learns, goes on where it was, and is worth reading."""

import numpy as np
import pytest
import torch

import automl
from automl.core.errors import UsageError
from automl.search_spaces.cnn import CnnSpace
from automl.trainers.cnn import CnnTrainer
from automl.trainers.cnn.mixed import MixedConv
from automl.trainers.cnn.network import build_network

SPACE = CnnSpace()
(MIXED,) = SPACE.relax("learned")
EPOCHS = 4


def quiet(step, metrics):
    pass


def train(trainer, candidate, weights=None, seed=0):
    return trainer.train(candidate, effort=1.0, weights=weights, seed=seed, report=quiet)


@pytest.fixture(scope="module")
def trainer():
    return CnnTrainer(relaxed_epochs=EPOCHS)


@pytest.fixture(scope="module")
def segments(trainer):
    """The segments of a relaxed run."""
    done = [train(trainer, MIXED)]
    while not done[-1].extras["settled"]:
        done.append(train(trainer, MIXED, SPACE.inherit(MIXED, MIXED, done[-1].weights), seed=len(done)))
    return done


def test_a_run_goes_on_from_segment_to_segment_until_it_has_settled(segments):
    assert [segment.extras["epoch"] for segment in segments] == [1, 2, 3, 4]
    assert [segment.extras["settled"] for segment in segments] == [False] * 3 + [True]
    assert segments[1].extras["start"]["val_loss"] == pytest.approx(segments[0].metrics["val_loss"], rel=1e-4)
    assert segments[-1].metrics["val_accuracy"] > max(0.7, segments[0].metrics["val_accuracy"])


def test_it_learns_what_to_keep(segments):
    first, last = segments[0].weights, segments[-1].weights
    for name in (f"c{n}.{choice}" for n in range(4) for choice in ("kernels", "widths")):
        assert np.abs(first[name]).max() > 0
        assert np.ptp(last[name]) > np.ptp(first[name])
    assert sum(segments[-1].extras["importance"]["c0"]["rings"][:1]) < 0.2, "one pixel tells no digits apart"


def test_alphas_take_other_images_than_weights():
    from automl.trainers.cnn.mixed_learner import MixedLearner
    from automl.trainers.cnn.placed import Part

    part = Part(torch.arange(40.0).view(40, 1, 1, 1), torch.arange(40))
    trainer = CnnTrainer(train_images=200)
    recipe, target = trainer.recipe, trainer.splits.target
    network = build_network(MIXED, (1, 8, 8), 10)
    made = [
        MixedLearner(network, part, recipe, target, lr=0.1, epochs=1, rng=rng, alpha_lr=0.1, price=0.0)
        for rng in (torch.Generator().manual_seed(seed) for seed in (0, 1))
    ]
    for learner in made:
        assert len(learner.held) == 10
        assert {*learner.held.labels.tolist(), *learner.part.labels.tolist()} == set(range(40))
    assert made[0].held.labels.tolist() == made[1].held.labels.tolist()


def test_a_price_keeps_less():
    kept = []
    for price in (0.0, 100.0):
        weights = train(CnnTrainer(train_images=300, alpha_price=price), MIXED).weights
        network = build_network(MIXED, (1, 8, 8), 10)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        kept.append(sum(float(unit.price()) for unit in network if isinstance(unit, MixedConv)))
    assert kept[1] < 0.9 * kept[0]
    with pytest.raises(UsageError, match="alpha_price"):
        CnnTrainer(alpha_price=-1.0)


def test_in_eval_mode_it_is_what_is_expected_in_training():
    torch.manual_seed(0)
    unit = MixedConv(torch.nn.Conv2d(1, 8, 3, padding=1, bias=False))
    x = torch.rand(2, 1, 4, 4)
    assert [bool(unit.train()(x).flatten(2).any(2)[0].sum() < 8) for _ in range(20)].count(True) > 5
    assert torch.equal(unit.eval()(x), unit(x))
    assert unit._reach(unit.kernels).tolist() == pytest.approx([1.0, 0.5])
    assert unit._reach(unit.widths).tolist() == pytest.approx([1 - n / 8 for n in range(8)])


def test_what_was_learned_beats_chance_at_the_same_size(trainer, segments):
    """Both inherit from the same relaxed network; by chance: random importance, read by the same rule."""
    last, rng = segments[-1], np.random.default_rng(0)

    def accuracy(importance, budget, seed):
        child = SPACE.discretise(MIXED, {"importance": importance}, budget, "learned")
        return train(trainer, child, SPACE.inherit(child, MIXED, last.weights), seed).metrics["val_accuracy"]

    def chance():
        layers = last.extras["importance"].items()
        return {k: {n: rng.dirichlet(np.ones(len(v))).tolist() for n, v in layer.items()} for k, layer in layers}

    budget = 1 / 16
    learned = accuracy(last.extras["importance"], budget, 0)
    assert learned > 0.9
    assert learned > np.mean([accuracy(chance(), budget, seed) for seed in range(4)])


def test_it_can_be_finished_like_any_other():
    trainer = CnnTrainer(train_images=300, final_epochs=2)
    finished = trainer.finish(MIXED, weights=None, seed=0, report=quiet)
    assert trainer.test(MIXED, finished.weights)["test_accuracy"] > 0.15
    assert CnnTrainer.load(MIXED, finished.weights, trainer.facts())(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_a_search_runs_end_to_end(quick):
    settings = {"relaxed_epochs": 2, "final_epochs": 1, "train_images": 300, "budgets": ["1/8", "1/16"]}
    summary = automl.search("cnn", controller="differentiable", set=settings, **quick)
    first, *plans = automl.open_archive(summary.directory).trials
    assert len(first.results) == 2
    assert first.candidate["mixed"]
    assert [plan.choices["budget"].value for plan in plans] == ["1/8", "1/16"]
    assert [plan.judged.proposal.parent for plan in plans] == [1, 1]
    whole = SPACE.limits.size(MIXED).params
    assert all(plan.metrics["params"] <= whole * share for plan, share in zip(plans, (1 / 8, 1 / 16), strict=True))
    assert summary.best.load()(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
