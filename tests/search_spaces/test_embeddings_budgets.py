"""Budgets in space embeddings: what rules and thumbs keep, counted to the byte."""

import re

import numpy as np
import pytest
from embedding_weights import blocks_of, importance_of, plans, spaces, weights_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl.core.errors import Incompatible, InvalidCandidate, UnknownName
from automl.search_spaces.embeddings import EmbeddingSpace, Plan, Size, size
from automl.search_spaces.embeddings.frame import popularity
from automl.search_spaces.embeddings.rules import keep_cells

BUDGETS = st.floats(0.0005, 1.0) | st.integers(2, 10**5).map(float)


def small(**other):
    """Users in two blocks of 50 rows, items in one of 20, up to 4 columns: 1,920 bytes."""
    fields = (("user", 100, ()), ("item", 20, ()))
    return EmbeddingSpace(**{"fields": fields, "max_dim": 4, "blocks": 2, "form": "cells", **other})


def importance(hot, cold, items):
    return {"importance": {"user": [hot, cold], "item": [items]}}


def bytes_of(space, plan):
    return size(plan, space.frame.fields).bytes


def searched(space, extras, budget, rule="search"):
    return space.discretise(space.relax(rule)[-1], extras, budget, rule)


# Size


def test_sizes_are_those_of_the_arrays():
    space = small()
    for candidate in (space.relax("search")[0], Plan(4, space.frame.starts, (((0, 2), ()), ((3,),)))):
        tables = {name: a for name, a in weights_of(space, candidate).items() if name.startswith("table/")}
        assert size(candidate, space.frame.fields) == Size(
            sum(array.size for array in tables.values()), sum(array.nbytes for array in tables.values())
        )


@settings(max_examples=40)
@given(st.data())
def test_sizes_of_elements_are_those_of_the_arrays(data):
    space = data.draw(spaces())
    cells = data.draw(plans(space))
    full = space.relax("pep")[0]
    most = int(sum(np.count_nonzero(a) for n, a in weights_of(space, full).items() if n.startswith("table/")))
    count = data.draw(st.integers(0, most))
    if count == 0:
        return
    candidate = Plan(full.width, full.starts, full.columns, elements=count)
    arrays = [a for n, a in weights_of(space, candidate).items() if n.startswith(("values/", "places/", "counts/"))]
    kept = sum(a.size for n, a in weights_of(space, candidate).items() if n.startswith("values/"))
    rows = sum(field.rows for field in space.frame.fields)
    assert sum(array.nbytes for array in arrays) == 5 * kept + rows
    assert kept <= count
    assert size(candidate, space.frame.fields) == Size(count, 5 * count + rows)
    assert size(cells, space.frame.fields).bytes <= bytes_of(space, full)


# Rules


def test_the_stages_of_the_rules():
    space = small(form="auto")
    assert [(stage.stage, stage.aligned) for stage in space.relax("search")] == [("wide", True), ("soft", True)]
    assert space.relax("magnitude") == space.relax("truncate") == space.relax("search")[:1]
    assert [(stage.stage, stage.aligned) for stage in space.relax("pep")] == [("thresholds", False)]
    assert not any(stage.aligned for stage in small(form="elements").relax("search"))


def test_cells_are_kept_by_importance_of_a_value_not_of_a_block():
    space = small()
    extras = importance([9, 1, 5, 0], [8, 2, 1, 0], [7, 6, 4, 0])
    assert searched(space, extras, 1920).columns == (((0, 1, 2), (0, 1, 2)), ((0, 1, 2),))
    assert searched(space, extras, 400).columns == (((0,), (0,)), ((),))
    assert searched(space, extras, 399).columns == (((0,), ()), ((0, 1),))
    assert searched(space, extras, 100).columns == (((), ()), ((0,),))
    assert searched(space, extras, 0.25) == searched(space, extras, 480)


def test_what_is_found_says_who_found_it_and_of_what_axes():
    found = searched(small(form="aligned"), importance([1] * 4, [1] * 4, [1] * 4), 0.5, "magnitude")
    assert (found.origin, found.aligned, found.width, found.stage) == ("magnitude", True, 4, "plain")


def test_equal_importances_are_kept_in_the_order_of_blocks_and_columns():
    found = searched(small(), importance([1] * 4, [1] * 4, [1] * 4), 1000)
    assert found.columns == (((0, 1, 2, 3), (0,)), ((),))


def test_cells_of_no_importance_are_not_kept_unless_none_has_any():
    space = small()
    assert searched(space, importance([0, 0, 3, 0], [0] * 4, [0] * 4), 1.0).columns == (((2,), ()), ((),))
    assert searched(space, importance([0] * 4, [0] * 4, [0] * 4), 400).columns == (((0, 1), ()), ((),))
    nan = float("nan")
    assert searched(space, importance([nan, 1, nan, 0], [0] * 4, [nan] * 4), 1.0).columns == (((1,), ()), ((),))


@settings(max_examples=150)
@given(st.data())
def test_cells_fill_the_budget_to_the_byte(data):
    """Against the definition: go through the cells from the most important one, and keep each that still fits."""
    blocks, width = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    cells = data.draw(st.lists(st.integers(0, 6), min_size=blocks * width, max_size=blocks * width))
    values = np.array(cells, dtype=float).reshape(blocks, width)
    costs = np.array(data.draw(st.lists(st.integers(1, 9), min_size=blocks, max_size=blocks)))
    most = data.draw(st.integers(0, int(costs.sum()) * width + 3))
    kept = keep_cells(values, costs, most)
    places = sorted(np.ndindex(values.shape), key=lambda place: (-values[place], place))
    left, expected = most, set()
    for place in places:
        if costs[place[0]] <= left and (values[place] > 0 or not values.any()):
            left -= costs[place[0]]
            expected.add(place)
    assert set(zip(*map(np.ndarray.tolist, np.nonzero(kept)), strict=True)) == expected
    assert (kept * costs[:, None]).sum() <= most


@settings(max_examples=150)
@given(st.data())
def test_every_rule_keeps_every_budget_or_says_what_would_do(data):
    space, budget = data.draw(spaces()), data.draw(BUDGETS)
    rule = data.draw(st.sampled_from([*space.rules, *space.thumbs]))
    whole = bytes_of(space, space.relax("search")[0])
    most = budget * whole * (1 + 1e-12) if budget <= 1 else budget

    def found(allowed):
        if rule in space.thumbs:
            return space.sized(allowed, rule)
        stage = space.relax(rule)[-1]
        return space.discretise(stage, importance_of(space, weights_of(space, stage)), allowed, rule)

    try:
        candidate = found(budget)
    except InvalidCandidate as error:
        least, share = re.search(r"Give ([\d,]+) bytes or more, which is a share of (\S+) of", error.hint).groups()
        assert float(least.replace(",", "")) > most
        if float(share) <= 1:
            space.check(found(float(share)))
        space.check(found(float(least.replace(",", ""))))
        return
    space.check(candidate)
    assert candidate.origin == rule
    assert bytes_of(space, candidate) <= most


@pytest.mark.parametrize("form", ["cells", "elements"])
def test_truncation_keeps_the_same_first_columns_everywhere(form):
    space = small(form=form)
    assert searched(space, {}, 960, "truncate").dims == ((2, 2), (2,))
    assert searched(space, {}, 959, "truncate").dims == ((1, 1), (1,))
    assert searched(space, {}, 1.0, "truncate").dims == searched(space, {}, 1e9, "truncate").dims == ((4, 4), (4,))
    assert searched(space, {}, 480, "truncate").elements is None


@pytest.mark.parametrize(("form", "rule"), [("elements", "search"), ("elements", "magnitude"), ("aligned", "pep")])
def test_single_values_cost_a_place_each_and_a_count_per_row(form, rule):
    space = small(form=form)
    found = searched(space, {}, 1000, rule)
    assert (found.elements, found.dims, found.aligned) == ((1000 - 120) // 5, ((4, 4), (4,)), False)
    assert searched(space, {}, 125, rule).elements == 1
    assert searched(space, {}, 1e9, rule).elements == 118 * 4  # PAD has none


@pytest.mark.parametrize(
    ("form", "rule", "budget", "message"),
    [
        ("cells", "search", 79, "79 bytes is too small: a column of the smallest block takes 80 bytes. Give 80 bytes"),
        ("cells", "magnitude", 1 / 32, "60 bytes is too small: a column of the smallest block takes 80 bytes"),
        ("cells", "search", 79, "or more, which is a share of 0.041667 of the largest plan"),
        ("cells", "truncate", 479, "one dimension everywhere takes 480 bytes"),
        ("cells", "pep", 124, "one value, with the counts of all rows, takes 125 bytes"),
        ("cells", "search", 0.0, "A budget of 0 is none"),
        ("cells", "search", -3.0, "A budget of -3 is none"),
        ("cells", "truncate", float("nan"), "A budget of nan is none"),
        ("cells", "pep", float("inf"), "A budget of inf is none. Give a share of the largest plan, such as 1/8"),
    ],
)
def test_too_small_a_budget_is_refused_with_the_smallest_that_would_do(form, rule, budget, message):
    with pytest.raises(InvalidCandidate, match=re.escape(message)):
        searched(small(form=form), importance([1] * 4, [1] * 4, [1] * 4), budget, rule)


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({}, "did not report the importance"),
        ({"importance": None}, "did not report"),
        ({"importance": {"user": [[1] * 4] * 2}}, "KeyError 'item'"),
        (importance([1] * 4, [1] * 3, [1] * 4), "did not report"),
        ({"importance": {"user": [[1] * 4], "item": [[1] * 4]}}, r"'user' has shape \(1, 4\), not \(2, 4\)"),
        (importance(["x"] * 4, [1] * 4, [1] * 4), "did not report"),
    ],
)
def test_a_trainer_that_reports_no_importance_is_told_so(extras, message):
    with pytest.raises(Incompatible, match=message):
        searched(small(), extras, 0.5)


def test_a_rule_reads_its_own_last_stage():
    space = small()
    with pytest.raises(InvalidCandidate, match="'search' reads stage 'soft', and this plan is of stage 'wide'"):
        space.discretise(space.relax("search")[0], {}, 0.5, "search")
    other = small(max_dim=5).relax("pep")[0]
    with pytest.raises(InvalidCandidate, match="stage 'thresholds' of another space"):
        space.discretise(other, {}, 0.5, "pep")


def test_unknown_rules_suggest_the_nearest():
    space = small()
    with pytest.raises(UnknownName, match=r"Unknown rule 'truncated'\. Did you mean 'truncate'"):
        space.relax("truncated")
    with pytest.raises(UnknownName, match="Did you mean 'pep'"):
        space.discretise(space.relax("pep")[0], {}, 0.5, "peps")
    with pytest.raises(UnknownName, match=r"Unknown rule of thumb 'even'\. Known: mde, uniform"):
        space.sized(0.5, "even")


# Rules of thumb

ZIPF = tuple(float(share) for share in np.cumsum(1 / np.arange(1, 65)) / np.sum(1 / np.arange(1, 65)))


def test_uniform_plans_are_as_wide_as_they_need():
    found = small().sized(0.5, "uniform")
    assert (found.width, found.dims, found.aligned, found.origin) == (2, ((2, 2), (2,)), False, "uniform")


@settings(max_examples=60)
@given(st.floats(0.01, 1.0), st.floats(0.0, 1.0))
@example(1 / 16, 1.0).via("hot blocks would get a fifth column before cold ones their first")
def test_mde_dimensions_grow_with_popularity_to_a_power(budget, temperature):
    """Against the definition: some scale gives these dimensions, and the next larger one exceeds the budget."""
    fields = (("user", 640, ZIPF), ("tag", 64, ZIPF), ("day", 7, ()))
    space = EmbeddingSpace(fields=fields, max_dim=16, blocks=4, temperature=temperature)
    if budget * 16 < 1:
        return
    found = space.sized(budget, "mde")
    shares = [p for field, starts in zip(space.frame.fields, space.frame.starts, strict=True)
              for p in popularity(field, starts)]  # fmt: skip
    dims = np.array([len(kept) for *_, kept in blocks_of(space, found)])
    weights = np.array(shares) ** temperature
    open_ = dims < 16
    reached = ((dims - 0.5) / weights)[dims > 1]
    ahead = ((dims + 0.5) / weights)[open_]
    assert dims.min() >= 1
    if reached.size and ahead.size:
        assert reached.max() <= ahead.min() * (1 + 1e-12)
    if ahead.size:
        rows = np.array([rows for _, _, rows, _ in blocks_of(space, found)])
        following = rows[open_][np.argmin(ahead)]
        assert bytes_of(space, found) + 4 * following > budget * bytes_of(space, space.relax("pep")[0]) - 1e-6
    assert found.width == dims.max()


def test_mde_without_a_temperature_is_uniform_and_hot_blocks_come_first_otherwise():
    fields = (("user", 320, ZIPF),)
    even = EmbeddingSpace(fields=fields, max_dim=8, blocks=4, temperature=0.0).sized(0.5, "mde")
    assert even.dims == ((4, 4, 4, 4),)
    (skewed,) = EmbeddingSpace(fields=fields, max_dim=8, blocks=4, temperature=0.8).sized(0.5, "mde").dims
    assert list(skewed) == sorted(skewed, reverse=True)
    assert skewed[0] > skewed[-1]


def test_mde_gives_what_little_there_is_to_the_most_popular():
    space = EmbeddingSpace(fields=(("user", 320, ZIPF),), max_dim=8, blocks=4)
    assert space.sized(4 * 160, "mde").dims == ((1, 1, 0, 0),)
    with pytest.raises(InvalidCandidate, match="a column of the most popular block takes 320 bytes"):
        space.sized(319, "mde")


def test_popularity_is_read_between_its_points():
    space = EmbeddingSpace(fields=(("user", 100, ZIPF), ("day", 100, ())), blocks=3)
    first, second = (popularity(*each) for each in zip(space.frame.fields, space.frame.starts, strict=True))
    assert sum(share * rows for share, rows in zip(first, (33, 33, 34), strict=True)) == pytest.approx(1.0)
    assert first[0] > first[1] > first[2]
    assert second == pytest.approx((0.01, 0.01, 0.01))


def test_search_and_damage_keep_what_is_missed_most_where_that_is_known():
    extras = importance([9, 0, 0, 0], [0] * 4, [9, 0, 0, 0])
    missed = importance([0, 9, 0, 0], [0] * 4, [0, 9, 0, 0])["importance"]
    by_size = ((0,), ()), ((0,),)
    by_damage = ((1,), ()), ((1,),)
    space = small()
    for rule, reported, expected in [
        ("search", extras, by_size),
        ("search", {**extras, "damage": missed}, by_damage),
        ("damage", {**extras, "damage": missed}, by_damage),
        ("magnitude", {**extras, "damage": missed}, by_size),
    ]:
        assert searched(space, reported, 1000, rule).columns == expected
    with pytest.raises(InvalidCandidate, match="the trainer did not report it") as refused:
        searched(space, extras, 1000, "damage")
    assert refused.value.reason == "unmeasured"


def test_single_elements_are_not_kept_by_damage():
    assert "damage" not in small(form="elements").rules
    assert "damage" in small(form="cells").rules
