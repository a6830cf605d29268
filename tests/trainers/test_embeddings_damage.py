import numpy as np
import pytest
import torch
from embeddings_worlds import space, trainer

from automl.trainers.embeddings.damage import by_field, damage, in_rounds, measurable, ranks
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare


def recommender_of(task="rating", **settings):
    """Return a recommender of stage soft with embeddings that matter, and what it is trained on."""
    found = trainer(task, **settings)
    torch.manual_seed(0)
    ground = prepare(found.dataset, found.recipe)
    recommender = start(space(found, max_dim=3).relax("search")[1], ground, found.recipe, None).double()
    with torch.no_grad():
        recommender.tables.weight.mul_(15.0)
        recommender.tables.alpha.uniform_(0.2, 0.9)
    return recommender, ground


def loss_of(recommender, ground, labels):
    with torch.no_grad():
        return float(ground.task.loss(recommender, ground.search.ids, labels)[0])


@pytest.mark.parametrize("task", ["rating", "ctr"])
def test_damage_is_half_the_second_derivative_of_the_loss_in_the_gate_of_a_cell(task):
    recommender, ground = recommender_of(task, model="mf" if task == "rating" else "fm")
    found = damage(recommender, ground.task, ground.search)
    labels = ground.search.labels.double()
    if task == "ctr":  # the slope of the score bends the loss only where the score is no line; chances make it vanish
        labels = recommender(ground.search.ids).sigmoid().detach()
    alpha, step = recommender.tables.alpha, 1e-3
    for place in np.ndindex(*alpha.shape):
        before, losses = float(alpha[place].detach()), []
        for factor in (1 - step, 1.0, 1 + step):
            with torch.no_grad():
                alpha[place] = before * factor
            losses.append(loss_of(recommender, ground, labels))
        with torch.no_grad():
            alpha[place] = before
        bend = (losses[0] - 2 * losses[1] + losses[2]) / step**2
        assert float(found[place]) == pytest.approx(bend / 2, rel=1e-3, abs=1e-8)


def test_ranks_leave_the_recommender_as_it_was():
    recommender, ground = recommender_of()
    recommender.train()
    before = {name: tensor.clone() for name, tensor in recommender.state_dict().items()}
    found = ranks(recommender, ground.task, ground.search, 3)
    assert found.shape == recommender.tables.alpha.shape
    assert recommender.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in recommender.state_dict().items())


def test_what_has_gone_takes_the_worth_of_its_partners_with_it():
    # the last column of the second block is worth next to nothing alone and goes early; its partner in the first block
    # then has nothing to be multiplied by
    alone = torch.tensor([[5.0, 4.0, 3.0, 3.5], [2.0, 1.9, 1.8, 0.1]])

    def measure(kept):
        return alone * kept * kept.flip(0)

    once, often = (in_rounds(measure, torch.tensor([10.0, 10.0]), 4, rounds) for rounds in (0, 2))
    assert once[0].argsort(descending=True).tolist() == [0, 1, 3, 2]
    assert often[0].argsort(descending=True).tolist()[:2] == [0, 1]
    assert often[0, 3] <= often[0, 2]
    assert often[1, 3] == often.min()


def test_what_stays_longer_is_never_below_what_went_before():
    worth = iter(torch.tensor([[[4.0, 3.0, 2.0, 1.0]], [[0.1, 0.2, 9.0, 9.0]]]))
    found = in_rounds(lambda kept: next(worth) * kept, torch.tensor([1.0]), 4, 1)
    assert found[0].tolist() == pytest.approx([2.0, 4.0, 2.0, 1.0])  # round two, scaled by 2 / 0.1, then round one


def test_damage_of_lists_is_half_the_second_derivative_of_a_user_s_loss():
    recommender, ground = recommender_of("topk", model="mf")
    found = damage(recommender, ground.task, ground.search)
    users = torch.unique(ground.search.ids[:, 0])
    ids = torch.stack([users, torch.ones_like(users)], 1)  # a row each; what was chosen does not bend the loss
    alpha, step = recommender.tables.alpha, 1e-3
    for place in np.ndindex(*alpha.shape):
        before, losses = float(alpha[place].detach()), []
        for factor in (1 - step, 1.0, 1 + step):
            with torch.no_grad():
                alpha[place] = before * factor
                losses.append(float(ground.task.loss(recommender, ids, torch.ones(len(ids)))[0]))
        with torch.no_grad():
            alpha[place] = before
        bend = (losses[0] - 2 * losses[1] + losses[2]) / step**2
        assert float(found[place]) == pytest.approx(bend / 2, rel=1e-3, abs=1e-8)


def test_graphs_have_no_damage_and_of_lists_only_those_of_dot_products():
    for task, model in (("topk", "lightgcn"), ("topk", "neumf")):
        assert not measurable(*_both(task, model))
    for task, model in (("topk", "mf"), ("ctr", "deepfm")):
        assert measurable(*_both(task, model))


def _both(task, model):
    recommender, ground = recommender_of(task, model=model)
    return recommender, ground.task


def test_numbers_are_named_by_field():
    recommender, ground = recommender_of()
    spans = recommender.tables.spans
    found = by_field(spans, torch.arange(len(spans) * 3).view(-1, 3))
    assert [row for rows in found.values() for row in rows] == np.arange(len(spans) * 3).reshape(-1, 3).tolist()
    assert list(found) == [field.name for field in ground.fields]
