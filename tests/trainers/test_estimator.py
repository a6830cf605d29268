"""The user's own pipeline: on every form of data it is scored fold by fold, finished, tested once and handed over."""

import numpy as np
import own_pipelines as own
import pandas
import polars
import pytest
from sklearn.datasets import load_diabetes, load_iris

from automl.core.errors import InvalidData, UnknownName, UsageError, WeightsError
from automl.search_spaces.model import Model
from automl.trainers.estimator import EstimatorTrainer
from automl.trainers.estimator.stored import pack, unpack

MIXED = Model(own.mixed, (("C", 1.0),))
FOREST = Model(own.forest, (("trees", 3),))
RIDGE = Model(own.ridge, (("alpha", 0.1),))


def quiet(step, metrics):
    pass


def train(trainer, candidate, *, effort=1.0, weights=None, seed=0, report=quiet):
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=report)


def numbered(count=200):
    """Rows that know their number."""
    return np.arange(count, dtype=float)[:, None], np.arange(count) % 2


@pytest.fixture
def lottery():
    own.Lottery.rows.clear()
    return Model(own.lottery, (("x", 1),))


@pytest.fixture(params=["pandas", "polars", "csv", "parquet", "pair"])
def mixed_data(request, tmp_path):
    columns, y = own.table()
    if request.param == "pair":
        return (pandas.DataFrame(columns), y), None
    frame = (pandas if request.param == "pandas" else polars).DataFrame({**columns, "sold": y})
    if request.param in ("pandas", "polars"):
        return frame, "sold"
    path = tmp_path / f"shop.{request.param}"
    getattr(frame, f"write_{request.param}")(path)
    return str(path), "sold"


def test_tables_of_every_form_are_learned_from(mixed_data):
    data, target = mixed_data
    trainer = EstimatorTrainer(data, target=target)
    outcome = train(trainer, MIXED)
    assert outcome.metrics["val_score"] > 0.9
    assert trainer.facts()["column_names"] == ["size", "colour"]
    finished = trainer.finish(MIXED, weights=None, seed=0, report=quiet)
    assert trainer.test(MIXED, finished.weights)["test_score"] > 0.8
    assert trainer.fingerprint() == EstimatorTrainer(data, target=target).fingerprint()
    assert hasattr(trainer.kept.x, "iloc") or isinstance(data, polars.DataFrame)  # selectors of columns need pandas


def test_a_table_without_a_known_target_is_asked_for_it(tmp_path):
    frame = pandas.DataFrame(own.table()[0])
    with pytest.raises(InvalidData, match="size, colour"):
        EstimatorTrainer(frame)
    with pytest.raises(UnknownName, match="Did you mean 'colour'"):
        EstimatorTrainer(frame, target="color")
    for bad in (tmp_path / "none.csv", tmp_path / "notes.txt", 7):
        with pytest.raises(InvalidData):
            EstimatorTrainer(bad, target="colour")
    with pytest.raises(InvalidData, match="3 rows and y has 2"):
        EstimatorTrainer(([[1], [2], [3]], [0, 1]))
    with pytest.raises(InvalidData, match="too few for 5 folds"):
        EstimatorTrainer(numbered(8))


def test_folds_are_reported_one_by_one_as_means_so_far():
    heard = []
    outcome = train(EstimatorTrainer(load_iris(return_X_y=True), folds=3), FOREST, report=lambda *r: heard.append(r))
    assert [fold for fold, _ in heard] == [1, 2, 3]
    assert heard[-1][1] == outcome.metrics
    assert outcome.cost == 2 * 120


def test_the_test_rows_are_never_fitted(lottery):
    x, y = numbered()
    trainer = EstimatorTrainer((x, y))
    train(trainer, lottery, effort=2.0)
    trainer.finish(lottery, weights=None, seed=0, report=quiet)
    fitted = {row for rows in own.Lottery.rows for row in rows}
    held = set(trainer.held.x[:, 0])
    assert len(held) == 40
    assert fitted == set(x[:, 0]) - held


def test_less_effort_is_a_share_of_the_rows_and_a_larger_share_holds_a_smaller(lottery):
    trainer, seen = EstimatorTrainer(numbered()), []
    for effort in (0.25, 0.5, 1.0):
        own.Lottery.rows.clear()
        train(trainer, lottery, effort=effort)
        seen.append({row for rows in own.Lottery.rows for row in rows})
    assert [len(rows) for rows in seen] == [40, 80, 160]
    assert seen[0] < seen[1] < seen[2]


def test_an_evaluation_that_goes_on_measures_with_both_efforts_together():
    trainer = EstimatorTrainer(load_iris(return_X_y=True))
    third = train(trainer, FOREST, effort=1 / 3)
    on = train(trainer, FOREST, effort=2 / 3, weights=third.weights)
    assert on.cost == train(trainer, FOREST).cost
    assert on.metrics["val_score"] == train(trainer, FOREST).metrics["val_score"]


def test_the_seed_decides_what_estimators_draw(lottery):
    trainer = EstimatorTrainer(numbered(), folds=2)
    scores = {seed: train(trainer, lottery, seed=seed).metrics["val_score"] for seed in range(6)}
    assert len({round(score, 6) for score in scores.values()}) > 0
    for seed, score in scores.items():
        np.random.seed(seed + 100)
        assert train(trainer, lottery, seed=seed).metrics["val_score"] == score
    iris = EstimatorTrainer(load_iris(return_X_y=True))
    assert train(iris, FOREST, seed=1).metrics["val_score"] == train(iris, FOREST, seed=1).metrics["val_score"]


def test_scorers_by_name_come_first_and_are_tested_as_well():
    trainer = EstimatorTrainer(load_diabetes(return_X_y=True), scoring=("neg_mean_absolute_error",), folds=2)
    assert list(trainer.default_objectives()) == ["max:val_neg_mean_absolute_error"]
    finished = trainer.finish(RIDGE, weights=None, seed=0, report=quiet)
    assert -60 < finished.metrics["val_neg_mean_absolute_error"] < -30
    assert set(trainer.test(RIDGE, finished.weights)) == {"test_neg_mean_absolute_error", "test_score"}
    with pytest.raises(UnknownName, match="Did you mean 'accuracy'"):
        EstimatorTrainer(scoring=("acuracy",))


def test_without_test_rows_there_is_no_test():
    trainer = EstimatorTrainer(load_iris(return_X_y=True), test_share=0.0)
    finished = trainer.finish(FOREST, weights=None, seed=0, report=quiet)
    assert len(trainer.kept) == 150
    assert trainer.test(FOREST, finished.weights) == {}


@pytest.mark.parametrize(
    ("program", "answers"),
    [(own.forest, {"trees": 3}), (own.boosted, {"rounds": 3}), (own.own_step, {"most": 2.0})],
)
def test_a_fitted_estimator_is_handed_over_as_it_was(program, answers):
    candidate = Model(program, tuple(answers.items()))
    trainer = EstimatorTrainer(load_iris(return_X_y=True), folds=2)
    finished = trainer.finish(candidate, weights=None, seed=0, report=quiet)
    model = EstimatorTrainer.load(candidate, finished.weights, trainer.facts())
    again = EstimatorTrainer.load(candidate, finished.weights, trainer.facts())
    np.testing.assert_array_equal(model.predict(trainer.kept.x), again.predict(trainer.kept.x))
    assert model.score(trainer.kept.x, trainer.kept.y) > 0.6
    assert {array.dtype for array in finished.weights.values()} == {np.dtype(np.uint8)}


def test_types_that_the_program_does_not_build_are_not_built():
    x, y = load_iris(return_X_y=True)
    stranger, other = Model(own.own_step, (("most", 2.0),)), Model(own.other_step, (("C", 1.0),))
    fitted = stranger.make().fit(x, y)
    with pytest.raises(WeightsError, match=r"own_pipelines\.Clip"):
        unpack(other, pack(stranger, fitted))
    with pytest.raises(WeightsError, match=r"own_pipelines\.Clip"):
        pack(other, fitted)  # said when it is stored, not when it is wanted


def test_what_was_only_scored_is_no_model_yet():
    trainer = EstimatorTrainer(load_iris(return_X_y=True), folds=2)
    with pytest.raises(WeightsError, match="not fitted on all rows yet"):
        EstimatorTrainer.load(FOREST, train(trainer, FOREST).weights, trainer.facts())


def test_a_program_that_builds_something_else_is_told_what_to_return():
    with pytest.raises(UsageError, match="Return an estimator or a pipeline"):
        train(EstimatorTrainer(numbered()), Model(own.nothing, (("x", 1),)))
