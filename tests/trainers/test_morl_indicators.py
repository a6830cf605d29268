"""Indicators, and known fronts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.trainers.morl.environments import KNOWN, read
from automl.trainers.morl.indicators import (
    expected_utility,
    hypervolume,
    inverted_distance,
    non_dominated,
    sparsity,
    weight_grid,
)

pytest.importorskip("moocore")


@pytest.mark.parametrize(
    ("name", "volume", "points"),
    [
        ("deep-sea-treasure-v0", 994.3, 10),
        ("deep-sea-treasure-concave-v0", 4255.0, 10),
        ("resource-gathering-v0", 3.345, 3),
        ("fruit-tree-v0", 58271.26, 64),
    ],
)
def test_known_fronts_have_their_published_volumes(name, volume, points):
    pytest.importorskip("mo_gymnasium")
    known = KNOWN[name]
    front = non_dominated(read(name, "{}").front(known.gamma))
    assert len(front) == points
    assert hypervolume(front, np.array(known.reference)) == pytest.approx(volume, rel=2e-4)


def slow_hypervolume(points, reference, rng, draws=200_000):
    """The share of a box that points dominate, by chance."""
    top = points.max(axis=0)
    drawn = rng.uniform(reference, top, (draws, len(reference)))
    inside = (points[:, None, :] >= drawn[None, :, :]).all(axis=2).any(axis=0)
    return inside.mean() * np.prod(top - reference)


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_hypervolume_is_the_dominated_volume(objectives):
    rng = np.random.default_rng(objectives)
    points, reference = rng.uniform(0.2, 1, (12, objectives)), np.zeros(objectives)
    assert hypervolume(points, reference) == pytest.approx(slow_hypervolume(points, reference, rng), rel=0.02)


def test_points_that_do_not_exceed_the_reference_add_nothing():
    points, reference = np.array([[1.0, 1.0], [5.0, 0.0], [-1.0, 9.0]]), np.zeros(2)
    assert hypervolume(points, reference) == 1.0
    assert hypervolume(points[1:], reference) == 0.0


@settings(max_examples=50)
@given(st.integers(2, 4), st.integers(1, 20), st.integers(0, 2**31))
def test_what_is_left_is_what_nothing_dominates(objectives, count, seed):
    points = np.random.default_rng(seed).integers(0, 4, (count, objectives)).astype(float)
    kept = {tuple(row) for row in non_dominated(points)}
    for p in points:
        beaten = any((q >= p).all() and (q > p).any() for q in points)
        assert (tuple(p) in kept) != beaten


def test_small_indicators_by_hand():
    points = np.array([[0.0, 2.0], [1.0, 1.0], [3.0, 0.0]])
    assert sparsity(points) == pytest.approx((1 + 4 + 1 + 1) / 2)
    assert sparsity(points[:1]) == 0.0
    assert expected_utility(points, np.array([[1.0, 0.0], [0.0, 1.0]])) == 2.5
    assert inverted_distance(points[:1], points) == pytest.approx((np.sqrt(2) + np.sqrt(13)) / 3)
    assert inverted_distance(points, points) == 0.0


@pytest.mark.parametrize(("objectives", "most"), [(2, 100), (3, 100), (6, 100), (2, 1)])
def test_weights_are_spread_over_all_corners(objectives, most):
    grid = weight_grid(objectives, most)
    np.testing.assert_allclose(grid.sum(axis=1), 1)
    assert all((grid == corner).all(axis=1).any() for corner in np.eye(objectives))
    assert len(grid) <= max(most, objectives)
