"""The trainer on real digits: it learns, inherits, repeats itself, stops, finishes, and hands a model over."""

import multiprocessing
import pickle
import signal
import warnings
from functools import partial

import numpy as np
import pytest

from automl.core.choices import at_random, run
from automl.core.errors import Stop, UsageError, WeightsError
from automl.core.trainer import Finishing
from automl.registry import settings_of
from automl.search_spaces.cnn import Cnn, CnnSpace, Conv, Hidden
from automl.search_spaces.cnn.size import size
from automl.trainers.cnn import CnnTrainer

NET = Cnn(
    blocks=((Conv("c0", 8, 3),), (Conv("c1", 16, 3),)),
    pools=("max",),
    head="gap",
    hidden=(Hidden("f0", 24),),
)


@pytest.fixture(scope="module")
def trainer():
    return CnnTrainer(epochs=2, final_epochs=3)


def quiet(step, metrics):
    pass


def train(trainer, candidate=NET, *, effort=1.0, weights=None, seed=0, report=quiet):
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=report)


def watched(trainer, candidate=NET, **options):
    """Train and return what was reported too."""
    seen = []
    outcome = train(trainer, candidate, report=lambda step, metrics: seen.append((step, metrics)), **options)
    return seen, outcome


@pytest.fixture(scope="module")
def trained(trainer):
    return train(trainer, effort=3)


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_it_learns_to_read_digits(trained):
    assert trained.metrics["val_accuracy"] > 0.93
    assert trained.metrics["val_loss"] < 0.35


def test_every_metric_it_promises_is_measured_and_counted_right(trainer, trained):
    assert set(trained.metrics) == set(trainer.metrics)
    counted = size(NET, (1, 8, 8), 10)
    assert (trained.metrics["params"], trained.metrics["macs"]) == (counted.params, counted.macs)
    assert trained.metrics["params"] == sum(
        a.size for n, a in trained.weights.items() if "running" not in n and "batches" not in n
    )
    images = len(trainer.splits.train) // 32 * 32
    assert trained.cost == 3 * counted.macs * images * 6


@pytest.mark.parametrize(("effort", "epochs"), [(0.1, 1), (1.0, 2), (1.5, 3)])
def test_effort_is_epochs_and_each_is_reported(trainer, effort, epochs):
    seen, _ = watched(trainer, effort=effort)
    assert [step for step, _ in seen] == list(range(1, epochs + 1))
    assert set(seen[-1][1]) == {"val_accuracy", "val_loss", "train_loss"}


def test_a_grown_child_starts_where_its_parent_ended(trainer, trained):
    space = CnnSpace(input_shape=(1, 8, 8), classes=10)
    parent = space.root()
    before = train(trainer, parent, effort=3)
    rng = np.random.default_rng(1)
    for _ in range(4):
        child, _ = run(partial(space.grow, parent), at_random(rng))
        weights = space.inherit(child, parent, before.weights)
        seen, after = watched(trainer, child, weights=weights)
        assert [step for step, _ in seen] == [0, 1, 2]
        assert seen[0][1] == after.extras["start"]
        assert seen[0][1]["val_accuracy"] == pytest.approx(before.metrics["val_accuracy"], abs=0.004)
        assert seen[0][1]["val_loss"] == pytest.approx(before.metrics["val_loss"], abs=1e-3)
        assert after.metrics["val_accuracy"] > before.metrics["val_accuracy"] - 0.02
        parent, before = child, after


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another(trainer):
    first, again, other = (train(trainer, seed=seed) for seed in (5, 5, 6))
    assert first.metrics == again.metrics
    assert equal(first.weights, again.weights)
    assert not equal(first.weights, other.weights)


def remote(pickled, results):
    outcome = train(pickle.loads(pickled), seed=5)
    results.put((dict(outcome.metrics), dict(outcome.weights)))


def test_another_process_gives_the_same_outcome(trainer):
    here = train(trainer, seed=5)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    worker = context.Process(target=remote, args=(pickle.dumps(trainer), results))
    worker.start()
    metrics, weights = results.get(timeout=120)
    worker.join(30)
    assert metrics == here.metrics
    assert equal(weights, here.weights)


def test_it_travels_without_its_tensors(trainer):
    train(trainer)
    assert len(pickle.dumps(trainer)) < 1.2 * 1797 * 64 * 4
    copy = pickle.loads(pickle.dumps(trainer))
    assert copy.fingerprint() == trainer.fingerprint()
    assert copy.facts() == trainer.facts()


def test_the_callers_random_numbers_and_threads_are_left_alone(trainer):
    import torch

    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    numbers = np.random.get_state()[1].copy()
    train(trainer, seed=9)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert np.array_equal(numbers, np.random.get_state()[1])


def test_weights_own_their_memory_and_inherited_ones_stay_as_they_are(trainer, trained):
    kept = {name: array.copy() for name, array in trained.weights.items()}
    child = train(trainer, weights=trained.weights)
    assert equal(kept, trained.weights)
    assert all(array.base is None and array.flags.writeable for array in child.weights.values())


@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt, MemoryError, ZeroDivisionError])
@pytest.mark.parametrize("inherits", [False, True])
def test_what_a_report_raises_passes_through_and_leaves_no_trace(trainer, trained, kind, inherits):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def report(step, metrics):
        if step == 1:
            raise kind

    with pytest.raises(kind):
        train(trainer, weights=trained.weights if inherits else None, report=report)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert train(trainer, seed=5).metrics == train(trainer, seed=5).metrics


def test_sigterm_ends_training_at_once(trainer):
    """Lightning would note it and go on to the end of the epoch."""

    class Ended(BaseException):
        pass

    def end(number, frame):
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    seen = []

    def report(step, metrics):
        seen.append(step)
        signal.raise_signal(signal.SIGTERM)
        seen.append("late")

    try:
        with pytest.raises(Ended):
            train(trainer, report=report)
        assert seen == [1]
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)


def test_it_says_nothing_and_writes_nothing(trainer, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(trainer)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_to_the_end_tested_and_handed_over(trainer, trained):
    import torch

    assert isinstance(trainer, Finishing)
    seen = []
    kept = trainer.finish(NET, weights=trained.weights, seed=0, report=lambda step, _: seen.append(step))
    assert seen == [0, 1, 2, 3]
    tested = trainer.test(NET, kept.weights)
    assert set(tested) == {"test_accuracy", "test_loss"}
    assert tested["test_accuracy"] > 0.9
    facts = trainer.facts()
    model = CnnTrainer.load(NET, kept.weights, facts)
    assert not model.training
    with torch.no_grad():
        logits = model(torch.from_numpy(trainer.splits.test.as_float()))
    accuracy = float(np.mean(logits.argmax(1).numpy() == trainer.splits.test.labels))
    assert accuracy == pytest.approx(tested["test_accuracy"])


@pytest.mark.parametrize("inherits", [False, True])
def test_a_full_training_keeps_its_best_epoch(trainer, trained, inherits):
    seen = {}
    weights = trained.weights if inherits else None
    done = trainer.finish(
        NET, weights=weights, seed=1, report=lambda step, metrics: seen.update({step: metrics["val_accuracy"]})
    )
    assert done.metrics["val_accuracy"] == max(seen.values())
    first = min(step for step, accuracy in seen.items() if accuracy == max(seen.values()))
    assert (0 in seen) == inherits
    restored = trainer.finish(NET, weights=done.weights, seed=2, report=lambda *_: None)
    assert restored.extras["start"]["val_accuracy"] == max(seen.values()), f"epoch {first} was not kept"


def test_a_model_takes_bytes_as_it_takes_the_unit_interval():
    import torch

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    trainer = CnnTrainer((pixels, np.arange(60) % 3), epochs=1, batch_size=16)
    assert trainer.facts()["input_shape"] == [3, 8, 8]
    weights = train(trainer).weights
    model = CnnTrainer.load(NET, weights, trainer.facts())
    images = torch.from_numpy(pixels).movedim(3, 1)
    with torch.no_grad():
        torch.testing.assert_close(model(images), model(images.float() / 255))


def test_half_of_the_weights_are_no_finished_network(trainer, trained):
    half = {name: array for name, array in trained.weights.items() if not name.startswith("c1")}
    with pytest.raises(WeightsError, match="c1"):
        CnnTrainer.load(NET, half, trainer.facts())


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adamw", "lr": 0.01},
        {"augment": "flip_crop"},
        {"clip": 1.0, "schedule": "constant", "momentum": 0.0},
        {"precision": "bfloat16"},
        {"batch_size": 5000},
        {"train_images": 500, "shrink": 2, "threads": None},
    ],
)
def test_every_setting_trains(settings):
    trainer = CnnTrainer(epochs=3, **settings)
    seen, outcome = watched(trainer)
    assert np.isfinite(list(outcome.metrics.values())).all()
    assert seen[-1][1]["train_loss"] < seen[0][1]["train_loss"]
    assert train(trainer).metrics == outcome.metrics


def test_training_leaves_the_images_as_they_are(trainer):
    before = trainer.splits.train.pixels.copy()
    train(CnnTrainer(epochs=1))
    train(trainer)
    np.testing.assert_array_equal(trainer.splits.train.pixels, before)
    assert trainer.splits.train.pixels.max() == 1.0


def test_the_paper_profile_names_settings_that_exist():
    for profile in CnnTrainer.profiles.values():
        assert set(profile) <= set(settings_of(CnnTrainer))
    CnnTrainer(**CnnTrainer.profiles["paper"])


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"final_epochs": 0},
        {"lr": 0.0},
        {"inherit_lr": -1.0},
        {"batch_size": 1},
        {"momentum": 1.0},
        {"weight_decay": -1.0},
        {"clip": 0.0},
        {"threads": 0},
        {"optimizer": "adam"},
        {"schedule": "step"},
        {"augment": "mixup"},
        {"precision": "float8"},
        {"device": "tpu"},
    ],
)
def test_settings_out_of_range_are_refused_by_name(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        CnnTrainer(**bad)


def test_the_fingerprint_knows_every_setting_and_every_image(trainer):
    x, y = np.random.default_rng(0).integers(0, 200, (40, 4, 4), dtype=np.uint8), np.arange(40) % 2
    other = x.copy()
    other[7, 2, 2] += 1
    prints = [CnnTrainer((x, y)), CnnTrainer((other, y)), CnnTrainer((x, 1 - y)), CnnTrainer((x, y), lr=0.2)]
    prints += [CnnTrainer((x, y), data_seed=1)]
    assert len({p.fingerprint() for p in prints}) == 5
    assert CnnTrainer((x, y)).fingerprint() == prints[0].fingerprint()


def test_a_gpu_that_is_not_there(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no GPU"):
        train(CnnTrainer(device="gpu"))
    with pytest.raises(UsageError, match="float16"):
        train(CnnTrainer(precision="float16"))
