import numpy as np
import pytest
import torch
from embeddings_worlds import relaxed, silent, trainer, uniform

from automl.core.errors import UsageError
from automl.search_spaces.embeddings import layout
from automl.trainers.embeddings.descent import Loss
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.tasks import topk
from automl.trainers.embeddings.tasks.task import Lesson
from automl.trainers.embeddings.teacher import lesson_of


def pair_of_lists(**settings):
    """Return what is trained on, and two recommenders that differ, in float64."""
    found = trainer("topk", **settings)
    ground = prepare(found.dataset, found.recipe)
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        one = start(uniform(found), ground, found.recipe, None).double()
        with torch.no_grad():
            one.tables.weight.mul_(20.0)
            one.first.normal_()
        made.append(one)
    return ground, *made


def test_a_share_of_the_loss_is_the_cross_entropy_with_a_sharpened_teacher_over_what_users_have_not_met():
    ground, student, teacher = pair_of_lists()
    ids = ground.both.ids[:50]
    told, length = ground.task.told(student, ids, Lesson(teacher, 0.3, 2.5))
    rows = student.rank(ids[:, 0])[:, 1:-1].log_softmax(1)[torch.arange(len(ids)), ids[:, 1] - 1]
    of_users = []
    for user in ids[:, 0].unique():
        new = torch.ones(ground.task.items, dtype=torch.bool)
        new[[0, -1]] = False
        new[ground.both.ids[ground.both.ids[:, 0] == user, 1]] = False
        scores, wanted = (each.rank(user.view(1))[0, new] for each in (student, teacher))
        of_users.append(((2.5 * wanted).softmax(0) * scores.log_softmax(0)).sum())
    expected = -0.7 * rows.mean() - 0.3 * torch.stack(of_users).mean()
    assert float(told.detach()) == pytest.approx(float(expected.detach()), abs=1e-10)
    plain, same = ground.task.loss(student, ids, ground.both.labels[:50])
    assert float(length.detach()) == float(same.detach())
    untold = ground.task.told(student, ids, Lesson(teacher, 0.0, 2.5))[0]
    assert float(untold.detach()) == pytest.approx(float(plain.detach()))


def test_what_a_teacher_would_choose_is_kept_for_all_users_where_it_takes_little_memory(monkeypatch):
    ground, student, teacher = pair_of_lists()
    ids = ground.both.ids[:50]
    kept = ground.task.lesson(teacher, share=0.3, sharpen=2.5)
    assert kept.chances.shape == (ground.task.users, ground.task.items - 2)
    assert not kept.chances.requires_grad
    assert torch.allclose(kept.chances.sum(1), torch.ones(()).double())
    asked, remembered = (ground.task.told(student, ids, each)[0] for each in (Lesson(teacher, 0.3, 2.5), kept))
    assert float(remembered.detach()) == pytest.approx(float(asked.detach()), abs=1e-12)
    for limit in ("REMEMBERED", "FULL_SOFTMAX"):
        with monkeypatch.context() as small:
            small.setattr(topk, limit, 1)
            assert ground.task.lesson(teacher, share=0.3, sharpen=2.5).chances is None


SAMPLED = pytest.mark.parametrize("most", [topk.FULL_SOFTMAX, 1])
"""Over all items, and over a sample."""


@SAMPLED
def test_nothing_bends_a_model_away_from_itself_as_its_teacher(monkeypatch, most):
    monkeypatch.setattr(topk, "FULL_SOFTMAX", most)
    ground, student, _ = pair_of_lists(negatives=20)
    ids = ground.both.ids[:40]
    torch.manual_seed(0)
    told = ground.task.told(student, ids, Lesson(student, 1.0, 1.0))[0]
    slopes = torch.autograd.grad(told, [student.tables.weight, student.first])
    assert torch.isfinite(told)
    assert max(float(slope.abs().max()) for slope in slopes) < 1e-10


@SAMPLED
def test_a_teacher_says_nothing_of_what_a_user_has_met(monkeypatch, most):
    monkeypatch.setattr(topk, "FULL_SOFTMAX", most)
    ground, student, teacher = pair_of_lists(negatives=300)  # every item is drawn
    ids = ground.both.ids[ground.both.ids[:, 0] == ground.both.ids[0, 0]]
    first = [ground.task.item * ground.task.users + int(item) for item in (ids[0, 1], _never_met(ground, ids))]

    def told():
        torch.manual_seed(0)
        return float(ground.task.told(student, ids, Lesson(teacher, 1.0, 2.0))[0].detach())

    before, changed = told(), []
    for row in first:
        with torch.no_grad():
            teacher.first[row] += 3.0
        changed.append(abs(told() - before))
    assert changed[0] == 0.0
    assert changed[1] > 0.01


def _never_met(ground, ids):
    return next(item for item in range(1, ground.task.items - 1) if item not in ids[:, 1].tolist())


def test_a_user_who_has_met_all_items_learns_from_his_rows_alone():
    ground, student, teacher = pair_of_lists()
    user, items = int(ground.both.ids[0, 0]), ground.task.items
    every = torch.stack([torch.full((items - 2,), user), torch.arange(1, items - 1)], 1)
    task = topk.TopK(every, place=(0, 1), rows=(ground.task.users, items), k=5, negatives=8)
    told = task.told(student, every, Lesson(teacher, 0.5, 2.5))[0]
    slopes, plain = (
        torch.autograd.grad(loss, student.tables.weight)[0] for loss in (told, task.loss(student, every, every)[0])
    )
    assert torch.isfinite(told)
    assert torch.allclose(slopes, 0.5 * plain)


def test_the_penalty_goes_with_the_share_of_the_rows_and_the_teacher_is_not_trained():
    ground, student, teacher = pair_of_lists()
    rows = ground.both.ids[:50], ground.both.labels[:50]
    loss = Loss(student, ground.task, 0.2, Lesson(teacher, 0.75, 2.5))
    length = ground.task.loss(student, *rows)[1]
    gap = loss(*rows) - loss(*rows, penalised=False)
    assert float(gap.detach()) == pytest.approx(0.2 * 0.25 * float(length.detach()))
    assert {name.split(".")[0] for name, _ in loss.named_parameters()} == {"recommender"}
    assert len(list(loss.parameters())) == len(list(student.parameters()))


def test_a_settled_warm_start_of_lists_hands_a_teacher_to_the_plans_that_are_cut_from_it():
    found = trainer("topk")
    where, stages = relaxed(found)
    for stage, rule in (("wide", "truncate"), ("soft", "search")):
        plan, outcome = stages[stage]
        child = where.discretise(plan, outcome.extras, 1 / 4, rule)
        inherited = where.inherit(child, plan, outcome.weights)
        ground = prepare(found.dataset, found.recipe)
        lesson = lesson_of(child, ground, found.recipe, inherited)
        assert (lesson.share, lesson.sharpen) == (found.recipe.distil, found.recipe.sharpen) == (0.5, 2.5)
        assert lesson.teacher.tables.mask is None
        tables = [outcome.weights[f"{layout.TEACHER}table/user/{block}"] for block in range(len(plan.starts[0]))]
        assert np.array_equal(lesson.teacher.tables.weight[: len(np.concatenate(tables))], np.concatenate(tables))
        ended = found.train(child, effort=1, weights=inherited, seed=4, report=silent)
        assert not any(name.startswith(layout.TEACHER) for name in ended.weights)
    teachers = [
        {name: array for name, array in outcome.weights.items() if name.startswith(layout.TEACHER)}
        for _, outcome in stages.values()
    ]
    assert all(np.array_equal(array, teachers[1][name]) for name, array in teachers[0].items())
    assert stages["wide"][1].cost > len(found.dataset.part("train")) * 3  # that of the teacher is counted


@pytest.mark.parametrize(("task", "distil"), [("rating", 0.5), ("topk", 0.0)])
def test_other_tasks_and_a_share_of_nothing_have_no_teacher(task, distil):
    found = trainer(task, distil=distil)
    _, stages = relaxed(found, stages=("wide",))
    assert not any(name.startswith(layout.TEACHER) for name in stages["wide"][1].weights)
    assert lesson_of(uniform(found), prepare(found.dataset, found.recipe), found.recipe, None) is None


def test_inherited_weights_have_a_penalty_of_their_own():
    assert trainer("topk", l2=0.3).recipe.inherit_l2 == 0.3
    losses = {}
    for penalty in (0.0, 50.0):
        found = trainer("topk", epochs=1, repeats=1, l2=0.0, inherit_l2=penalty)
        plan, seen = uniform(found), losses.setdefault(penalty, [])
        fresh = found.train(plan, effort=1, weights=None, seed=1, report=lambda _, each, to=seen: to.append(each))
        found.train(plan, effort=1, weights=fresh.weights, seed=1, report=lambda _, each, to=seen: to.append(each))
    fresh, inherited = ([losses[penalty][place]["train_loss"] for penalty in (0.0, 50.0)] for place in (0, 1))
    assert fresh[0] == fresh[1]
    assert inherited[1] > inherited[0] + 0.01


def test_what_a_teacher_says_is_sharpened_by_a_positive_number():
    with pytest.raises(UsageError, match="'sharpen' must be positive, got 0"):
        trainer("topk", sharpen=0.0)
