"""Every registered trainer keeps the contract of trainers."""

import numpy as np
import pytest

from automl import registry
from automl.core.choices import at_random, run
from automl.core.errors import UsageError
from automl.testing.trainers import TrainerContract

SMALL = {
    "cnn": {"epochs": 1, "final_epochs": 1, "train_images": 200},
}
"""Settings that make a trainer quick."""
SAME = {"cnn": {"threads"}, "towers": {"pause"}}
"""Settings that change how fast something is measured and not what: they are no part of the fingerprint."""


@pytest.mark.parametrize("name", registry.names("trainers"))
class TestRegistered(TrainerContract):
    @pytest.fixture
    def trainer(self, name):
        return registry.load("trainers", name)(**SMALL.get(name, {}))

    @pytest.fixture
    def candidates(self, trainer):
        cls = registry.load("search_spaces", trainer.accepts[0])
        known = registry.settings_of(cls)
        return smallest(cls(**{k: v for k, v in trainer.facts().items() if k in known}))

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


def smallest(space):
    """Return two small candidates of a space."""
    built = [run(space.build, at_random(np.random.default_rng(seed)))[0] for seed in range(20)]
    if hasattr(space, "root"):
        built.append(space.root())
    return sorted(built, key=lambda candidate: len(space.key(candidate)))[:2]


def _other(value):
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value * 0.9 if isinstance(value, float) else None
