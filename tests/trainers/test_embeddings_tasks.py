import math

import numpy as np
import pytest
import torch
from embeddings_worlds import FEEDBACK, feedback, trainer, uniform
from sklearn.metrics import roc_auc_score
from torchmetrics.functional.retrieval import retrieval_hit_rate, retrieval_normalized_dcg, retrieval_recall

from automl.core.errors import Incompatible
from automl.trainers.embeddings import EmbeddingsTrainer
from automl.trainers.embeddings.descent import Loss
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.placed import Part, known, pairs
from automl.trainers.embeddings.tasks.ctr import grouped_auc
from automl.trainers.embeddings.tasks.pairs import Pairs
from automl.trainers.embeddings.tasks.topk import TopK, list_measures


def made(task, **settings):
    """Return ground and a fresh recommender whose vectors are not tiny."""
    found = trainer(task, **settings)
    torch.manual_seed(0)
    ground = prepare(found.dataset, found.recipe)
    recommender = start(uniform(found), ground, found.recipe, None)
    with torch.no_grad():
        recommender.tables.weight.mul_(20.0)
        recommender.first.normal_()
    return found, ground, recommender


def test_auc_is_that_of_scikit_learn_with_ties():
    random = np.random.default_rng(1)
    scores, labels = random.integers(0, 9, 300) / 3, random.integers(0, 2, 300)
    found = grouped_auc(torch.tensor(scores), torch.tensor(labels).double(), torch.zeros(300, dtype=torch.long))
    assert found == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_gauc_is_the_mean_over_users_who_have_both_classes():
    random = np.random.default_rng(2)
    scores, labels, users = random.integers(0, 5, 200), random.integers(0, 2, 200), random.integers(0, 25, 200)
    labels[users == 3] = 1
    areas, sizes = [], []
    for user in np.unique(users):
        mine = users == user
        if 0 < labels[mine].sum() < mine.sum():
            areas.append(roc_auc_score(labels[mine], scores[mine]))
            sizes.append(mine.sum())
    found = grouped_auc(torch.tensor(scores).double(), torch.tensor(labels).double(), torch.tensor(users))
    assert found == pytest.approx(np.average(areas, weights=sizes), abs=1e-12)


def test_gauc_without_a_user_of_both_classes_is_a_half():
    same = torch.ones(4, dtype=torch.float64)
    assert grouped_auc(torch.arange(4.0).double(), same, torch.zeros(4, dtype=torch.long)) == 0.5


def test_ratings_are_measured_as_they_are_defined():
    _, ground, recommender = made("rating")
    errors = (recommender(ground.stop.ids) - ground.stop.labels).detach().double()
    measures = ground.task.measure(recommender, ground.stop)
    assert measures["mse"] == pytest.approx(float(errors.square().mean()))
    assert measures["rmse"] == pytest.approx(measures["mse"] ** 0.5)
    assert measures["mae"] == pytest.approx(float(errors.abs().mean()))


def test_training_starts_at_the_mean_rating_and_at_the_rate_of_clicks():
    _, ground, _ = made("rating")
    assert ground.task.bias(ground.both.labels) == pytest.approx(float(ground.both.labels.mean()), abs=1e-5)
    _, ground, _ = made("ctr")
    rate = float(ground.both.labels.mean())
    assert 1 / (1 + math.exp(-ground.task.bias(ground.both.labels))) == pytest.approx(rate)


@pytest.mark.parametrize("task", ["rating", "ctr", "topk"])
def test_only_rows_of_the_batch_are_shrunk(task):
    _, ground, recommender = made(task)
    ids, labels = ground.train.ids[:5], ground.train.labels[:5]
    with_l2, without = (
        torch.autograd.grad(Loss(recommender, ground.task, l2)(ids, labels), recommender.tables.weight)[0]
        for l2 in (0.5, 0.0)
    )
    read = torch.zeros(len(with_l2), dtype=torch.bool)
    read[(ids + recommender.tables.offsets).flatten()] = True
    counts = torch.bincount((ids + recommender.tables.offsets).flatten(), minlength=len(read))
    expected = 2 * 0.5 / len(ids) * counts[:, None] * recommender.tables.weight.detach()
    assert torch.allclose(with_l2 - without, expected, atol=1e-5)
    assert not (with_l2 - without)[~read].any()


def test_full_ranking_is_that_of_torchmetrics():
    found, ground, recommender = made("topk", k=5)
    data = found.dataset
    seen, wanted = (set(map(tuple, pairs(data, *parts).tolist())) for parts in (("train", "search"), ("stop",)))
    scores = recommender.rank(torch.arange(ground.fields[0].rows)).detach()
    expected = []
    for user in sorted({user for user, _ in wanted}):
        items = [i for i in range(1, ground.fields[1].rows - 1) if (user, i) not in seen]
        hits = torch.tensor([(user, item) in wanted for item in items])
        arguments = (scores[user, items], hits, 5)
        metrics = (retrieval_normalized_dcg, retrieval_recall, retrieval_hit_rate)
        expected.append([float(metric(*arguments)) for metric in metrics])
    measures = ground.task.measure(recommender, ground.stop)
    assert [measures[name] for name in ("ndcg", "recall", "hit")] == pytest.approx(
        np.mean(expected, 0).tolist(), abs=1e-6
    )


def test_an_unknown_item_counts_as_missed_and_an_unknown_user_is_left_out():
    _, ground, recommender = made("topk")
    task, (users, items) = ground.task, (ground.fields[0].rows, ground.fields[1].rows)
    best = int(recommender.rank(torch.tensor([1]))[0, 1:-1].argmax()) + 1
    empty = TopK(torch.zeros(0, 2, dtype=torch.long), place=(0, 1), rows=(users, items), k=1, negatives=8)

    def measure(*rows):
        return empty.measure(recommender, Part("stop", torch.tensor(rows), torch.ones(len(rows))))

    assert measure((1, best))["recall"] == 1.0
    assert measure((1, best), (1, items - 1))["recall"] == 0.5
    assert measure((1, best), (users - 1, 2)) == measure((1, best))
    assert measure((users - 1, 2))["hit"] == 0.0
    assert task.k == 20


def test_gain_of_a_perfect_list_is_one():
    hits = torch.tensor([[True, True, False], [True, True, True]])
    assert list_measures(hits, torch.tensor([2, 7]))[:, 0].tolist() == [1.0, 1.0]


def test_pairs_of_users_come_back():
    listed = torch.tensor([[2, 5], [0, 1], [2, 3], [2, 5]])
    found = Pairs.of(listed, 4)
    rows, columns = found.places(torch.tensor([2, 3, 0]))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 3), (0, 5), (2, 1)]
    assert found.counts(torch.arange(4)).tolist() == [1, 0, 2, 0]


def test_sampled_softmax_agrees_with_the_full_one(monkeypatch):
    _, ground, recommender = made("topk", negatives=20_000)
    ids, labels = ground.train.ids[:64], ground.train.labels[:64]
    full, size = ground.task.loss(recommender, ids, labels)
    monkeypatch.setattr("automl.trainers.embeddings.tasks.topk.FULL_SOFTMAX", 1)
    sampled, same = ground.task.loss(recommender, ids, labels)
    assert sampled.item() == pytest.approx(full.item(), rel=0.02)
    assert same.item() == pytest.approx(size.item(), rel=1e-5)


def test_rows_of_a_user_share_their_scores_and_their_negatives(monkeypatch):
    """One batch with all rows of a user has the loss of all items, and so have its rows one by one."""
    _, ground, recommender = made("topk", negatives=20_000)
    order = ground.train.ids[:, 0].argsort(stable=True)[:40]
    ids, labels = ground.train.ids[order], ground.train.labels[order]
    together = ground.task.loss(recommender, ids, labels)[0]
    alone = torch.stack([ground.task.loss(recommender, ids[n : n + 1], labels[:1])[0] for n in range(len(ids))])
    assert together.item() == pytest.approx(alone.mean().item(), rel=1e-5)
    monkeypatch.setattr("automl.trainers.embeddings.tasks.topk.FULL_SOFTMAX", 1)
    assert ground.task.loss(recommender, ids, labels)[0].item() == pytest.approx(together.item(), rel=0.02)
    ground.task.negatives = 1
    slopes = torch.autograd.grad(ground.task.loss(recommender, ids, labels)[0], recommender.tables.weight)[0]
    assert torch.isfinite(slopes).all(), "also where all that is drawn is the user's own"


def test_an_epoch_visits_users_one_after_the_other():
    _, ground, _ = made("topk")
    users = ground.train.shuffled().ids[:, 0]
    assert len(torch.unique_consecutive(users)) == len(torch.unique(users))
    assert not torch.equal(users, ground.train.shuffled().ids[:, 0])


def test_rows_of_unknown_users_and_items_are_not_trained_on():
    data = trainer("topk").dataset
    last = data.columns[1].rows - 1
    assert (data.ids[:, 1] == last).sum() + (known(data).ids[:, 1] < last).sum() == len(data.ids)


@pytest.mark.parametrize("model", ["mf", "neumf", "lightgcn"])
@pytest.mark.parametrize("sampled", [False, True])
def test_models_learn_to_rank(model, sampled, monkeypatch):
    if sampled:
        monkeypatch.setattr("automl.trainers.embeddings.tasks.topk.FULL_SOFTMAX", 1)
    found = trainer("topk", model=model, epochs=15, patience=15, decay=1.0, batch_size=64, lr=0.05, k=6, repeats=1)
    outcome = found.train(uniform(found), effort=1, weights=None, seed=0, report=lambda step, metrics: None)
    assert outcome.metrics["val_recall"] > 0.5  # of 21 unseen items, 6 are recommended: by chance 0.29


def test_a_model_that_cannot_rank_is_refused():
    with pytest.raises(Incompatible, match="Take one of: mf, neumf, lightgcn"):
        EmbeddingsTrainer(feedback(), schema=FEEDBACK, task="topk", model="deepfm")
