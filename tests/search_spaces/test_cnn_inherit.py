"""The arithmetic of replication, and inheritance without torch: what it makes, leaves alone and refuses."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.search_spaces.cnn import Cnn, CnnSpace, Conv, Hidden, Residual
from automl.search_spaces.cnn.replication import Replication, Symmetry, flattened

PARENT = Cnn(((Conv("c0", 4, 3), Residual("r0", 4, 3)), (Conv("c1", 6, 3),)), ("max",), "flatten", (Hidden("f0", 8),))
SPACE = CnnSpace(family="residual", uneven=0.3)


def arrays(candidate, *, dtype=np.float64, seed=0):
    """Return random weights for a candidate on 1x8x8 images of 10 classes, named as the trainer names them."""
    rng, made, width = np.random.default_rng(seed), {}, 1

    def layer(name, norm, *shape):
        made[name] = rng.standard_normal(shape).astype(dtype)
        for array in ("weight", "bias", "running_mean", "running_var"):
            made[f"{norm}.{array}"] = rng.uniform(0.5, 1.5, shape[0]).astype(dtype)
        made[f"{norm}.num_batches_tracked"] = np.array(7)

    for part in candidate.parts():
        if isinstance(part, Conv):
            layer(f"{part.id}.conv.weight", f"{part.id}.bn", part.filters, width, part.kernel, part.kernel)
            width = part.filters
        elif isinstance(part, Residual):
            layer(f"{part.id}.conv1.weight", f"{part.id}.bn1", part.inner, width, part.kernel, part.kernel)
            layer(f"{part.id}.conv2.weight", f"{part.id}.bn2", width, part.inner, part.kernel, part.kernel)
        elif isinstance(part, Hidden):
            layer(f"{part.id}.linear.weight", f"{part.id}.bn", part.units, width)
            width = part.units
        elif part == "flatten":
            width *= 4 * 4
    made["classifier.weight"] = rng.standard_normal((10, width)).astype(dtype)
    made["classifier.bias"] = rng.standard_normal(10).astype(dtype)
    return made


@settings(max_examples=40)
@given(
    before=st.integers(1, 6),
    more=st.integers(0, 9),
    uneven=st.sampled_from((0.0, 0.1, 0.9)),
    dtype=st.sampled_from((np.float32, np.float64)),
    seed=st.integers(0, 2**32),
)
def test_replicas_share_what_one_channel_fed(before, more, uneven, dtype, seed):
    rng = np.random.default_rng(seed)
    replication = Replication(Symmetry(uneven), rng)
    weights, x = rng.standard_normal((5, before)).astype(dtype), rng.standard_normal(before).astype(dtype)
    g = replication.widen(before, before + more)
    wider = replication.consume(weights, g)
    assert wider.dtype == dtype
    assert list(g[:before]) == list(range(before))
    error = np.abs(wider.astype(np.float64) @ x[g] - weights.astype(np.float64) @ x).max()
    assert error <= (1e-14 if dtype is np.float64 else 1e-5)


@settings(max_examples=40)
@given(channels=st.integers(1, 5), more=st.tuples(st.integers(0, 9), st.integers(0, 9)), seed=st.integers(0, 2**32))
def test_an_identity_carries_every_channel_between_any_two_maps(channels, more, seed):
    replication = Replication(Symmetry(), np.random.default_rng(seed))
    inputs, outputs = (replication.widen(channels, channels + extra) for extra in more)
    matrix = replication.identity(outputs, inputs, np.float64)
    values = np.arange(1.0, channels + 1)
    np.testing.assert_allclose(matrix @ values[inputs], values[outputs], rtol=1e-15)
    np.testing.assert_array_equal(replication.identity(inputs, inputs, np.float64), np.eye(len(inputs)))


def test_a_flatten_spreads_a_map_over_pixels():
    assert list(flattened(np.array([0, 1, 0]), 2)) == [0, 1, 2, 3, 0, 1]


def test_a_candidate_inherits_itself_bit_by_bit():
    weights = arrays(PARENT)
    inherited = SPACE.inherit(PARENT, PARENT, weights)
    assert inherited.keys() == weights.keys()
    for name, array in inherited.items():
        np.testing.assert_array_equal(array, weights[name])


CHILDREN = {
    "widen": replace(PARENT, blocks=((Conv("c0", 6, 5), Residual("r0", 6, 5)), (Conv("c1", 8, 3),))),
    "deepen": PARENT.with_block(1, (Conv("c1", 6, 3), Conv("c2", 6, 3))),
    "residual": PARENT.with_block(1, (Conv("c1", 6, 3), Residual("r1", 6, 3))),
}


@pytest.mark.parametrize("kind", CHILDREN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_aliased_nothing_is_changed_and_the_type_is_kept(kind, dtype):
    weights = arrays(PARENT, dtype=dtype)
    before = {name: array.copy() for name, array in weights.items()}
    inherited = SPACE.inherit(CHILDREN[kind], PARENT, weights)
    for name, array in inherited.items():
        assert array.dtype == (np.int64 if name.endswith("tracked") else dtype)
        assert not any(np.shares_memory(array, other) for other in weights.values())
        array[...] = 0
    for name, array in before.items():
        np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize("kind", CHILDREN)
def test_the_same_child_inherits_the_same_weights(kind):
    first, second = (SPACE.inherit(CHILDREN[kind], PARENT, arrays(PARENT)) for _ in range(2))
    assert list(first) == list(second)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_an_inserted_layer_comes_without_its_batch_norm_and_a_residual_block_with_a_zero_scale():
    deeper = SPACE.inherit(CHILDREN["deepen"], PARENT, arrays(PARENT))
    assert [name for name in deeper if name.startswith("c2.")] == ["c2.conv.weight"]
    np.testing.assert_array_equal(deeper["c2.conv.weight"][:, :, 1, 1], np.eye(6))
    assert np.count_nonzero(deeper["c2.conv.weight"]) == 6
    residual = SPACE.inherit(CHILDREN["residual"], PARENT, arrays(PARENT))
    assert sorted(name for name in residual if name.startswith("r1.")) == ["r1.bn2.bias", "r1.bn2.weight"]
    assert not residual["r1.bn2.weight"].any()


def test_noise_touches_replicas_only_and_only_a_little():
    noisy = CnnSpace(family="residual", uneven=0.0, noise=0.01)
    quiet = CnnSpace(family="residual", uneven=0.0)
    with_, without = (space.inherit(CHILDREN["widen"], PARENT, arrays(PARENT)) for space in (noisy, quiet))
    first = "c0.conv.weight"
    np.testing.assert_array_equal(with_[first][:4], without[first][:4])
    difference = np.abs(with_[first][4:] - without[first][4:])
    assert 0 < difference.max() < 0.1 * np.abs(without[first]).max()


def test_uneven_shares_differ_between_replicas():
    inherited = SPACE.inherit(CHILDREN["widen"], PARENT, arrays(PARENT))
    weights = inherited["c1.conv.weight"]
    twins = [
        (a, b)
        for a in range(6)
        for b in range(a)
        if np.array_equal(inherited["c0.conv.weight"][a], inherited["c0.conv.weight"][b])
    ]
    assert twins
    assert all(not np.allclose(weights[:, a], weights[:, b]) for a, b in twins)


def test_what_no_growth_explains_is_left_out():
    narrower = replace(PARENT, blocks=(PARENT.blocks[0], (Conv("c1", 4, 3),)))
    inherited = SPACE.inherit(narrower, PARENT, arrays(PARENT))
    assert {name.split(".")[0] for name in inherited} == {"c0", "r0"}
    pooled = replace(PARENT, pools=("avg",))
    assert {name.split(".")[0] for name in SPACE.inherit(pooled, PARENT, arrays(PARENT))} == {"c0", "r0"}


def test_strangers_inherit_nothing():
    stranger = replace(PARENT, blocks=((Conv("c9", 4, 3),), (Conv("c1", 6, 3),)))
    assert SPACE.inherit(stranger, PARENT, arrays(PARENT)) is None
    assert SPACE.inherit(PARENT, PARENT, {}) is None
    colour = arrays(PARENT) | {"c0.conv.weight": np.ones((4, 3, 3, 3))}
    assert SPACE.inherit(PARENT, PARENT, colour) is None


def test_a_layer_before_the_first_one_is_no_identity():
    ahead = PARENT.with_block(0, (Conv("c5", 4, 3), *PARENT.blocks[0]))
    assert SPACE.inherit(ahead, PARENT, arrays(PARENT)) is None
