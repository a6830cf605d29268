import numpy as np
import polars as pl
import pytest
from embeddings_logs import clicks, ratings
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data import PARTS, Reading, read
from automl.trainers.embeddings.data.split import by_ratio, by_time, by_user

SHARES = (0.7, 0.1, 0.1, 0.1)


def test_ratio_has_exact_sizes_and_depends_on_the_seed():
    parts = by_ratio(1000, SHARES, 0)
    assert np.bincount(parts).tolist() == [700, 100, 100, 100]
    np.testing.assert_array_equal(parts, by_ratio(1000, SHARES, 0))
    assert (parts != by_ratio(1000, SHARES, 1)).any()


@settings(max_examples=60)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=80))
def test_time_never_runs_backwards_and_ties_stay_together(times):
    time = np.sort(np.asarray(times, float))
    parts = by_time(time, SHARES)
    assert (np.diff(parts.astype(int)) >= 0).all()
    assert all(len(set(parts[time == t])) == 1 for t in time)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=80), st.integers(0, 3))
def test_of_every_user_the_last_rows_are_left_out(users, seed):
    numbers = np.unique(users, return_inverse=True)[1]
    time = np.random.default_rng(seed).permutation(len(users)).astype(float)
    parts = by_user(numbers, time, SHARES, seed)
    for user in set(numbers):
        own = parts[numbers == user][np.argsort(time[numbers == user])]
        assert own[0] == 0
        assert (np.diff(own.astype(int)) >= 0).all()
    np.testing.assert_array_equal(parts, by_user(numbers, time, SHARES, seed))


def test_users_with_few_rows_fill_the_shares_together():
    users = np.repeat(np.arange(4000), 5)
    shares = np.bincount(by_user(users, None, SHARES, 0)) / len(users)
    np.testing.assert_allclose(shares, SHARES, atol=0.01)


def test_by_user_without_a_time_is_random():
    users = np.zeros(100, int)
    parts = by_user(users, None, SHARES, 0)
    assert np.bincount(parts).tolist() == [70, 10, 10, 10]
    assert (np.diff(parts.astype(int)) < 0).any()


def test_a_time_split_sorts_and_says_so():
    log = ratings()
    dataset = read(log, Reading(split="time"))
    assert "The rows were sorted by time, 'timestamp'." in dataset.remarks
    np.testing.assert_array_equal(dataset.labels, log.sort("timestamp")["rating"].to_numpy())
    assert [len(dataset.part(part)) for part in PARTS] == [280, 40, 40, 40]
    assert dataset.parts.tolist() == sorted(dataset.parts)
    ordered = read(log.sort("timestamp"), Reading(split="time"))
    assert not [remark for remark in ordered.remarks if "sorted" in remark]
    np.testing.assert_array_equal(ordered.ids, dataset.ids)


@pytest.mark.parametrize(
    "form",
    [
        lambda n: pl.from_epoch(n * 86400),
        lambda n: pl.from_epoch(n * 86400).dt.date(),
        lambda n: pl.from_epoch(n * 86400).dt.to_string("%Y-%m-%d %H:%M:%S"),
        lambda n: pl.from_epoch(n * 86400).dt.date().cast(pl.String),
        lambda n: n.cast(pl.String),
        lambda n: n.cast(pl.Float64),
    ],
)
def test_times_may_be_dates_numbers_and_texts(form):
    log = ratings()
    expected = read(log, Reading(split="time"))
    dataset = read(log.with_columns(form(log["timestamp"]).alias("timestamp")), Reading(split="time"))
    np.testing.assert_array_equal(dataset.ids, expected.ids)


def test_rows_without_a_time():
    when = [None if i < 40 else i for i in range(400)]
    log = clicks().with_columns(pl.Series("when", when))
    dataset = read(log, Reading(split="time", schema={"when": "time"}))
    assert len(dataset.labels) == 360
    assert "40 of 400 rows were dropped: the time 'when' is missing." in dataset.remarks
    assert len(read(log, Reading(schema={"when": "time"})).labels) == 400


def test_topk_leaves_the_last_ones_of_every_user_out():
    log = ratings()
    dataset = read(log, Reading(task="topk"))
    for user in np.unique(dataset.ids[:, 0]):
        own = dataset.parts[dataset.ids[:, 0] == user]
        assert own.tolist() == sorted(own)
        assert 0 in own
    assert "user" in [column.name for column in dataset.columns]


@pytest.mark.parametrize(
    ("data", "reading", "says"),
    [
        (clicks(), Reading(split="time"), "no field is the time"),
        (clicks().drop("user_id"), Reading(split="user"), "no field is the user"),
        (ratings().with_columns(timestamp=pl.lit(5)), Reading(split="time"), "too many share one time"),
        (ratings().with_columns(timestamp=pl.lit("soon")), Reading(split="time"), "'soon' is no date and no number"),
    ],
)
def test_splits_that_lack_what_they_need(data, reading, says):
    with pytest.raises(InvalidData, match=says):
        read(data, reading)
