"""What several runs attained: against the moocore library, and by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from automl.report.attainment import Frame, heights, staircase

WHOLE = Frame(-1.0, 2.0, -1.0, 2.0)


def runs(count, seed):
    rng = np.random.default_rng(seed)
    return [rng.random((int(rng.integers(1, 7)), 2)).round(1) for _ in range(count)]


@pytest.mark.parametrize("seed", range(6))
def test_staircases_are_those_of_moocore(seed):
    moocore = pytest.importorskip("moocore")
    found = runs(5, seed)
    sets = np.repeat(np.arange(5), [len(points) for points in found])
    for least in range(1, 6):
        known = moocore.eaf(-np.concatenate(found), sets, percentiles=[100 * least / 5])
        outer = {(round(-x, 1), round(-y, 1)) for x, y, _ in known}
        corners = staircase(found, least, WHOLE)
        turns = {(x, y) for (x, y), (below, after) in pairwise(corners) if below == x and after < y}
        assert turns == outer


def test_one_run_bounds_what_it_dominates():
    corners = staircase([np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5]])], 1, WHOLE)
    assert corners == [(-1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, -1.0)]


def test_where_a_run_never_gets_the_line_falls_to_the_edge():
    near, far = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    assert heights([near, far], np.array([0.0, 1.0])).tolist() == [[1.0, -np.inf], [0.0, 0.0]]
    assert staircase([near, far], 2, WHOLE) == [(-1.0, 0.0), (0.0, 0.0), (0.0, -1.0)]


def test_a_frame_holds_all_points_even_one():
    frame = Frame.around(np.array([[3.0, -4.0]]))
    assert frame.left < 3.0 < frame.right
    assert frame.low < -4.0 < frame.high
