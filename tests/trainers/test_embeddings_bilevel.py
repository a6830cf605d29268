import numpy as np
import pytest
import torch
from embeddings_worlds import relaxed, space, trainer

from automl.core.errors import Incompatible
from automl.trainers.embeddings.bilevel import REACH, Bilevel, Search, first_order, move, second_order
from automl.trainers.embeddings.descent import Descent, Loss
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare


def tiny(task="rating", **settings):
    """Return the loss of a soft plan in double precision, a training batch and a held-out one."""
    found = trainer(task, **settings)
    torch.manual_seed(0)
    ground = prepare(found.dataset, found.recipe)
    plan = space(found, max_dim=3).relax("search")[1]
    recommender = start(plan, ground, found.recipe, None).double()
    with torch.no_grad():
        recommender.tables.weight.mul_(15.0)
        recommender.tables.alpha.uniform_(0.2, 0.9)
    parts = [(part.ids[:40], part.labels[:40].double()) for part in (ground.train, ground.search)]
    return Loss(recommender, ground.task, 0.01), *parts


@pytest.mark.parametrize(("task", "model"), [("rating", "mf"), ("ctr", "deepfm"), ("topk", "neumf")])
def test_second_order_gradient_agrees_with_finite_differences(task, model):
    loss, batch, held = tiny(task, model=model)
    alpha, xi = loss.recommender.tables.alpha, 0.3
    weights = [each for name, each in loss.named_parameters() if each.requires_grad and "alpha" not in name]

    def ahead():
        """Return the held-out loss one gradient step ahead, without torch.func."""
        before = [each.detach().clone() for each in weights]
        slopes = torch.autograd.grad(loss(*batch), weights, allow_unused=True)
        with torch.no_grad():
            for each, slope in zip(weights, slopes, strict=True):
                each -= xi * slope if slope is not None else 0.0
            value = float(loss(*held, penalised=False))
            for each, old in zip(weights, before, strict=True):
                each.copy_(old)
        return value

    found = second_order(loss, batch, held, xi=xi)
    expected = torch.zeros_like(found)
    for place in np.ndindex(*alpha.shape):
        for sign in (1, -1):
            with torch.no_grad():
                alpha[place] += sign * 1e-5
            expected[place] += sign * ahead() / 2e-5
            with torch.no_grad():
                alpha[place] -= sign * 1e-5
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-7)
    assert not torch.allclose(found, second_order(loss, batch, held, xi=0.0), rtol=1e-2)


def test_without_a_step_ahead_it_is_first_order():
    loss, batch, held = tiny()
    assert torch.allclose(second_order(loss, batch, held, xi=0.0), first_order(loss, held))


def test_every_block_moves_as_far_as_the_others():
    alpha, gradient = torch.full((2, 4), 0.5), torch.tensor([[1e-6, -3e-6, 2e-6, 0.0], [10.0, -30.0, 20.0, 0.0]])
    move(alpha, gradient, Search(0.01, 0.0, 1, True), 0.01)
    assert torch.allclose((0.5 - alpha).abs().mean(1), torch.full((2,), 0.01), rtol=1e-2)
    raw = torch.full((2, 4), 0.5)
    move(raw, gradient, Search(0.01, 0.0, 1, False), 0.01)
    assert torch.equal(raw, (0.5 - 0.01 * gradient).clamp(0, 1))


def test_alpha_stays_between_0_and_1_and_l1_pulls_it_down():
    alpha = torch.tensor([[0.99, 0.01]])
    move(alpha, torch.tensor([[-1.0, 1.0]]), Search(0.5, 0.0, 1, True), 0.5)
    assert alpha.tolist() == [[1.0, 0.0]]
    alpha = torch.tensor([[0.5, 0.5]])
    move(alpha, torch.zeros(1, 2), Search(0.1, 0.2, 1, False), 0.1)
    assert torch.allclose(alpha, torch.tensor([[0.48, 0.48]]))


def test_short_epochs_take_larger_steps():
    assert [10 * Search(None, 0.0, 1, True).rate(10), Search(None, 0.0, 1, True).rate(1)] == [REACH, REACH]
    assert Search(0.01, 0.0, 1, True).rate(8) == 0.01


@pytest.mark.parametrize("order", [1, 2])
def test_an_epoch_is_as_long_as_the_training_rows_make_it(order):
    found = trainer("rating", batch_size=100)
    ground = prepare(found.dataset, found.recipe)
    recommender = start(space(found).relax("search")[1], ground, found.recipe, None)
    recommender.tables.alpha.requires_grad_(False)
    descent = Descent(Loss(recommender, ground.task, 0.0), 0.01)
    batches = ground.train.batches(100)
    assert len(ground.search.batches(100)) < len(batches)
    Bilevel(descent, Search(0.01, 0.0, order, True), ground.search, 100).epoch(batches)
    steps = descent.optimizers[0].state[recommender.tables.weight]["step"]
    assert int(steps) == len(batches)
    assert not recommender.tables.alpha.grad


def test_without_normalisation_alpha_hardly_moves():
    moved = {}
    for normalise in (True, False):
        found = trainer("ctr", normalise=normalise, patience=3)
        alpha = np.concatenate([np.array(rows) for rows in relaxed(found)[1]["soft"][1].extras["alpha"].values()])
        moved[normalise] = np.abs(1 - alpha).mean()
    assert moved[True] > 0.05
    assert moved[False] < 0.01


def test_a_graph_has_no_second_order():
    with pytest.raises(Incompatible, match="cannot look ahead through the sparse graph"):
        trainer("topk", model="lightgcn", order=2)


def test_a_field_that_says_nothing_gets_little():
    found = trainer("ctr", epochs=6, search_epochs=8, patience=8, batch_size=64)
    where, stages = relaxed(found, blocks=1)
    plan = where.discretise(stages["soft"][0], stages["soft"][1].extras, 1 / 4, "search")
    dims = {field.name: sum(kept) for field, kept in zip(where.frame.fields, plan.dims, strict=True)}
    assert dims["user"] > dims["noise"]
    assert dims["noise"] <= 2


def test_a_frozen_tower_stays_as_it_was():
    for tower in ("frozen", "trained"):
        found = trainer("ctr", tower=tower)
        _, stages = relaxed(found)
        before, after = (stages[name][1].weights for name in ("wide", "soft"))
        tower_names = [name for name in before if name.startswith("net/scorer.")]
        same = [np.array_equal(before[name], after[name]) for name in tower_names]
        assert tower_names
        assert all(same) if tower == "frozen" else not all(same)


def test_held_out_loss_has_no_penalty():
    loss, batch, held = tiny()
    before = first_order(loss, held), second_order(loss, batch, held, xi=0.0)
    loss.l2 = 100.0
    assert torch.equal(first_order(loss, held), before[0])
    assert torch.equal(second_order(loss, batch, held, xi=0.0), before[1])


@pytest.mark.parametrize("average", [True, False])
def test_an_epoch_ends_with_the_mean_of_alpha_over_its_steps_or_with_the_last(average):
    found = trainer("rating", average=average)
    torch.manual_seed(0)
    ground = prepare(found.dataset, found.recipe)
    recommender = start(space(found, max_dim=3).relax("search")[1], ground, found.recipe, None)
    steps = Bilevel(
        Descent(Loss(recommender, ground.task, 0.0), 1e-9), Search(0.01, 0.0, 1, True, average), ground.search, 32
    )
    seen = []
    steps.descent.step = lambda ids, labels: (seen.append(recommender.tables.alpha.clone()), torch.zeros(()))[1]
    batches = ground.train.batches(32)[:5]
    steps.epoch(batches)
    seen = torch.stack(seen)  # alphas before every step: the last alpha is not among them
    last = recommender.tables.alpha
    if average:
        total = last * len(batches) - seen[1:].sum(0)
        assert ((total - seen[-1]).abs() < 0.05).all()  # what is missing from the sum is one step from the one before
        assert not torch.allclose(last, total)
    else:
        assert ((last - seen[-1]).abs().mean(1) < 0.0101).all()


@pytest.mark.parametrize(("form", "priced"), [("aligned", False), ("cells", True), ("elements", True)])
def test_alphas_of_coordinates_pay_for_what_they_keep_and_those_of_axes_do_not(form, priced):
    found = trainer("rating", model="mf", l2=5.0, search_epochs=2, average=False)
    _, stages = relaxed(found, form=form)
    rows = stages["soft"][1].extras["alpha"]
    mean = float(np.mean([row for field in rows.values() for row in field]))
    assert (mean < 0.2) is priced  # with such a penalty, keeping anything costs more than it is worth
