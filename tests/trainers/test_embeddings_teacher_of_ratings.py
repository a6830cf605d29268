"""Plans of ratings learn from a warm start what it says of pairs that nobody rated."""

import numpy as np
import pytest
import torch
from embeddings_worlds import relaxed, silent, trainer, uniform

from automl.search_spaces.embeddings import layout
from automl.trainers.embeddings.fit import start
from automl.trainers.embeddings.ground import prepare
from automl.trainers.embeddings.tasks.rating import Rating
from automl.trainers.embeddings.tasks.task import Lesson
from automl.trainers.embeddings.teacher import lesson_of


def pair():
    """Return what is trained on, and two recommenders that differ, in float64."""
    found = trainer("rating")
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


def test_a_share_of_the_loss_is_the_error_to_the_teacher_where_users_are_dealt_anew():
    ground, student, teacher = pair()
    ids, labels = ground.both.ids[:60], ground.both.labels[:60].double()
    torch.manual_seed(5)
    told, length = ground.task.told(student, ids, labels, Lesson(teacher, 0.3, 1.0))
    torch.manual_seed(5)
    dealt = torch.stack([ids[torch.randperm(60), 0], ids[:, 1]], 1)
    plain, same = ground.task.loss(student, ids, labels)
    expected = 0.7 * plain + 0.3 * (student(dealt) - teacher(dealt)).square().mean()
    assert float(told.detach()) == pytest.approx(float(expected.detach()), abs=1e-10)
    assert float(length.detach()) == pytest.approx(float(same.detach()), abs=1e-10)


def test_nothing_bends_a_model_away_from_itself_as_its_teacher():
    ground, student, _ = pair()
    ids, labels = ground.both.ids[:40], ground.both.labels[:40].double()
    told = ground.task.told(student, ids, labels, Lesson(student, 1.0, 1.0))[0]
    slopes = torch.autograd.grad(told, [student.tables.weight, student.first])
    assert max(float(slope.abs().max()) for slope in slopes) == 0.0


def test_without_users_the_teacher_is_asked_about_the_rows_themselves():
    _, student, teacher = pair()
    ids = prepare(trainer("rating").dataset, trainer("rating").recipe).both.ids[:30]
    told = Rating().told(student, ids, torch.zeros(30).double(), Lesson(teacher, 1.0, 1.0))[0]
    assert float(told.detach()) == pytest.approx(float((student(ids) - teacher(ids)).square().mean().detach()))


def test_a_settled_warm_start_hands_a_teacher_to_the_plans_that_are_cut_from_it():
    found = trainer("rating")
    where, stages = relaxed(found)
    plan, outcome = stages["soft"]
    child = where.discretise(plan, outcome.extras, 1 / 4, "search")
    inherited = where.inherit(child, plan, outcome.weights)
    lesson = lesson_of(child, prepare(found.dataset, found.recipe), found.recipe, inherited)
    assert lesson.share == 0.5
    tables = [outcome.weights[f"{layout.TEACHER}table/user/{block}"] for block in range(len(plan.starts[0]))]
    assert np.array_equal(lesson.teacher.tables.weight[: len(np.concatenate(tables))], np.concatenate(tables))
    ended = found.train(child, effort=1, weights=inherited, seed=4, report=silent)
    assert not any(name.startswith(layout.TEACHER) for name in ended.weights)
    assert ended.metrics["val_mse"] < float(np.var(found.dataset.labels))
