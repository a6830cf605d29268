from hypothesis import given
from hypothesis import strategies as st

from automl.core.pareto import crowding, dominates, front_indices, ranks

scores = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), max_size=25)


@given(scores)
def test_the_front_is_undominated_and_covers_everything(points):
    front = [points[i] for i in front_indices(points)]
    assert len(set(front)) == len(front)
    assert not any(dominates(a, b) for a in points for b in front)
    assert all(p in front or any(dominates(f, p) for f in front) for p in points)


@given(scores)
def test_rank_zero_is_the_front_and_ranks_follow_dominance(points):
    rank = ranks(points)
    assert {points[i] for i, r in enumerate(rank) if r == 0} == {points[i] for i in front_indices(points)}
    for a, x in enumerate(points):
        for b, y in enumerate(points):
            if dominates(x, y):
                assert rank[a] < rank[b]


def test_crowding_is_infinite_at_the_ends_and_larger_where_it_is_lonely():
    distance = crowding([(0.0, 10.0), (1.0, 9.0), (2.0, 8.0), (8.0, 2.0), (10.0, 0.0)])
    assert distance[0] == distance[4] == float("inf")
    assert distance[3] > distance[1]
