import numpy as np
import pytest
import torch
from embeddings_worlds import relaxed, silent, space, trainer, uniform

from automl.core.errors import Stop
from automl.search_spaces.embeddings import layout
from automl.trainers.embeddings.exported import exported
from automl.trainers.embeddings.fit import fit, start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.learner import measured
from automl.trainers.embeddings.placed import Part
from automl.trainers.embeddings.stopping import Stopping


def stage(found, name, **settings):
    """Return a relaxed plan of a stage."""
    where = space(found, **settings)
    return next(plan for rule in ("search", "pep") for plan in where.relax(rule) if plan.stage == name)


def same(one, other):
    """Say whether two sets of arrays are equal bit for bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("update", ["dense", "sparse"])
@pytest.mark.parametrize(
    ("name", "task"), [("wide", "ctr"), ("soft", "ctr"), ("soft", "topk"), ("thresholds", "rating")]
)
def test_a_stage_in_segments_is_the_same_as_in_a_piece(name, task, update):
    settings = {"epochs": 4, "search_epochs": 4, "pep_epochs": 4, "patience": 1, "dropout": 0.2, "update": update}
    found = trainer(task, **settings)
    plan = stage(found, name)
    whole = found.train(plan, effort=3, weights=None, seed=5, report=silent)
    weights, outcome = None, None
    for seed in (5, 6, 7):
        outcome = found.train(plan, effort=1, weights=weights, seed=seed, report=silent)
        weights = outcome.weights
        if outcome.extras["settled"]:
            break
    assert same(whole.weights, outcome.weights)
    assert whole.metrics == outcome.metrics
    assert whole.extras == outcome.extras


@pytest.mark.parametrize("name", ["wide", "soft", "thresholds"])
def test_a_segment_is_an_epoch_and_reports_what_can_be_read(name):
    found = trainer("ctr")
    plan, seen = stage(found, name), []
    outcome = found.train(plan, effort=1, weights=None, seed=1, report=lambda step, metrics: seen.append(step))
    assert seen == [1]
    assert outcome.extras["epoch"] == 1
    assert outcome.extras["settled"] is False
    rows = len(found.dataset.part("train")) if name != "thresholds" else len(found.dataset.part("train", "search"))
    assert outcome.cost == rows * (2 if name == "soft" else 1)
    where = space(found)
    if name == "thresholds":
        assert 0 < outcome.extras["share"] < 1.5
        assert outcome.extras["size"] == pytest.approx(outcome.extras["share"] * 4 * where.frame.rows * 8)
    else:
        table = outcome.weights["table/user/0"].astype(float)
        expected = np.sqrt((table**2).mean(0)) * outcome.weights.get("alpha/user/0", 1.0)
        assert outcome.extras["importance"]["user"][0] == pytest.approx(expected.tolist())
        rule = {"wide": "magnitude", "soft": "search"}[name]
        child = where.discretise(plan, outcome.extras, 1 / 2, rule)
        assert where.inherit(child, plan, outcome.weights)


def test_a_settled_stage_keeps_no_state_and_an_open_one_does():
    found = trainer("ctr", epochs=2)
    plan = stage(found, "wide")
    weights, states = None, []
    for _ in range(2):
        outcome = found.train(plan, effort=1, weights=weights, seed=1, report=silent)
        weights = outcome.weights
        states.append((outcome.extras["settled"], any(name.startswith(layout.STATE) for name in weights)))
    assert states == [(False, True), (True, False)]


def test_the_weights_of_an_aligned_stage_are_principal_axes_in_every_segment():
    found = trainer("rating")
    plan = stage(found, "wide", form="aligned")
    outcome = found.train(plan, effort=1, weights=None, seed=1, report=silent)
    table = np.concatenate([array for name, array in outcome.weights.items() if name.startswith("table/")]).astype(
        float
    )
    products = table.T @ table
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-4 * products.max()
    assert (np.diff(np.diag(products)) <= 1e-6).all()
    ground = prepare(found.dataset, found.recipe)
    again = start(plan, ground, found.recipe, outcome.weights)
    assert measured(ground.task, again, ground.stop)["val_mse"] == pytest.approx(outcome.metrics["val_mse"], abs=1e-5)


@pytest.mark.parametrize("task", ["ctr", "rating", "topk"])
def test_the_best_epoch_is_kept(task):
    found = trainer(task, epochs=6, patience=3, lr=0.05, repeats=1)
    curve = {}
    outcome = found.train(
        uniform(found), effort=1, weights=None, seed=2, report=lambda step, m: curve.update({step: m[found.quality]})
    )
    best = (max if found.metrics[found.quality] == "max" else min)(curve.values())
    assert outcome.metrics[found.quality] == best
    assert curve[outcome.extras["best_epochs"][0]] == best
    ground = prepare(found.dataset, found.recipe)
    again = start(uniform(found), ground, found.recipe, outcome.weights)
    assert measured(ground.task, again, ground.stop)[found.quality] == pytest.approx(best, abs=1e-6)


def test_inherited_weights_are_trained_no_further_than_it_helps():
    found = trainer("ctr", epochs=3)
    ground = prepare(found.dataset, found.recipe)
    good = fit(uniform(found), ground, found.recipe, weights=None, seed=1, report=silent, epochs=10)
    wild = trainer("ctr", lr=3.0).recipe
    after = fit(uniform(found), ground, wild, weights=good.weights, seed=1, report=silent, epochs=3)
    assert after.best_epoch == 0
    assert after.metrics == good.metrics
    assert same(after.weights, good.weights)


@pytest.mark.parametrize("form", ["cells", "elements"])
def test_what_a_plan_leaves_out_stays_out(form):
    found = trainer("ctr")
    where, stages = relaxed(found, form=form, stages=("wide",))
    parent, outcome = stages["wide"]
    plan = where.discretise(parent, outcome.extras, 1 / 2, "magnitude")
    inherited = where.inherit(plan, parent, outcome.weights)
    trained = found.train(plan, effort=1, weights=inherited, seed=4, report=silent)
    model = exported(plan, where.frame.fields, trained.weights, model="deepfm", hidden=(8,), user=0)
    assert model.tables.kept_bytes() <= trained.metrics["bytes"]
    names = [name for name in trained.weights if name.startswith(("table/", "values/", "places/", "counts/"))]
    assert all(trained.weights[name].shape == inherited[name].shape for name in names)


def test_thresholds_come_down_to_a_budget():
    found = trainer("rating", batch_size=256, pep_epochs=40, rise=0.5)
    plan, shares, weights = stage(found, "thresholds"), [], None
    where = space(found)
    for _ in range(40):
        outcome = found.train(plan, effort=1, weights=weights, seed=1, report=silent)
        weights = outcome.weights
        shares.append(outcome.extras["share"])
        if shares[-1] <= 1 / 4 or outcome.extras["settled"]:
            break
    assert shares[0] > 1
    assert shares[-1] <= 1 / 4
    child = where.discretise(plan, outcome.extras, 1 / 4, "pep")
    ticket = where.inherit(child, plan, weights)
    assert found.train(child, effort=1, weights=ticket, seed=1, report=silent).metrics["bytes"] <= where.frame.rows * 8


def test_unseen_values_start_at_zero():
    found = trainer("ctr")
    ground = prepare(found.dataset, found.recipe)
    recommender = start(uniform(found), ground, found.recipe, None)
    ends = np.cumsum([field.rows for field in ground.fields]) - 1
    assert set(ends) <= set(ground.unseen.tolist())
    assert not recommender.tables.weight[ground.unseen].any()


def test_stop_passes_and_the_caller_keeps_threads_and_randomness():
    def stop(step, metrics):
        raise Stop

    found = trainer("ctr", threads=1)
    torch.manual_seed(3)
    before = torch.get_num_threads(), torch.random.get_rng_state()
    with pytest.raises(Stop):
        found.train(uniform(found), effort=1, weights=None, seed=1, report=stop)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_stopping_counts_from_the_best():
    stopping = Stopping(sign=-1.0, patience=2, decay=0.5)
    assert [stopping.see(value) for value in (3.0, 2.0, 2.0)] == [True, True, False]
    assert (stopping.over, stopping.scale, stopping.best_epoch) == (False, 0.5, 2)
    resumed = Stopping(sign=-1.0, patience=2, decay=0.5)
    resumed.resume(stopping.state())
    assert resumed == stopping
    assert not resumed.see(float("nan"))
    assert resumed.over


def test_batches_are_of_one_size_but_for_the_last():
    part = Part("train", torch.arange(105)[:, None], torch.arange(105.0))
    assert [len(labels) for _, labels in part.batches(25)] == [25, 25, 25, 25, 5]
    assert [len(labels) for _, labels in part.batches(52)] == [52, 53]
    assert [len(labels) for _, labels in part.batches(40)] == [40, 40, 25]
    assert sorted(part.shuffled().labels.tolist()) == list(range(105))


def test_a_training_of_known_length_has_a_learning_rate_that_falls_to_zero():
    stopping = Stopping(sign=1.0, patience=1, decay=0.5, fall=4)
    scales, ended = [], []
    for value in (3.0, 2.0, 1.0, 4.0):  # two in a row without progress would end it otherwise
        stopping.see(value)
        scales.append(stopping.scale)
        ended.append(stopping.over)
    assert scales == [0.75, 0.5, 0.25, 0.0]
    assert ended == [False, False, False, True]
    assert stopping.best_epoch == 4


def test_plans_of_lists_that_inherit_are_trained_for_so_many_epochs_and_others_until_they_get_no_better():
    found = trainer("topk", epochs=20, inherit_epochs=5, patience=1, repeats=1)
    plan, heard = uniform(found), []

    def train(weights, how=found.train, **asked):
        heard.clear()
        return how(plan, weights=weights, seed=1, report=lambda step, _: heard.append(step), **asked).weights

    fresh = train(None, effort=1)
    assert heard != [1, 2, 3, 4, 5]
    train(fresh, effort=1)
    assert heard == [1, 2, 3, 4, 5]
    train(fresh, effort=0.1)
    assert heard == [1, 2]  # of 20
    train(fresh, how=found.finish)
    assert len(heard) < 5
    assert trainer("rating").recipe.inherit_epochs == trainer("ctr").recipe.inherit_epochs == 0
