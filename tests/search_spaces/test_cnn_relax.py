"""The relaxed network of space `cnn`: what is read from it, and what that inherits."""

import json
from dataclasses import replace

import numpy as np
import pytest

from automl.core.errors import InvalidCandidate
from automl.search_spaces.cnn import Cnn, CnnSpace, Conv
from automl.search_spaces.cnn.relax import group, importance, rings

SPACE = CnnSpace()
(MIXED,) = SPACE.relax("learned")


def wanting(**wanted):
    """Importance in which every layer wants little, but for those named: (channels, kernel)."""
    found = {}
    for conv in (part for part in MIXED.parts() if isinstance(part, Conv)):
        filters, kernel = wanted.get(conv.id, (4, 1))
        channels, taps = np.full(conv.filters, 1e-3), np.full(conv.kernel // 2 + 1, 1e-3)
        channels[filters - 1] += 1
        taps[kernel // 2] += 1
        found[conv.id] = {"channels": (channels / channels.sum()).tolist(), "rings": (taps / taps.sum()).tolist()}
    return {"importance": found}


def weights(rng):
    """Random weights, named and shaped as the trainer's."""
    from automl.trainers.cnn.network import build_network, weights_of

    made = weights_of(build_network(MIXED, (1, 8, 8), 10))
    return {name: np.asarray(rng.random(array.shape), array.dtype) for name, array in made.items()}


def test_it_is_the_start_net_wider_deeper_and_with_the_largest_kernels():
    assert SPACE.describe(MIXED) == "mixed 16k5 16k5 | 24k5 24k5 | gap fc32"
    assert SPACE.relax("learned") == SPACE.relax("learned")
    shallow = CnnSpace(depth=1, kernels=(1, 3))
    assert shallow.describe(shallow.relax("learned")[0]) == "mixed 16k3 | 24k3 | gap fc32"


def test_it_is_written_and_read_and_is_no_ordinary_network():
    SPACE.check(MIXED)
    assert SPACE.load(json.loads(json.dumps(SPACE.dump(MIXED)))) == MIXED
    assert SPACE.key(MIXED) != SPACE.key(replace(MIXED, mixed=False))
    assert "mixed" not in SPACE.dump(SPACE.root())
    with pytest.raises(InvalidCandidate, match="relaxed network of this space is another one"):
        SPACE.check(replace(SPACE.root(), mixed=True))


def test_limits_are_for_what_is_read_from_it():
    tight = CnnSpace(max_params=5000)
    (mixed,) = tight.relax("learned")
    tight.check(mixed)
    found = tight.discretise(mixed, wanting(), 1.0, "learned")
    tight.check(found)
    assert 4000 < tight.limits.size(found).params <= 5000


@pytest.mark.parametrize("budget", [1, 0.5, 1 / 4, 1 / 16, 2000])
def test_what_is_read_fits_and_nothing_more_would(budget):
    found = SPACE.discretise(MIXED, wanting(c1=(12, 5), c2=(8, 3)), budget, "learned")
    SPACE.check(found)
    most = budget * SPACE.limits.size(MIXED).params if budget <= 1 else budget
    assert SPACE.limits.size(found).params <= most
    if budget == 1:
        assert found == replace(MIXED, mixed=False)


def test_what_is_wanted_comes_first():
    found = SPACE.discretise(MIXED, wanting(c1=(12, 5), c3=(16, 3)), 7500, "learned")
    (_, c1), (_, c3) = found.blocks
    assert (c1.filters, c1.kernel) >= (12, 5)
    assert (c3.filters, c3.kernel) >= (16, 3)


def test_a_budget_below_the_smallest_network_is_refused():
    with pytest.raises(InvalidCandidate, match="The smallest network of this depth has"):
        SPACE.discretise(MIXED, wanting(), 100, "learned")


def test_importance_is_a_distribution_over_channels_and_rings():
    found = importance(MIXED, weights(np.random.default_rng(0)))
    assert list(found) == ["c0", "c1", "c2", "c3"]
    for layer in found.values():
        assert {name: pytest.approx(sum(shares)) for name, shares in layer.items()} == {"channels": 1, "rings": 1}
    assert [len(shares) for shares in found["c3"].values()] == [24, 3]
    assert rings(3).tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert group(16).tolist() == [n // 2 for n in range(16)]
    assert group(3).tolist() == [0, 1, 2]


def test_a_child_inherits_the_first_channels_and_the_inside_of_the_kernels():
    given = weights(np.random.default_rng(1))
    child = SPACE.discretise(MIXED, wanting(), 1 / 8, "learned")
    made = SPACE.inherit(child, MIXED, given)
    (_, second), _ = child.blocks
    margin = (5 - second.kernel) // 2
    inner = slice(margin, 5 - margin)
    first = child.blocks[0][0].filters
    expected = given["c1.conv.weight"][: second.filters, :first, inner, inner]
    assert np.array_equal(made["c1.conv.weight"], expected)
    assert np.array_equal(made["c1.bn.running_var"], given["c1.bn.running_var"][: second.filters])
    assert made["f0.linear.weight"].shape == (32, child.blocks[1][-1].filters)
    assert np.array_equal(made["classifier.weight"], given["classifier.weight"])
    assert not any(np.shares_memory(made[name], given[name]) for name in made)


def test_it_inherits_itself_and_others_nothing():
    given = weights(np.random.default_rng(2))
    same = SPACE.inherit(MIXED, MIXED, given)
    assert same.keys() == given.keys()
    assert not any(np.shares_memory(same[name], given[name]) for name in same)
    assert SPACE.inherit(SPACE.root(), MIXED, given) is None
    assert SPACE.inherit(replace(MIXED, mixed=False, head="flatten"), MIXED, given) is None


def test_the_full_network_cut_out_is_an_ordinary_one():
    from automl.trainers.cnn.network import build_network, load_weights

    full = replace(MIXED, mixed=False)
    made = SPACE.inherit(full, MIXED, weights(np.random.default_rng(3)))
    module = build_network(full, (1, 8, 8), 10)
    assert made.keys() == module.state_dict().keys()
    assert load_weights(module, made) == []
    assert isinstance(full, Cnn)
