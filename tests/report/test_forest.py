"""The drawing of a forest: nothing overlaps, generations are rows, the marked path is straight."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from automl.report.forest import layout


@st.composite
def forests(draw):
    """A forest of up to 60 nodes, in which parents have smaller numbers."""
    size = draw(st.integers(2, 60))
    parents = {n: draw(st.integers(-2, n - 1)) for n in range(1, size)}
    return {n: p for n, p in parents.items() if p >= 0} or {1: 0}


def path_to(node, parents):
    path = [node]
    while path[-1] in parents:
        path.append(parents[path[-1]])
    return path[::-1]


def upright(parents, path=()):
    """The places with the generation as y, whichever way the forest was turned."""
    places = layout(parents, path)
    if all(places[child][1] == places[parent][1] + 1 for child, parent in parents.items()):
        return places
    return {node: (y, x) for node, (x, y) in places.items()}


@settings(max_examples=60)
@given(forests(), st.data())
def test_layout(parents, data):
    last = data.draw(st.sampled_from(sorted({*parents, *parents.values()})))
    path = path_to(last, parents)
    places = upright(parents, path)
    assert set(places) == {*parents, *parents.values()}
    assert all(places[child][1] == places[parent][1] + 1 for child, parent in parents.items())
    assert len({places[node][0] for node in path}) == 1
    rows = defaultdict(list)
    for x, y in places.values():
        rows[y].append(x)
    assert all(b - a >= 1 - 1e-9 for row in rows.values() for a, b in pairwise(sorted(row)))


@settings(max_examples=60)
@given(forests())
def test_lines_do_not_cross(parents):
    places = upright(parents)
    rows = defaultdict(list)
    for child, parent in parents.items():
        rows[places[parent][1]].append((places[parent][0], places[child][0]))
    for lines in rows.values():
        lines.sort()
        assert all(a[1] < b[1] for a, b in pairwise(lines))


def test_a_long_chain_lies_down_and_needs_no_deep_stack():
    places = layout({n + 1: n for n in range(5000)})
    assert {y for _, y in places.values()} == {0.0}
    assert places[5000] == (5000.0, 0.0)


def test_one_parent_with_many_children_stays_upright():
    places = layout(dict.fromkeys(range(1, 101), 0))
    assert {y for _, y in places.values()} == {0.0, 1.0}
    assert sorted(x for x, y in places.values() if y) == [float(x) for x in range(-49, 51)]
