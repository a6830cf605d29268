"""Constrained sharing: whole layers of one kind or nothing, from all networks explored, through the bank."""

from dataclasses import replace

import numpy as np
import pytest
from gnn_weights import shaped
from hypothesis import given
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.search_spaces.gnn import Gnn, GnnSpace, Layer, WideGnnSpace
from automl.search_spaces.gnn.bank import bank_arrays, network_arrays

PARENT = Gnn((Layer(8, 2, "gat", "sum", "identity", "elu"), Layer(7, 4, "gat", "sum", "identity", "linear")))
SPACE = GnnSpace(features=30)


def changed(place, **values):
    layers = list(PARENT.layers)
    layers[place] = replace(layers[place], **values)
    return replace(PARENT, layers=tuple(layers))


def inherited(child, parent=PARENT, weights=None, space=SPACE):
    """Which layers of a child come from its ancestors."""
    found = space.inherit(child, parent, shaped(space, parent) if weights is None else weights)
    arrays = network_arrays(found or {})
    assert all(name.startswith("layer") for name in arrays), "norms and skip connections are never shared"
    return {int(name[len("layer")]) for name in arrays}


@pytest.mark.parametrize(
    ("child", "layers"),
    [
        (changed(0, attention="cos"), {1}),
        (changed(0, activation="relu"), {1}),
        (changed(0, combine="mlp"), {1}),
        (changed(0, aggregate="max"), {0, 1}),
        (changed(0, width=16), set()),  # the layer behind has another input
        (changed(0, heads=4), set()),
        (changed(0, width=4, heads=4), {1}),  # of another shape itself, but 16 outputs as before
        (changed(1, heads=1), {0}),
        (changed(1, activation="relu"), {0}),
        (changed(1, attention="gcn"), {0}),
    ],
)
def test_a_layer_inherits_if_shapes_attention_and_activation_agree(child, layers):
    assert inherited(child) == layers


def test_layers_of_networks_with_other_norms_are_of_another_kind():
    space = WideGnnSpace(features=30)
    parent = replace(PARENT, norm="layer", dropout=0.5)
    assert inherited(replace(parent, steps=5, teleport=0.1, dropout=0.2), parent, space=space) == {0, 1}
    assert inherited(replace(parent, norm="batch"), parent, space=space) == set()


def test_what_is_inherited_is_the_parents():
    weights = shaped(SPACE, PARENT)
    found = SPACE.inherit(changed(1, heads=1), PARENT, weights)
    np.testing.assert_array_equal(found["layer0.project"], weights["layer0.project"])
    assert "norm0.running_mean" not in found
    assert "score" not in found


def test_the_same_network_goes_on_with_everything():
    weights = shaped(SPACE, PARENT)
    found = SPACE.inherit(PARENT, PARENT, weights)
    assert found.keys() == weights.keys()


def trained(space, candidate, handed, value, score):
    """What a trainer returns for a candidate that was handed some weights."""
    arrays = {name: np.full_like(a, value) for name, a in shaped(space, candidate).items()}
    return {**arrays, **bank_arrays(handed or {}), "score": np.array(score)}


def test_layers_come_from_all_networks_explored():
    away, back = changed(0, attention="cos"), changed(1, aggregate="mean")
    first = trained(SPACE, PARENT, None, 1.0, 0.7)
    second = trained(SPACE, away, SPACE.inherit(away, PARENT, first), 2.0, 0.6)
    found = SPACE.inherit(back, away, second)
    assert (found["layer0.project"] == 1).all(), "from the grandparent"
    assert (found["layer1.project"] == 1).all(), "the better of two layers of a kind"
    third = trained(SPACE, back, found, 3.0, 0.8)
    found = SPACE.inherit(away, back, third)
    assert (found["layer0.project"] == 2).all()
    assert (found["layer1.project"] == 3).all()


def test_a_bank_forgets_the_worst_when_it_is_full():
    space = GnnSpace(features=30, bank_mb=0.006)  # three first layers of 30 x 16 numbers, a little over 1.9 kB each
    weights, parent = trained(space, PARENT, None, 0.0, 0.5), PARENT
    for value, (attention, score) in enumerate(
        [("cos", 0.9), ("gcn", 0.1), ("linear", 0.8), ("sym-gat", 0.3)], start=1
    ):
        child = changed(0, attention=attention)
        weights = trained(space, child, space.inherit(child, parent, weights), float(value), score)
        parent = child
    handed = space.inherit(changed(1, heads=1), parent, weights)
    kept = {name.split("/")[1] for name in bank_arrays(handed)}
    firsts = {kind.split("-cat-")[1].split("-identity")[0] for kind in kept if kind.startswith("0-")}
    assert {"cos", "linear"} <= firsts
    assert "gcn" not in firsts
    assert sum(array.nbytes for array in bank_arrays(handed).values()) <= space.bank_bytes


def test_a_diverged_layer_enters_no_bank():
    child = changed(1, heads=1)
    weights = trained(SPACE, PARENT, None, 1.0, 0.7)
    weights["layer0.project"][0, 0] = np.nan
    assert inherited(child, weights=weights) == set()
    assert inherited(changed(0, heads=4, width=4), weights=weights) == {1}, "the other layer is sound"


def test_no_bank_hands_on_the_parents_layers_only():
    space = GnnSpace(features=30, bank_mb=0.0)
    found = space.inherit(changed(1, heads=1), PARENT, shaped(space, PARENT))
    assert set(found) == {"layer0.project", "layer0.bias"}


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_any_pair_inherits_arrays_that_fit(one, other):
    child, parent = (run(SPACE.build, at_random(np.random.default_rng(seed)))[0] for seed in (one, other))
    found = SPACE.inherit(child, parent, shaped(SPACE, parent)) or {}
    fitting = shaped(SPACE, child)
    for name, array in network_arrays(found).items():
        assert array.shape == fitting[name].shape
