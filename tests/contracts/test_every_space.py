"""Every registered search space keeps the contract of spaces."""

import numpy as np
import pytest

from automl import registry
from automl.core.space import Budgeted, Inheritable, Relaxable
from automl.testing.spaces import SpaceContract


def cnn_weights(space, candidate):
    """Random weights of a network, by name as the trainer returns them."""
    from automl.trainers.cnn.network import build_network, weights_of  # torch, which only this needs

    rng, data = np.random.default_rng(0), registry.settings_of(type(space))
    arrays = weights_of(build_network(candidate, data["input_shape"].default, data["classes"].default))
    return {name: np.asarray(rng.random(a.shape), dtype=a.dtype) for name, a in arrays.items()}


def cnn_importance(space, stage):
    from automl.search_spaces.cnn.relax import importance

    return {"importance": importance(stage, cnn_weights(space, stage))}


def cnn_parameters(space, candidate):
    return space.limits.size(candidate).params


def tower_weights(space, candidate):
    return {"trained": np.array([float(len(candidate.blocks[0]))])}


def circuit_weights(space, candidate):
    return {"angles": np.random.default_rng(0).uniform(-3, 3, candidate.rotations)}


def gnn_weights(space, candidate):
    """Weights of a graph neural network, by name as the trainer returns them."""
    from automl.trainers.gnn.network import Frame, Network, weights_of  # torch, which only this needs

    limits = space.limits
    frame = Frame(limits.features, limits.outputs, limits.task, norm="layer", final_activation=False)
    return weights_of(Network(candidate, frame))


def embedding_weights(space, candidate):
    """Weights of a factorisation machine, by name as the trainer returns them."""
    from automl.trainers.embeddings.pack import pack  # torch, which only this needs
    from automl.trainers.embeddings.recommender import build_recommender

    fields = space.frame.fields
    return pack(build_recommender(candidate, fields, model="fm"), candidate, fields)


def embedding_importance(space, stage):
    rng, width = np.random.default_rng(0), space.frame.width
    rows = zip(space.frame.fields, space.frame.starts, strict=True)
    found = {field.name: rng.random((len(starts), width)).tolist() for field, starts in rows}
    return {"importance": found, "damage": found}


def embedding_bytes(space, candidate):
    from automl.search_spaces.embeddings import size

    return size(candidate, space.frame.fields).bytes


def any_weights(space, candidate):
    """What a model's weights are, only its program knows."""
    return {"layer.weight": np.arange(6.0, dtype=np.float32).reshape(2, 3), "steps": np.array(3)}


def paused_learner(space, candidate):
    """Some of the arrays of a paused run; a run keeps all of them."""
    return {"seed0/tables": np.arange(24.0).reshape(1, 3, 4, 2), "seed0/counts": np.arange(4)}


WEIGHTS = {
    "circuits": circuit_weights,
    "cnn": cnn_weights,
    "embeddings": embedding_weights,
    "gnn": gnn_weights,
    "gnn-wide": gnn_weights,
    "model": any_weights,
    "morl": paused_learner,
    "towers": tower_weights,
}
"""How weights of a space are made. A space that inherits must be here."""
EXTRAS = {"cnn": cnn_importance, "embeddings": embedding_importance}
"""What the last segment of a stage reports. A space that reads it must be here."""
SIZES = {"cnn": cnn_parameters, "embeddings": embedding_bytes}
"""The size of a candidate in the unit of budgets. A space that is relaxed or budgeted must be here."""


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

    @pytest.fixture
    def extras(self, space, name):
        return lambda stage: EXTRAS[name](space, stage) if name in EXTRAS else {}

    @pytest.fixture
    def size(self, space, name):
        if not isinstance(space, Relaxable | Budgeted):
            pytest.skip("the space knows no budgets")
        return lambda candidate: SIZES[name](space, candidate)
