"""Space cnn: its codec, its program and its edits keep every promise for any image size and any answers."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.domains import Integers, Options
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.space import Growable, Inheritable
from automl.search_spaces.cnn import Cnn, CnnSpace, Conv, Hidden, Residual

SHAPES = ((1, 8, 8), (1, 14, 14), (1, 28, 28), (3, 32, 32), (2, 1, 1), (3, 9, 16))
BLOCKS = {8: 2, 14: 3, 28: 4, 32: 4, 1: 1, 9: 2}

spaces = st.builds(
    CnnSpace,
    input_shape=st.sampled_from(SHAPES),
    classes=st.integers(2, 12),
    family=st.sampled_from(("plain", "residual")),
    depth=st.integers(1, 4),
    hidden=st.integers(0, 3),
    max_params=st.sampled_from((0, 2_000, 20_000)),
    max_macs=st.sampled_from((0, 120_000, 1_000_000)),
)


def largest(name, domain, allowed):
    """Answer as greedily as the program allows."""
    if allowed is not None:
        return allowed[-1]
    return domain.values[-1] if isinstance(domain, Options) else domain.high


def only(kind, seed):
    """Answer with one kind of edit, and at random otherwise."""
    random = at_random(np.random.default_rng(seed))
    return lambda name, domain, allowed: kind if name == "edit" else random(name, domain, allowed)


def answers(draw):
    seed = draw(st.one_of(st.none(), st.integers(0, 2**32)))
    return largest if seed is None else at_random(np.random.default_rng(seed))


@st.composite
def built(draw):
    space, answer = draw(spaces), answers(draw)
    candidate, trace = run(space.build, answer)
    return space, candidate, trace


@st.composite
def lineages(draw):
    space, answer = draw(spaces), answers(draw)
    lineage = [run(space.build, answer)[0] if draw(st.booleans()) else space.root()]
    for _ in range(draw(st.integers(1, 6))):
        if space.edits(lineage[-1]):
            lineage.append(run(lambda choose: space.grow(lineage[-1], choose), answer)[0])
    return space, lineage


def renamed(candidate):
    """Return the same network with other names."""
    json_ = CnnSpace().dump(candidate)
    text = json.dumps(json_)
    for layer in [*(layer for block in json_["blocks"] for layer in block), *json_["hidden"]]:
        text = text.replace(f'"{layer["id"]}"', f'"{layer["id"][0]}7{layer["id"][1:]}"')
    return CnnSpace().load(json.loads(text))


@settings(max_examples=40)
@given(built())
def test_whatever_is_built_belongs_to_the_space_and_survives_json(case):
    space, candidate, _ = case
    space.check(candidate)
    assert space.load(json.loads(json.dumps(space.dump(candidate)))) == candidate
    assert len({candidate, space.load(space.dump(candidate))}) == 1


@settings(max_examples=30)
@given(spaces, st.integers(0, 2**32))
def test_a_name_always_asks_from_the_same_domain(space, seed):
    domains = {}
    for shift in range(4):
        _, trace = run(space.build, at_random(np.random.default_rng(seed + shift)))
        for name, choice in trace.items():
            assert domains.setdefault(name, choice.domain) == choice.domain


@settings(max_examples=40)
@given(lineages())
def test_growth_stays_in_the_space_and_always_changes_something(case):
    space, lineage = case
    for parent, child in itertools.pairwise(lineage):
        space.check(child)
        assert space.key(child) != space.key(parent)
        assert space.limits.size(child).params > space.limits.size(parent).params


@settings(max_examples=40)
@given(lineages())
def test_layers_keep_their_names_and_new_names_are_new(case):
    _, lineage = case
    names = [[p.id for p in c.parts() if not isinstance(p, str)] for c in lineage]
    for before, after in itertools.pairwise(names):
        assert [name for name in after if name in before] == before


@settings(max_examples=25)
@given(lineages(), st.integers(0, 2**32))
def test_edits_lists_what_grow_can_do(case, seed):
    space, lineage = case
    parent = lineage[-1]
    for kind in space.edits(parent):
        child, trace = run(lambda choose: space.grow(parent, choose), only(kind, seed))
        space.check(child)
        assert trace.keys() <= {"edit"} or any(name.startswith(f"{kind}/") for name in trace)
    if not space.edits(parent):
        with pytest.raises(InvalidCandidate, match="limits"):
            run(lambda choose: space.grow(parent, choose), largest)


@settings(max_examples=30)
@given(lineages())
def test_the_names_and_domains_of_edits_do_not_depend_on_the_parent(case):
    space, lineage = case
    depth = Integers(0, space.limits.depth - 1)
    known = {"kernel/layer": depth, "residual/after": depth, "kernel/block": Integers(0, space.limits.blocks - 1)}
    for parent in lineage:
        if space.edits(parent):
            _, trace = run(lambda choose, parent=parent: space.grow(parent, choose), largest)
            for name, choice in trace.items():
                assert known.get(name, choice.domain) == choice.domain
                if name.startswith("widen/"):
                    assert choice.domain == Options((False, True))
                    assert int(name[6:]) < len(space.words(parent))


def test_the_key_forgets_names_and_nothing_else():
    space = CnnSpace(family="residual")
    candidate, _ = run(space.build, at_random(np.random.default_rng(1)))
    assert renamed(candidate) != candidate
    assert space.key(renamed(candidate)) == space.key(candidate)
    keys = {space.key(run(space.build, at_random(np.random.default_rng(seed)))[0]) for seed in range(50)}
    assert len(keys) == 50


@pytest.mark.parametrize("shape", SHAPES)
def test_images_are_pooled_until_they_are_small(shape):
    space = CnnSpace(input_shape=shape)
    assert len(space.root().blocks) == BLOCKS[min(shape[1:])]
    space.check(space.root())


def test_the_paper_profile_starts_from_the_papers_net():
    space = CnnSpace(input_shape=(3, 32, 32), **CnnSpace.profiles["paper"])
    assert " ".join(space.words(space.root())) == (
        "conv-16-3 pool conv-32-3 pool conv-64-3 pool conv-128-3 pool fc-256"
    )
    assert space.edits(space.root()) == ["widen", "deepen", "kernel"]


def test_words_name_every_part():
    blocks = ((Conv("c0", 8, 3), Residual("r0", 6, 5)), (Conv("c1", 12, 1),))
    candidate = Cnn(blocks, ("avg",), "flatten", (Hidden("f0", 16),))
    assert CnnSpace().words(candidate) == ["conv-8-3", "res-6-5", "pool", "conv-12-1", "flatten", "fc-16"]


def test_widening_moves_every_yes_one_notch():
    space = CnnSpace()
    replies = {"edit": "widen", "widen/0": True, "widen/2": False, "widen/4": True}
    child, trace = run(lambda choose: space.grow(space.root(), choose), lambda name, *_: replies[name])
    assert space.words(child) == ["conv-12-3", "pool", "conv-12-3", "pool", "fc-48"]
    assert list(trace) == ["edit", "widen/0", "widen/1", "widen/2", "widen/3", "widen/4"]


def test_an_edit_of_only_no_widens_the_last_layer_that_can():
    space = CnnSpace()
    child, _ = run(lambda choose: space.grow(space.root(), choose), lambda name, *_: name == "edit" and "widen")
    assert space.words(child) == ["conv-8-3", "pool", "conv-12-3", "pool", "fc-48"]


def test_a_yes_is_offered_only_while_the_earlier_ones_leave_room():
    root = CnnSpace().root()
    replies = {"edit": "widen", "widen/0": True, "widen/2": True, "widen/4": True}
    wider, _ = run(lambda choose: CnnSpace().grow(root, choose), lambda name, *_: replies[name])
    all_but_one = CnnSpace().limits.size(wider).params - 1
    child, _ = run(lambda choose: CnnSpace(max_params=all_but_one).grow(root, choose), lambda name, *_: replies[name])
    assert CnnSpace().words(child) == ["conv-12-3", "pool", "conv-16-3", "pool", "fc-32"]


def test_deepening_copies_the_width_of_what_it_follows():
    space = CnnSpace(family="residual")
    replies = {"edit": "deepen", "deepen/block": 1, "deepen/after": 0, "deepen/kernel": 5}
    child, _ = run(lambda choose: space.grow(space.root(), choose), lambda name, *_: replies[name])
    assert child.blocks[1] == (Conv("c1", 12, 3), Conv("c2", 12, 5))
    replies = {"edit": "residual", "residual/block": 1, "residual/after": 1, "residual/kernel": 3}
    child, _ = run(lambda choose: space.grow(child, choose), lambda name, *_: replies[name])
    assert child.blocks[1] == (Conv("c1", 12, 3), Conv("c2", 12, 5), Residual("r0", 12, 3))


def test_a_start_net_above_the_limits_is_made_narrower():
    space = CnnSpace(max_params=700)
    assert space.limits.size(space.root()).params <= 700
    assert space.limits.size(CnnSpace().root()).params > 700
    assert space.edits(CnnSpace(max_params=space.limits.size(space.root()).params).root()) != []


def test_the_space_can_grow_and_inherit():
    assert isinstance(CnnSpace(), Growable)
    assert isinstance(CnnSpace(), Inheritable)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"input_shape": (8, 8)}, "input_shape"),
        ({"classes": 0}, "classes"),
        ({"filters": (8, 4)}, "filters"),
        ({"kernels": (2, 3)}, "odd"),
        ({"depth": 0}, "depth"),
        ({"start": (5,)}, "start"),
        ({"start": ()}, "start"),
        ({"uneven": 1.0}, "uneven"),
        ({"noise": -1.0}, "noise"),
        ({"max_params": 10}, "smallest"),
        ({"max_macs": -1}, "max_macs"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(wrong, says):
    with pytest.raises(UsageError, match=says):
        CnnSpace(**wrong)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"blocks": []}, "pooling"),
        ({"pools": ["min"]}, "max or avg"),
        ({"pools": []}, "pooling"),
        ({"head": "sum"}, "gap or flatten"),
        ({"blocks": [[], []]}, "start with a convolution"),
        ({"blocks": [[{"residual": 8, "kernel": 3, "id": "r0"}]] * 2}, "start with a convolution"),
        ({"blocks": [[{"conv": 8, "kernel": 3, "id": "c0"}]] * 2}, "each once"),
        ({"hidden": [{"fc": 8, "id": "c0"}]}, "named"),
        ({"hidden": [{"fc": "8", "id": "f0"}]}, "whole numbers"),
        ({"hidden": [{"id": "f0"}]}, "describes no network"),
        ({"hidden": 3}, "describes no network"),
    ],
)
def test_json_of_no_network_is_refused(change, says):
    json_ = {**CnnSpace().dump(CnnSpace().root()), **change}
    with pytest.raises(InvalidCandidate, match=says):
        CnnSpace().load(json_)


@pytest.mark.parametrize("nonsense", [None, 3, "cnn", [], {}, {"blocks": {"a": 1}}])
def test_what_is_no_json_of_a_network_is_refused(nonsense):
    with pytest.raises(InvalidCandidate):
        CnnSpace().load(nonsense)


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ({"input_shape": (1, 28, 28)}, "blocks"),
        ({"filters": (4, 16), "start": (4,)}, "c0"),
        ({"units": (8, 16), "start_hidden": (8,)}, "f0"),
        ({"kernels": (1, 5)}, "kernel"),
        ({"hidden": 0}, "deeper"),
        ({"max_params": 1000}, "too large"),
    ],
)
def test_check_refuses_what_another_space_would_build(settings_, says):
    with pytest.raises(InvalidCandidate, match=says):
        CnnSpace(**settings_).check(CnnSpace().root())


def test_residual_blocks_are_refused_by_the_plain_family():
    space = CnnSpace(family="residual")
    replies = {"edit": "residual", "residual/block": 0, "residual/after": 0, "residual/kernel": 3}
    child, _ = run(lambda choose: space.grow(space.root(), choose), lambda name, *_: replies.get(name))
    with pytest.raises(InvalidCandidate, match="residual"):
        CnnSpace().check(child)
