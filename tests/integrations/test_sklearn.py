"""Searches as estimators: where scikit-learn's checks do not look."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import automl
from automl.core.errors import AutomlError, LedgerError, UsageError
from automl.integrations.sklearn import AutoMLClassifier, AutoMLRegressor
from automl.integrations.sklearn.pictures import as_pictures

SHORT = {"trials": 1, "settings": {"epochs": 1, "final_epochs": 12}, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return train_test_split(x, y, random_state=0, stratify=y)


@pytest.fixture(scope="module")
def fitted(digits):
    x, _, y, _ = digits
    return AutoMLClassifier(**SHORT, image_shape=(8, 8)).fit(x, np.array([f"digit {n}" for n in y]))


def test_it_reads_digits(fitted, digits):
    _, x, _, y = digits
    assert fitted.score(x, [f"digit {n}" for n in y]) > 0.95
    assert fitted.classes_.tolist() == [f"digit {n}" for n in range(10)]
    assert fitted.predict_proba(x).sum(axis=1) == pytest.approx(1.0)


def test_what_was_found_is_kept(fitted, digits):
    import torch

    _, x, _, _ = digits
    assert fitted.summary_["trials"] == 1
    assert len(fitted.best_candidate_.blocks) == 2
    with torch.no_grad():
        logits = fitted.model_(torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8))
    assert (fitted.classes_[logits.argmax(1)] == fitted.predict(x)).all()


def test_all_rows_are_trained_on_or_select(fitted):
    """No rows are kept for a test, whose results nobody would see."""
    assert not any(name.startswith("test_") for final in fitted.summary_["final"] for name in final["metrics"])
    assert len(fitted.summary_["final"]) == 1, "from kept weights only"


def test_nothing_is_left_behind(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    AutoMLRegressor(**SHORT).fit(np.arange(40.0).reshape(20, 2), np.arange(20.0))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("way", ["pickle", "joblib", "folder"])
def test_it_is_the_same_after_being_kept(fitted, digits, tmp_path, way):
    _, x, _, _ = digits
    if way == "pickle":
        body = pickle.dumps(fitted)
        assert len(body) < 200_000
        again = pickle.loads(body)
    elif way == "joblib":
        joblib.dump(fitted, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
    else:
        again = AutoMLClassifier.load(fitted.save(tmp_path / "model"))
    assert (again.predict_proba(x) == fitted.predict_proba(x)).all()
    assert again.get_params() == {**fitted.get_params(), "image_shape": again.image_shape}
    assert again.best_candidate_ == fitted.best_candidate_
    assert again.classes_.dtype == fitted.classes_.dtype
    assert again.summary_ == fitted.summary_


def test_a_saved_estimator_is_an_export(fitted, digits, tmp_path):
    import torch

    model = automl.load(fitted.save(tmp_path / "model"))
    images = torch.rand(3, 1, 8, 8)
    torch.testing.assert_close(model(images), fitted.model_(images))
    with pytest.raises(UsageError, match="exists"):
        fitted.save(tmp_path / "model")
    with pytest.raises(UsageError, match="AutoMLClassifier"):
        AutoMLRegressor.load(tmp_path / "model")
    with pytest.raises(UsageError, match="no saved estimator"):
        AutoMLRegressor.load(tmp_path)
    with pytest.raises(NotFittedError):
        AutoMLClassifier().save(tmp_path / "other")


def test_other_rows_than_those_of_fit_are_refused(fitted):
    with pytest.raises(ValueError, match="features"):
        fitted.predict(np.zeros((2, 63)))
    with pytest.raises(ValueError, match="rows of shape"):
        fitted.predict(np.zeros((2, 64, 1)))
    with pytest.raises(ValueError, match="image_shape"):
        AutoMLClassifier(image_shape=(7, 8)).fit(np.zeros((4, 64)), [0, 1, 0, 1])


def test_images_have_their_channels_last():
    images = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert as_pictures(images, None).shape == (2, 5, 3, 4)
    assert (as_pictures(images.reshape(2, 60), (3, 4, 5)) == as_pictures(images, None)).all()
    assert as_pictures(images[..., 0], None).shape == (2, 1, 3, 4)
    assert as_pictures(images.reshape(2, 60), None).shape == (2, 60, 1, 1)
    with pytest.raises(ValueError, match="2 to 4 axes"):
        as_pictures(images[None], None)


def test_colour_images_and_several_numbers():
    rng = np.random.default_rng(0)
    x = rng.random((150, 4, 5, 3)) * np.linspace(0.2, 1, 150)[:, None, None, None]
    y = np.stack([x[..., 0].mean((1, 2)), 50 - 40 * x[..., 2].mean((1, 2))], axis=1)
    model = AutoMLRegressor(**{**SHORT, "settings": {"epochs": 2, "final_epochs": 40}}).fit(x, y)
    assert model.predict(x).shape == y.shape
    assert model.score(x, y) > 0.8
    assert model.summary_["objectives"] == ["min:val_rmse"]


@pytest.mark.slow
def test_a_pipeline_across_processes():
    x, y = make_regression(200, 4, random_state=0)
    scores = cross_val_score(make_pipeline(StandardScaler(), AutoMLRegressor(**SHORT)), x, y, cv=2, n_jobs=2)
    assert scores.min() > 0.5


def test_a_grid_over_controllers(digits):
    x, _, y, _ = digits
    grid = GridSearchCV(AutoMLClassifier(**SHORT), {"controller": ["random", "evolution"]}, cv=2, error_score="raise")
    grid.fit(x[:200], y[:200])
    assert grid.best_params_["controller"] in ("random", "evolution")
    assert {grid.best_estimator_.summary_["controller"]} == {grid.best_params_["controller"]}


def test_a_directory_is_kept_and_gone_on_from(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 3)), np.arange(60) % 2
    first = AutoMLClassifier(**SHORT, directory=tmp_path / "run").fit(x, y)
    assert {"study.db", "config.toml", "report.html"} <= {path.name for path in (tmp_path / "run").iterdir()}
    more = clone(first).set_params(trials=2).fit(x, y)
    assert more.summary_["trials"] == 2
    assert more.summary_["evaluations"] == 2
    with pytest.raises(LedgerError, match="data"):
        clone(first).fit(x + 1, y)
    with pytest.raises(UsageError, match="hill_climb"):
        clone(first).set_params(controller="random").fit(x, y)
    assert AutoMLClassifier.load(first.save(tmp_path / "saved")).directory == str(tmp_path / "run")
    assert str(tmp_path) not in pickle.dumps(clone(first).set_params(directory=None).fit(x, y)).decode("latin1")


def test_a_seed_is_that_of_the_search(fitted):
    assert fitted.summary_["seed"] == 0
    drawn = [AutoMLClassifier(random_state=np.random.RandomState(3))._seed() for _ in range(2)]
    assert drawn[0] == drawn[1] > 0


def test_wrong_parameters_are_explained():
    x, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2
    with pytest.raises(UsageError, match="hill_climb"):
        AutoMLClassifier(controller="hill_clim").fit(x, y)
    with pytest.raises(UsageError, match="final_epochs"):
        AutoMLClassifier(settings={"final_epoch": 2}).fit(x, y)
    with pytest.raises(ValueError, match="one class"):
        AutoMLClassifier().fit(x, np.zeros(30))
    with pytest.raises(AutomlError, match="No trial succeeded"):
        AutoMLClassifier(**SHORT, objectives=["max:val_accuracy", "params<=3"]).fit(x, y)


def test_few_rows_are_trained_on_and_selected_by():
    for rows in (2, 3, 4):
        model = AutoMLClassifier(**SHORT).fit(np.eye(rows), np.arange(rows))
        assert model.predict(np.eye(rows)).shape == (rows,)
