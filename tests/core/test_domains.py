import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.domains import Integers, Options, Reals, as_domain, dump_domain, load_domain

integers = st.builds(
    lambda low, span, step: Integers(low, low + span, step),
    st.integers(-50, 50), st.integers(0, 60), st.integers(1, 7),
)  # fmt: skip
options = st.lists(st.one_of(st.integers(), st.text(max_size=5), st.none()), min_size=1, max_size=6, unique=True).map(
    lambda values: Options(tuple(values))
)
reals = st.builds(lambda low, span: Reals(low, low + span), st.floats(-9, 9), st.floats(0, 9))


@given(st.one_of(integers, options, reals), st.integers(0, 2**32))
def test_what_is_drawn_belongs_to_the_domain_and_the_domain_survives_json(domain, seed):
    assert domain.sample(np.random.default_rng(seed)) in domain
    assert load_domain(dump_domain(domain)) == domain


def test_logarithmic_ranges_are_drawn_on_their_scale():
    rng = np.random.default_rng(0)
    drawn = [Reals(1e-4, 1.0, log=True).sample(rng) for _ in range(400)]
    assert 0.4 < np.mean([value < 1e-2 for value in drawn]) < 0.6
    counts = [Integers(1, 1000, log=True).sample(rng) for _ in range(400)]
    assert np.mean([value <= 30 for value in counts]) > 0.4


def test_true_is_not_one():
    assert True not in Options((0, 1))
    assert 1 not in Options((False, True))
    assert as_domain([0, 1]) != as_domain([False, True]) or repr(as_domain([0, 1])) != repr(as_domain([False, True]))
    assert as_domain([False, True]).values[1] is True
    assert True not in Integers(0, 1)


def test_a_range_is_a_range_of_integers():
    assert as_domain(range(2, 11, 4)) == Integers(2, 10, 4)
    assert as_domain([3, 5]) == Options((3, 5))


@pytest.mark.parametrize(
    "make", [lambda: Options(()), lambda: Options((1, 1)), lambda: Integers(3, 2), lambda: Reals(0.0, 1.0, log=True)]
)
def test_nonsense_is_refused(make):
    with pytest.raises(ValueError, match=r"options|range"):
        make()


def test_the_nearest_allowed_value():
    assert Options((1, 3, 5, 7)).nearest(7, [1, 3]) == 3
    assert Integers(0, 10).nearest(8, [0, 5]) == 5
    assert Reals(0.0, 1.0).nearest(0.9, [0.1, 0.7]) == 0.7
