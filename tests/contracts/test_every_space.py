"""Every registered search space keeps the contract of spaces."""

import numpy as np
import pytest

from automl import registry
from automl.core.space import Inheritable
from automl.testing.spaces import SpaceContract


def cnn_weights(space, candidate):
    """Random weights of a network, by name as the trainer returns them."""
    from automl.trainers.cnn.network import build_network, weights_of  # torch, which only this needs

    rng, data = np.random.default_rng(0), registry.settings_of(type(space))
    arrays = weights_of(build_network(candidate, data["input_shape"].default, data["classes"].default))
    return {name: np.asarray(rng.random(a.shape), dtype=a.dtype) for name, a in arrays.items()}


def tower_weights(space, candidate):
    return {"trained": np.array([float(len(candidate.blocks[0]))])}


def circuit_weights(space, candidate):
    return {"angles": np.random.default_rng(0).uniform(-3, 3, candidate.rotations)}


WEIGHTS = {"circuits": circuit_weights, "cnn": cnn_weights, "towers": tower_weights}
"""How weights of a space are made. A space that inherits must be here."""


def profiles():
    for name in registry.names("search_spaces"):
        yield from ((name, profile) for profile in [None, *registry.load("search_spaces", name).profiles])


@pytest.mark.parametrize(("name", "profile"), [*profiles()])
class TestRegistered(SpaceContract):
    @pytest.fixture
    def space(self, name, profile):
        cls = registry.load("search_spaces", name)
        return cls(**(cls.profiles[profile] if profile else {}))

    @pytest.fixture
    def weights(self, space, name):
        if not isinstance(space, Inheritable):
            pytest.skip("the space does not inherit weights")
        return lambda candidate: WEIGHTS[name](space, candidate)
