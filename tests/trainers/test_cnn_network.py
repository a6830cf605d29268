"""Networks of space cnn in torch: exact sizes, and growth that keeps the function of a network with a past."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.errors import WeightsError
from automl.search_spaces.cnn import Cnn, CnnSpace, Conv, Hidden, Residual

torch = pytest.importorskip("torch")

from automl.trainers.cnn.network import build_network, calibrate, load_weights, weights_of  # noqa: E402

SHAPE = (2, 9, 8)
CLASSES = 5
BOUND = {torch.float64: 1e-12, torch.float32: 1e-5}
SMALL = {"max_params": 15_000, "max_macs": 100_000, "input_shape": SHAPE, "classes": CLASSES}


@torch.no_grad()
def make(candidate, seed, dtype=torch.float64):
    """Return a network with a past: scales of both signs, shifts, statistics near but not at those of the images."""
    torch.manual_seed(seed)
    module = build_network(candidate, SHAPE, CLASSES).to(dtype)
    norms = [norm for norm in module.modules() if isinstance(norm, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5).mul_(torch.randn_like(norm.weight).sign())
        norm.bias.normal_(0.3, 0.3)
        norm.momentum = 1.0  # the running statistics become those of the next batch
    module.train()(images(60, dtype))
    for norm in norms:
        norm.running_mean.add_(0.2 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean))
        norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.5, 2.0))
        norm.momentum = 0.1
    return module


def grown(space, parent, answer, edits):
    child = parent
    for _ in range(edits):
        if space.edits(child):
            child = run(lambda choose, parent=child: space.grow(parent, choose), answer)[0]
    return child


def child_of(space, child, parent, module, images):
    dtype = images.dtype
    network = build_network(child, SHAPE, CLASSES).to(dtype)
    calibrate(network, load_weights(network, space.inherit(child, parent, weights_of(module))), images)
    return network


def relative(a, b):
    return float((a - b).detach().abs().max() / a.detach().abs().max())


def images(count, dtype=torch.float64):
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(count)).to(dtype)


@settings(max_examples=25)
@given(
    st.sampled_from(("plain", "residual")),
    st.integers(0, 2**32),
    st.integers(1, 8),
    st.sampled_from((0.0, 0.5)),
    st.sampled_from((torch.float64, torch.float32)),
)
def test_any_sequence_of_edits_keeps_the_function_in_eval_mode(family, seed, edits, uneven, dtype):
    space, answer = CnnSpace(family=family, uneven=uneven, **SMALL), at_random(np.random.default_rng(seed))
    parent = run(space.build, answer)[0]
    child = grown(space, parent, answer, edits)
    module, x = make(parent, seed, dtype).eval(), images(60, dtype)
    with torch.no_grad():
        before, after = module(x), child_of(space, child, parent, module, x).eval()(x)
    assert relative(before, after) <= BOUND[dtype]
    assert before.std(0).max() > 0.01 * before.abs().max()  # the network is no constant


@settings(max_examples=15)
@given(st.sampled_from(("widen", "kernel", "residual")), st.integers(0, 2**32))
def test_widen_kernel_and_residual_keep_the_function_in_train_mode_too(kind, seed):
    space = CnnSpace(family="residual", **SMALL)
    random = at_random(np.random.default_rng(seed))
    parent = run(space.build, random)[0]
    if kind not in space.edits(parent):
        return
    child = run(
        lambda choose: space.grow(parent, choose),
        lambda name, domain, allowed: kind if name == "edit" else random(name, domain, allowed),
    )[0]
    module, x = make(parent, seed).train(), images(40)
    with torch.no_grad():
        child_module = child_of(space, child, parent, module, x).train()
        assert relative(module(x), child_module(x)) <= 1e-9


@settings(max_examples=20)
@given(st.sampled_from(("plain", "residual")), st.integers(0, 2**32))
def test_parameters_and_macs_are_those_of_the_module(family, seed):
    space = CnnSpace(family=family, **SMALL)
    candidate = run(space.build, at_random(np.random.default_rng(seed)))[0]
    module, macs = build_network(candidate, SHAPE, CLASSES), []

    def count(layer, _, output):
        macs.append(layer.weight[0].numel() * output[0].numel())

    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    assert module(images(2, torch.float32)).shape == (2, CLASSES)
    assert space.limits.size(candidate).params == sum(p.numel() for p in module.parameters())
    assert space.limits.size(candidate).macs == sum(macs)


CANDIDATE = Cnn(((Conv("c3", 4, 3), Residual("r0", 6, 3)), (Conv("c1", 6, 1),)), ("max",), "gap", (Hidden("f0", 8),))


def test_arrays_are_named_after_the_layers():
    names = build_network(CANDIDATE, SHAPE, CLASSES).state_dict().keys()
    assert {name.split(".")[0] for name in names} == {"c3", "r0", "c1", "f0", "classifier"}
    assert {"c3.conv.weight", "c3.bn.running_mean", "r0.conv2.weight", "r0.bn2.weight", "f0.linear.weight"} <= names


def test_a_fresh_residual_block_is_the_identity():
    unit = build_network(CANDIDATE, SHAPE, CLASSES).get_submodule("r0")
    x = torch.rand(3, 4, 9, 8)
    assert torch.equal(unit(x), x)


def test_weights_come_back_as_they_went_in():
    module, other = (build_network(CANDIDATE, SHAPE, CLASSES) for _ in range(2))
    assert load_weights(other, weights_of(module)) == []
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_weights_of_a_module_are_copies():
    module = build_network(CANDIDATE, SHAPE, CLASSES)
    weights_of(module)["classifier.bias"][:] = 99
    assert module.get_submodule("classifier").bias.abs().max() < 99


@pytest.mark.parametrize("strange", [{"c9.conv.weight": np.ones(3)}, {"classifier.bias": np.ones(3)}])
def test_weights_that_do_not_fit_are_refused_by_name(strange):
    with pytest.raises(WeightsError, match=next(iter(strange))):
        load_weights(build_network(CANDIDATE, SHAPE, CLASSES), strange)


def test_batch_norms_to_calibrate_are_those_whose_layer_alone_was_given():
    module = build_network(CANDIDATE, SHAPE, CLASSES)
    weights = weights_of(module)
    given_ = {name: weights[name] for name in ("c3.conv.weight", "f0.linear.weight", "r0.bn2.weight")}
    assert load_weights(module, given_) == ["c3.bn", "f0.bn"]


@pytest.mark.parametrize("training", [True, False])
def test_calibration_makes_a_norm_the_identity_and_leaves_the_mode(training):
    module = make(CANDIDATE, 0).train(training)
    x = images(300)
    calibrate(module, ["c1.bn", "f0.bn"], x, batch=64)
    assert module.training is training
    seen = {}
    for name in ("c1.bn", "f0.bn"):
        module.get_submodule(name).register_forward_hook(
            lambda _, inputs, output, name=name: seen.update({name: (inputs[0].clone(), output.clone())})
        )
    module.eval()(x)
    for name, (received, returned) in seen.items():
        assert relative(received, returned) < 1e-12, name
        norm = module.get_submodule(name)
        dims = [d for d in range(received.ndim) if d != 1]
        torch.testing.assert_close(norm.running_mean, received.mean(dims))
        torch.testing.assert_close(norm.running_var, received.var(dims, correction=0))


def test_replicas_learn_different_things():
    """With even shares twins stay twins for ever; uneven shares part them from the first step."""
    x, y = images(60), torch.randint(CLASSES, (60,), generator=torch.Generator().manual_seed(0))
    parent = Cnn(((Conv("c0", 4, 3),), (Conv("c1", 6, 3),), (Conv("c2", 6, 3),)), ("max", "max"), "gap", ())
    child = parent.with_layer(0, 0, Conv("c0", 6, 3))
    spread = {}
    for uneven in (0.0, 0.3):
        space = CnnSpace(uneven=uneven, **SMALL)
        module = make(parent, 1)
        network = child_of(space, child, parent, module, x).train()
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        for _ in range(3):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(x), y).backward()
            optimiser.step()
        filters = network.get_submodule("c0.conv").weight.detach().flatten(1)
        nearest = (filters[:, None] - filters).norm(dim=2) + torch.eye(6) * 99
        spread[uneven] = float(nearest[4:].min())
    assert spread[0.0] < 1e-9 < 1e-5 < spread[0.3]
