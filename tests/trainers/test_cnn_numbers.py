"""The trainer on numbers: what it takes for them, its metrics in their units, and a model that speaks in them."""

import numpy as np
import pytest
from cnn_images import HOW, how
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from automl.core.errors import InvalidData, UsageError
from automl.search_spaces.cnn import Cnn, Conv
from automl.trainers.cnn import CnnTrainer
from automl.trainers.cnn.data import read, split

NET = Cnn(blocks=((Conv("c0", 8, 3),),), pools=(), head="gap", hidden=())


def brightness(n=400, outputs=1):
    """Images, and how bright they are on a scale of thousands."""
    x = np.random.default_rng(0).random((n, 4, 4)) * np.linspace(0, 1, n)[:, None, None]
    y = 5000 + 300 * np.stack([x.mean((1, 2)), x.max((1, 2))][:outputs], axis=1)
    return x, y


@pytest.fixture(scope="module", params=[1, 2])
def trainer(request):
    return CnnTrainer(brightness(outputs=request.param), epochs=15, lr=0.02)


def quiet(step, metrics):
    pass


@pytest.fixture(scope="module")
def trained(trainer):
    return trainer.train(NET, effort=1.0, weights=None, seed=0, report=quiet)


def test_labels_that_are_no_whole_numbers_are_predicted_as_numbers(trainer):
    assert trainer.facts()["predict"] == "numbers"
    assert trainer.facts()["classes"] == trainer.splits.train.labels.reshape(len(trainer.splits.train), -1).shape[1]
    assert list(trainer.default_objectives()) == ["min:val_rmse"]


def test_it_learns_and_measures_in_the_units_of_the_labels(trainer, trained):
    import torch

    model = CnnTrainer.load(NET, trained.weights, trainer.facts())
    part = trainer.splits.validation
    with torch.no_grad():
        said = model(torch.from_numpy(part.as_float())).numpy().astype(float)
    truth = part.labels.reshape(said.shape)
    wanted = {
        "val_rmse": root_mean_squared_error(truth.ravel(), said.ravel()),
        "val_mae": mean_absolute_error(truth, said),
        "val_r2": r2_score(truth, said),
    }
    assert {name: trained.metrics[name] for name in wanted} == pytest.approx(wanted, rel=1e-3)
    assert trained.metrics["val_r2"] > 0.8
    assert set(trained.metrics) == set(trainer.metrics)


def test_the_best_epoch_is_kept(trainer, trained):
    seen = []
    done = trainer.finish(
        NET, weights=trained.weights, seed=0, report=lambda step, metrics: seen.append(metrics["val_rmse"])
    )
    assert done.metrics["val_rmse"] == min(seen)
    assert set(trainer.test(NET, done.weights)) == {"test_rmse", "test_r2", "test_mae", "test_loss"}


def test_whole_numbers_are_classes_unless_it_is_said_otherwise():
    x, y = brightness(60)
    whole = (x, np.arange(60) % 3)
    assert split(read(whole), HOW).predict == "classes"
    assert split(read(whole), HOW, "numbers").classes == 1
    with pytest.raises(InvalidData, match="whole numbers"):
        split(read((x, y)), HOW, "classes")
    with pytest.raises(InvalidData, match="negative"):
        split(read((x, -whole[1])), HOW)
    with pytest.raises(InvalidData, match="one-hot"):
        split(read((x, np.eye(60))), HOW)
    with pytest.raises(UsageError, match="predict"):
        CnnTrainer(whole, predict="labels")


def test_a_share_of_zero_tests_nothing():
    trainer = CnnTrainer(brightness(100), test_share=0.0, finish_from="kept", epochs=1)
    assert (len(trainer.splits.train), len(trainer.splits.validation), len(trainer.splits.test)) == (80, 20, 0)
    assert trainer.test(NET, {}) == {}
    assert trainer.starts == ("kept",)
    with pytest.raises(UsageError, match="finish_from"):
        CnnTrainer(finish_from="both of them")


def test_every_class_keeps_an_image_to_train_on():
    y = np.array([0, 1, 2, 2, 2, 3])
    splits = split(read((np.zeros((6, 2, 2)), y)), how(test_share=0.0))
    assert sorted(splits.train.labels.tolist()) == [0, 1, 2, 2, 3]


def test_a_layout_that_is_said_is_not_guessed():
    x = np.zeros((9, 7, 1, 1), np.float32)
    data = {"x": x, "y": np.arange(9) % 3, "layout": "nchw"}
    assert read(data).train.shape == (7, 1, 1)
    assert read({**data, "layout": ""}).train.shape == (1, 7, 1)
