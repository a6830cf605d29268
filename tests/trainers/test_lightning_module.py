"""The user's own module: on every form of data it learns, repeats itself, goes on, is tested and handed over."""

import pickle

import numpy as np
import own_modules as own
import pytest
import torch
from torch.utils.data import DataLoader

from automl.core.errors import InvalidData, Stop, UsageError
from automl.search_spaces.model import Model
from automl.trainers.lightning_module import LightningTrainer

NET = Model(own.Net, (("lr", 0.03), ("width", 8)))
QUICK = {"epochs": 2, "final_epochs": 4}


def quiet(step, metrics):
    pass


def train(trainer, candidate=NET, *, effort=1.0, weights=None, seed=0, report=quiet):
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=report)


def loaders(*counts, generator=None):
    sets = [own.dataset(count, seed) for seed, count in enumerate(counts)]
    return tuple(DataLoader(part, 32, shuffle=not i, generator=generator) for i, part in enumerate(sets))


FORMS = {
    "arrays": own.rows,
    "tensors": lambda: tuple(map(torch.tensor, own.rows())),
    "loaders": lambda: loaders(160, 80),
    "three loaders": lambda: loaders(160, 80, 60),
    "own generator": lambda: loaders(160, 80, generator=torch.Generator()),
    "datasets": lambda: (own.dataset(160, 0), own.dataset(80, 1)),
    "by name": lambda: dict(zip(("train", "validation"), loaders(160, 80), strict=True)),
    "data module": own.Data,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_is_learned_from_and_repeats_itself(form):
    trainer, curve = LightningTrainer(FORMS[form](), **QUICK), []
    outcome = train(trainer, report=lambda step, metrics: curve.append((step, metrics["val_loss"])))
    assert [step for step, _ in curve] == [1, 2]
    assert curve[-1][1] == outcome.metrics["val_loss"] < curve[0][1]
    assert outcome.metrics["val_acc"] > 0.6
    assert outcome.metrics["params"] == 6 * 8 + 8 + 8 * 2 + 2
    assert outcome.cost == 2
    again = train(trainer)
    assert again.metrics == outcome.metrics
    pickle.dumps(trainer)
    assert trainer.fingerprint() == LightningTrainer(FORMS[form](), **QUICK).fingerprint()


@pytest.mark.parametrize("data", [3, "digits", (own.rows()[0],), [1, 2, 3, 4]])
def test_other_data_are_told_what_would_do(data):
    with pytest.raises(InvalidData, match="LightningDataModule"):
        LightningTrainer(data)


def test_arrays_must_be_numbers_and_as_many_labels():
    x, y = own.rows()
    with pytest.raises(InvalidData, match="240 rows and y has 200"):
        LightningTrainer((x, y[:200]))
    with pytest.raises(InvalidData, match="not numbers"):
        LightningTrainer((x, np.where(y > 0, "yes", "no")))


def test_inherited_weights_go_on_where_they_stopped():
    trainer = LightningTrainer(own.rows(), **QUICK)
    first = train(trainer)
    longer = train(trainer, weights=first.weights, seed=1)
    assert longer.metrics["val_loss"] < first.metrics["val_loss"]
    assert train(trainer, effort=2.0).cost == 4


def test_kept_weights_are_not_made_worse_by_finishing():
    trainer = LightningTrainer(own.rows(), **QUICK)
    weights = train(trainer).weights
    wild = Model(own.Net, (("lr", 0.1), ("width", 8)))
    before = train(trainer)
    finished = trainer.finish(wild, weights=weights, seed=5, report=quiet)
    assert finished.metrics["val_loss"] <= before.metrics["val_loss"]


def test_a_module_without_a_test_step_is_tested_by_its_validation_step():
    trainer = LightningTrainer(own.rows(), **QUICK)
    outcome = trainer.finish(NET, weights=None, seed=0, report=quiet)
    assert set(trainer.test(NET, outcome.weights)) == {"test_loss", "test_acc"}


def test_a_test_step_of_its_own_is_used():
    candidate = Model(own.Tested, NET.answers)
    for data in (own.rows(), loaders(160, 80, 60), own.TestedData()):
        trainer = LightningTrainer(data, **QUICK)
        outcome = trainer.finish(candidate, weights=None, seed=0, report=quiet)
        assert trainer.test(candidate, outcome.weights)["test_hits"] > 0.6


@pytest.mark.parametrize("data", [lambda: loaders(160, 80), own.Data])
def test_without_test_data_there_is_no_test(data):
    trainer = LightningTrainer(data(), **QUICK)
    assert trainer.test(NET, train(trainer).weights) == {}


def test_the_module_is_handed_over_as_it_was_trained():
    trainer = LightningTrainer(own.rows(), **QUICK)
    outcome = train(trainer)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    module = LightningTrainer.load(NET, outcome.weights, trainer.facts())
    torch.testing.assert_close(torch.rand(2), expected)  # the caller's generator was not touched
    assert isinstance(module, own.Net)
    assert not module.training
    for name, array in outcome.weights.items():
        np.testing.assert_array_equal(module.state_dict()[name].numpy(), array)
    assert module(torch.zeros(LightningTrainer.example(trainer.facts()).shape)).shape == (2, 2)


def test_the_batch_size_can_be_searched():
    trainer = LightningTrainer(own.rows(), **QUICK)
    for size in (16, 48):
        outcome = train(trainer, Model(own.Batched, (*NET.answers, ("batch_size", size))))
        assert outcome.metrics["rows"] == size


def test_a_module_that_logs_nothing_is_told_what_to_write():
    with pytest.raises(UsageError, match=r"self\.log\('val_loss', loss\)"):
        train(LightningTrainer(own.rows(), **QUICK), Model(own.Silent, NET.answers))


def test_a_program_that_builds_something_else_is_told_of_the_other_trainer():
    with pytest.raises(UsageError, match=r"builds a int.*--trainer estimator"):
        train(LightningTrainer(own.rows(), **QUICK), Model(own.plain, (("width", 4),)))


def test_a_data_module_does_not_say_what_an_input_looks_like():
    assert LightningTrainer.example(LightningTrainer(own.Data()).facts()) is None
    assert LightningTrainer.example(LightningTrainer(loaders(160, 80)).facts()).shape == (2, own.WIDE)


def test_stop_ends_a_training_and_leaves_the_data_module_free():
    def stop(step, metrics):
        raise Stop

    trainer = LightningTrainer(own.Data(), **QUICK)
    with pytest.raises(Stop):
        train(trainer, report=stop)
    assert trainer.data.module.trainer is None


def test_it_takes_what_says_that_it_builds_a_module():
    def annotated(choose) -> own.Net:
        return own.Net(choose)

    assert LightningTrainer.takes(own.Net)
    assert LightningTrainer.takes(annotated)
    assert not LightningTrainer.takes(own.plain)


def test_any_metric_may_be_an_objective_and_monitor_is_the_usual_one():
    trainer = LightningTrainer(own.rows(), monitor="max:val_acc")
    assert list(trainer.default_objectives()) == ["max:val_acc"]
    assert trainer.measures("whatever/it/logs")
