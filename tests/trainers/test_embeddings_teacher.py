import numpy as np
import pytest
import torch
from embeddings_worlds import relaxed, silent, trainer, uniform

from automl.search_spaces.embeddings import layout
from automl.trainers.embeddings.descent import Lesson, Loss
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.tasks import topk
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


def test_a_share_of_the_loss_is_the_cross_entropy_with_the_teacher_s_chances():
    ground, student, teacher = pair_of_lists()
    ids = ground.both.ids[:50]
    told, length = ground.task.told(student, ids, teacher, 0.3)
    rows = torch.arange(len(ids))
    logs = student.rank(ids[:, 0])[:, 1:-1].log_softmax(1)
    chances = teacher.rank(ids[:, 0])[:, 1:-1].softmax(1)
    expected = -0.7 * logs[rows, ids[:, 1] - 1] - 0.3 * (chances * logs).sum(1)
    assert float(told.detach()) == pytest.approx(float(expected.detach().mean()), abs=1e-10)
    plain, same = ground.task.loss(student, ids, ground.both.labels[:50])
    assert float(length.detach()) == float(same.detach())
    assert float(ground.task.told(student, ids, teacher, 0.0)[0].detach()) == pytest.approx(float(plain.detach()))


@pytest.mark.parametrize("most", [topk.FULL_SOFTMAX, 1])
def test_nothing_bends_a_model_away_from_itself_as_its_teacher(monkeypatch, most):
    monkeypatch.setattr(topk, "FULL_SOFTMAX", most)  # 1: over a sample
    ground, student, _ = pair_of_lists(negatives=20)
    ids = ground.both.ids[:40]
    torch.manual_seed(0)
    told = ground.task.told(student, ids, student, 1.0)[0]
    slopes = torch.autograd.grad(told, [student.tables.weight, student.first])
    assert torch.isfinite(told)
    assert max(float(slope.abs().max()) for slope in slopes) < 1e-10


def test_the_penalty_goes_with_the_share_of_the_rows_and_the_teacher_is_not_trained():
    ground, student, teacher = pair_of_lists()
    rows = ground.both.ids[:50], ground.both.labels[:50]
    loss = Loss(student, ground.task, 0.2, Lesson(teacher, 0.75))
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
        assert lesson.share == found.recipe.distil == 0.5
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
