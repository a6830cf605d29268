"""Every registered trainer keeps the contract of trainers."""

import numpy as np
import pytest

from automl import registry
from automl.core.choices import at_random, run
from automl.core.errors import UsageError
from automl.testing.trainers import TrainerContract

SMALL = {
    "circuits": {"iterations": 4, "kick": 0.1, "p1": 1e-3, "p2": 5e-3},
    "cnn": {"epochs": 1, "final_epochs": 1, "train_images": 200},
    "embeddings": {"epochs": 1, "final_epochs": 1, "max_rows": 3000, "batch_size": 256},
    "estimator": {"folds": 2},
    "gnn": {"epochs": 2, "final_epochs": 1, "repeats": 2},
    "lightning": {"epochs": 1, "final_epochs": 1},
    "morl": {"steps": 500, "held_out": 3, "weights": 10},
}
"""Settings that make a trainer quick."""
SAME = {"cnn": {"threads"}, "lightning": {"threads"}, "towers": {"pause"}}
"""Settings that change how fast something is measured and not what: they are no part of the fingerprint."""
LARGE = {"circuits"}
"""Trainers whose smallest candidates have nothing to train, so that more effort does not cost more."""


@pytest.mark.parametrize("name", registry.names("trainers"))
class TestRegistered(TrainerContract):
    @pytest.fixture
    def trainer(self, name):
        return registry.load("trainers", name)(**SMALL.get(name, {}))

    @pytest.fixture
    def candidates(self, trainer, name):
        cls = registry.load("search_spaces", trainer.accepts[0])
        known = registry.settings_of(cls)
        found = sorted_by_size(cls(**{k: v for k, v in trainer.facts().items() if k in known}))
        return found[-2:] if name in LARGE else found[:2]

    @pytest.fixture
    def variants(self, name):
        cls, small = registry.load("trainers", name), SMALL.get(name, {})
        found = []
        for setting, parameter in registry.settings_of(cls).items():
            value = small.get(setting, parameter.default)
            if setting in SAME.get(name, ()) or (other := _other(value)) is None:
                continue
            try:
                found.append(cls(**{**small, setting: other}))
            except UsageError:
                continue
        return found


def sorted_by_size(space):
    """Return candidates of a space, small ones first."""
    built = [run(space.build, at_random(np.random.default_rng(seed)))[0] for seed in range(20)]
    if hasattr(space, "root"):
        built.append(space.root())
    return sorted(built, key=lambda candidate: len(space.key(candidate)))


def _other(value):
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return (value * 0.9 or 0.1) if isinstance(value, float) else None  # zero has no share
