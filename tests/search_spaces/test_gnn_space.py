"""Spaces `gnn` and `gnn-wide`: what they ask, what they refuse, what is the same network."""

from dataclasses import replace

import numpy as np
import pytest
from gnn_weights import shaped
from hypothesis import given
from hypothesis import strategies as st

from automl.core.choices import at_random, group_of, run
from automl.core.choices import given as answered
from automl.core.errors import InvalidCandidate, UsageError
from automl.search_spaces.gnn import Gnn, GnnSpace, Layer, WideGnnSpace, shapes, size
from automl.testing.spaces import SpaceContract

GAT = Gnn((Layer(8, 8, "gat", "sum", "identity", "elu"), Layer(7, 1, "gat", "sum", "identity", "linear")))


SPACES = {
    "tight": GnnSpace(features=30, max_params=2_000, max_width=32),
    "graphs": GnnSpace(features=30, outputs=2, task="graph"),
    "wide links": WideGnnSpace(features=30, task="link", max_params=1_000),
}


@pytest.mark.parametrize("name", SPACES)
class TestContract(SpaceContract):
    samples = 15

    @pytest.fixture
    def space(self, name):
        return SPACES[name]

    @pytest.fixture
    def weights(self, space):
        return lambda candidate: shaped(space, candidate)


def asked(space, seed=0):
    return run(space.build, at_random(np.random.default_rng(seed)))[1]


def test_two_layers_are_a_string_of_actions_of_six_classes():
    trace = asked(GnnSpace(max_width=0, max_params=0))
    actions = ["width", "heads", "attention", "aggregate", "combine", "activation"]
    assert list(trace) == [f"layer0/{a}" for a in actions] + [f"layer1/{a}" for a in actions[1:]]
    assert {group_of(name) for name in trace} == set(actions)
    counts = [len(trace[f"layer0/{a}"].domain.values) for a in actions]
    assert counts == [7, 5, 7, 3, 2, 8]
    assert np.prod(counts) == 11_760  # Zhou et al. 2022, section 3.1, on one layer


def test_the_last_layer_of_a_network_on_nodes_has_the_width_of_its_output():
    for seed in range(20):
        candidate, _ = run(GnnSpace(outputs=11).build, at_random(np.random.default_rng(seed)))
        assert candidate.layers[-1].width == 11
    pooled, trace = run(GnnSpace(outputs=11, task="graph").build, at_random(np.random.default_rng(0)))
    assert "layer1/width" in trace
    assert pooled.pooling == trace["pooling"].value
    summed = GnnSpace(task="graph", pooling="sum")
    fixed, trace = run(summed.build, at_random(np.random.default_rng(0)))
    assert fixed.pooling == "sum"
    assert "pooling" not in trace
    with pytest.raises(InvalidCandidate, match="pools by max"):
        summed.check(replace(fixed, pooling="max"))


def test_the_wide_space_asks_for_depth_connections_and_recipe():
    traces = [asked(WideGnnSpace(), seed) for seed in range(30)]
    names = {name for trace in traces for name in trace}
    assert {"layers", "skip", "dropout", "lr", "weight_decay", "layer0/width", "layer2/width", "layer3/heads"} <= names
    assert "layer3/width" not in names
    assert {trace["layers"].value for trace in traces} == {1, 2, 3, 4}


@given(st.integers(0, 2**32), st.sampled_from([("max_params", 5_000), ("max_params", 50_000), ("max_width", 16)]))
def test_limits_hold_whoever_answers(seed, limit):
    name, value = limit
    space = WideGnnSpace(features=100, **{name: value})
    candidate, _ = run(space.build, at_random(np.random.default_rng(seed)))
    if name == "max_params":
        assert size(candidate, 100, 7, "node") <= value
    else:
        assert all(s.heads * s.width <= value for s in shapes(candidate, 100, "node"))
    assert space.load(space.dump(candidate)) == candidate


def test_an_output_wider_than_the_limit_keeps_one_head():
    for seed in range(10):
        candidate, _ = run(GnnSpace(outputs=300).build, at_random(np.random.default_rng(seed)))
        assert candidate.layers[-1].heads == 1


def test_a_known_network_has_its_published_size():
    assert size(GAT, 1433, 7, "node") == 1433 * 64 + 3 * 64 + 2 * 64 + 64 * 7 + 3 * 7  # norm: 2 x 64
    assert GnnSpace().describe(GAT) == "8x8 gat sum elu | 1x7 gat sum linear"
    assert WideGnnSpace().describe(replace(GAT, skip="residual", lr=0.01)).endswith("linear | residual | lr 0.01")
    propagated = replace(GAT, steps=5, teleport=0.1, norm="layer")
    assert WideGnnSpace().describe(propagated).endswith("linear | 5 steps teleport 0.1 | layer norm")
    assert size(replace(GAT, norm="none"), 1433, 7, "node") == size(GAT, 1433, 7, "node") - 2 * 64


def last(**changes):
    return replace(GAT, layers=(GAT.layers[0], replace(GAT.layers[1], **changes)))


def test_what_makes_no_difference_makes_no_other_network():
    plain, literal = GnnSpace(), GnnSpace(final_activation=True)
    assert plain.key(last(activation="relu")) == plain.key(GAT)
    assert literal.key(last(activation="relu")) != literal.key(GAT)
    assert plain.key(last(activation="relu", combine="mlp")) != plain.key(last(combine="mlp"))
    wide = WideGnnSpace()
    assert wide.key(replace(GAT, skip="jumping")) == wide.key(GAT), "two layers have nothing to jump over"
    assert wide.key(replace(GAT, skip="residual")) != wide.key(GAT)
    assert wide.key(replace(GAT, teleport=0.1)) == wide.key(GAT), "without steps nothing is kept in them"
    assert wide.key(replace(GAT, steps=5, teleport=0.1)) != wide.key(replace(GAT, steps=5, teleport=0.2))
    assert wide.key(replace(GAT, norm="batch")) != wide.key(GAT)
    alone = last(attention="own")
    assert wide.key(last(attention="own", aggregate="max")) == wide.key(alone), "one message is its own sum"


def test_what_earlier_versions_wrote_is_read():
    written = {name: value for name, value in GnnSpace().dump(GAT).items() if name not in ("norm", "steps", "teleport")}
    assert GnnSpace().load(written) == GAT


def test_the_wide_space_asks_for_norms_and_propagation():
    traces = [asked(WideGnnSpace(), seed) for seed in range(40)]
    assert {trace["norm"].value for trace in traces} == {"none", "batch", "layer"}
    assert {trace["steps"].value for trace in traces} == {0, 2, 5, 10}
    assert all(("teleport" in trace) == (trace["steps"].value > 0) for trace in traces)
    assert "own" in {choice.value for trace in traces for choice in trace.values()}
    without = [asked(WideGnnSpace(steps=(0,)), seed) for seed in range(10)]
    assert not any("steps" in trace or "teleport" in trace for trace in without)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (replace(GAT, layers=GAT.layers[:1]), "1 layers"),
        (replace(GAT, layers=(replace(GAT.layers[0], width=7), GAT.layers[1])), "width 7"),
        (last(width=8), "width 8"),
        (last(attention="gta"), "attention 'gta'"),
        (replace(GAT, skip="residual"), "gnn-wide"),
        (replace(GAT, norm="batch"), "gnn-wide"),
        (last(attention="own"), "attention 'own'"),
        (replace(GAT, pooling="mean"), "pooled"),
        (replace(GAT, layers=(replace(GAT.layers[0], width=64), GAT.layers[1])), "too large"),
    ],
)
def test_it_refuses_what_is_not_of_it(candidate, said):
    with pytest.raises(InvalidCandidate, match=said):
        GnnSpace().check(candidate)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"steps": 3, "teleport": 0.1}, "3 steps"), ({"steps": 5}, "teleport"), ({"norm": "group"}, "the norm")],
)
def test_the_wide_space_refuses_propagation_that_is_none(changes, said):
    with pytest.raises(InvalidCandidate, match=said):
        WideGnnSpace().check(replace(GAT, **changes))


@pytest.mark.parametrize("json", [None, {}, {"layers": []}, {"layers": [{"width": 8}]}, "gat"])
def test_it_reads_no_nonsense(json):
    with pytest.raises(InvalidCandidate, match="describes no graph neural network"):
        GnnSpace().load(json)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outputs": 0}, "outputs"),
        ({"widths": (8, 4)}, "ascending"),
        ({"heads": ()}, "heads"),
        ({"layers": 0}, "layers"),
        ({"max_params": -1}, "negative"),
        ({"bank_mb": -1.0}, "bank_mb"),
        ({"max_params": 100}, "No network of 2 layers fits"),
        ({"max_width": 2}, "No network"),
    ],
)
def test_it_refuses_settings_without_sense(settings, said):
    with pytest.raises(UsageError, match=said):
        GnnSpace(**settings)


@pytest.mark.parametrize("steps", [(), (5, 10), (0, 10, 5)])
def test_it_refuses_steps_that_do_not_ascend_from_none(steps):
    with pytest.raises(UsageError, match="ascending from 0"):
        WideGnnSpace(steps=steps)


@pytest.mark.parametrize("space", [GnnSpace(), WideGnnSpace(), GnnSpace(task="graph"), GnnSpace(task="link", layers=3)])
def test_what_one_would_take_without_a_search_is_published(space):
    names = []
    for answers in space.defaults():
        candidate, trace = run(space.build, answered(answers, at_random(np.random.default_rng(0))))
        space.check(candidate)
        assert {name: choice.value for name, choice in trace.items()}.items() <= answers.items()
        names.append(candidate.layers[0].attention)
    assert names == ["gcn", "gat", *(["own"] if isinstance(space, WideGnnSpace) else [])]


def test_networks_of_sizes_that_a_space_lacks_are_not_known():
    assert [answers["layer0/attention"] for answers in GnnSpace(heads=(1, 2)).defaults()] == ["gcn"]
    assert not GnnSpace(known=False).defaults()
    assert len(WideGnnSpace(steps=(0, 2)).defaults()) == 2, "APPNP has ten steps"
