"""Single values of tables: which are the largest, and how they are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from automl.core.errors import WeightsError
from automl.search_spaces.embeddings.elements import Elements, largest, pack, unpack

ROWS, COLUMNS = st.integers(0, 8), st.integers(1, 6)
VALUES = st.sampled_from([0.0, 1.0, -1.0, 2.0, -3.0, 0.5])
TABLES = st.tuples(ROWS, COLUMNS).flatmap(lambda shape: arrays(np.float32, shape, elements=VALUES))


@settings(max_examples=100)
@given(TABLES, st.data())
def test_packed_values_are_unpacked_without_loss(table, data):
    kept = data.draw(arrays(bool, table.shape))
    elements = pack(table, kept)
    assert (elements.places.dtype, elements.counts.dtype) == (np.uint8, np.uint8)
    assert elements.counts.shape == table.shape[:1]
    again, mask = unpack(elements, table.shape[1])
    assert again.dtype == table.dtype
    assert np.array_equal(mask, kept)
    assert np.array_equal(again, np.where(kept, table, 0))


def test_rows_of_255_values_still_fit_into_a_byte():
    table = np.arange(1.0, 511.0, dtype=np.float32).reshape(2, 255)
    again, kept = unpack(pack(table, np.ones_like(table, dtype=bool)), 255)
    assert kept.all()
    assert np.array_equal(again, table)


@pytest.mark.parametrize(
    ("places", "counts"), [([0, 1], [1, 2]), ([0, 1, 2], [1, 1]), ([0, 1, 4], [1, 2]), ([0, 1, 1], [1, 2])]
)
def test_values_that_do_not_belong_together_are_refused(places, counts):
    strange = Elements(np.ones(3), np.array(places, np.uint8), np.array(counts, np.uint8))
    with pytest.raises(WeightsError):
        unpack(strange, 4)


@settings(max_examples=150)
@given(st.lists(TABLES, min_size=1, max_size=3), st.integers(0, 60))
def test_the_largest_of_all_tables_are_kept_equal_ones_in_order(tables, most):
    masks = largest(tables, most)
    places = [(table, *place) for table, values in enumerate(tables) for place in np.ndindex(values.shape)]
    places.sort(key=lambda place: -abs(tables[place[0]][place[1:]]))  # stable: equal ones stay in order
    expected = {place for place in places[:most] if tables[place[0]][place[1:]] != 0}
    found = {(table, *map(int, place)) for table, mask in enumerate(masks) for place in np.argwhere(mask)}
    assert found == expected
    assert [mask.shape for mask in masks] == [table.shape for table in tables]


def test_what_is_no_number_is_never_among_the_largest():
    (mask,) = largest([np.array([[np.nan, 1.0, -2.0, np.nan]])], 3)
    assert mask.tolist() == [[False, True, True, False]]
