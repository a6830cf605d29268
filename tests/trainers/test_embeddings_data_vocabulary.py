import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from embeddings_logs import clicks
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data import Reading, read
from automl.trainers.embeddings.data.hashing import bucket
from automl.trainers.embeddings.data.schema import FieldSpec
from automl.trainers.embeddings.data.vocabulary import (
    column,
    columns_from,
    encode,
    quantile_edges,
    vocabularies,
)

TOKEN, NUMBER = FieldSpec("token", "feature"), FieldSpec("number", "feature", bins=4)
PLAIN = Reading()


def test_values_come_by_falling_frequency_and_ties_by_value():
    shop = pl.Series("shop", ["b", "c", "a", "c", None, "b", "d"])
    found = column(shop, TOKEN, PLAIN)
    assert found.values == ("b", "c", "a", "d")
    assert found.counts.tolist() == [1, 2, 2, 1, 1, 0]
    assert encode([found], shop.to_frame())[:, 0].tolist() == [1, 2, 3, 2, 0, 1, 4]
    assert encode([found], {"shop": ["z", "", None, "a"]})[:, 0].tolist() == [5, 0, 0, 3]


def test_only_the_parts_that_are_trained_on_are_counted():
    log = clicks(600)
    for reading in (PLAIN, Reading(split="time", schema={"when": "time"})):
        dataset = read(log, reading)
        trained = dataset.part("train", "search")
        for place, field in enumerate(dataset.columns):
            np.testing.assert_array_equal(np.bincount(dataset.ids[trained, place], minlength=field.rows), field.counts)
            assert (np.diff(field.counts[1:-1]) <= 0).all()
            assert dataset.ids[:, place].max() < field.rows


def test_a_value_of_the_test_part_alone_is_unknown():
    log = clicks().with_columns(pl.Series("shop", ["north", "south"] * 195 + ["moon"] * 10))
    dataset = read(log, Reading(split="time", schema={"when": "time"}))
    shop = [c.name for c in dataset.columns].index("shop")
    assert "moon" not in dataset.columns[shop].values
    assert dataset.ids[-10:, shop].tolist() == [dataset.columns[shop].rows - 1] * 10


def test_users_that_training_never_saw_are_remarked():
    log = clicks().with_columns(user_id=pl.when(pl.col("when") >= 390 * 60).then(99).otherwise("user_id"))
    dataset = read(log, Reading(split="time", schema={"when": "time"}))
    assert "10 of 80 rows to stop and to test on name users that training never saw." in dataset.remarks


def test_rare_values_share_the_last_row():
    found = column(pl.Series("a", ["x"] * 3 + ["y"] * 2 + ["z", "w"]), TOKEN, Reading(min_values=2))
    assert found.values == ("x", "y")
    assert found.counts.tolist() == [0, 3, 2, 2]
    user = column(pl.Series("a", ["x", "x", "y"]), FieldSpec("token", "user"), Reading(min_values=2))
    assert user.values == ("x", "y")


def test_numbers_fall_into_quantile_bins():
    price = pl.Series("price", [float(i) for i in range(100)] + [None])
    found = column(price, NUMBER, PLAIN)
    assert found.edges == (25.0, 50.0, 75.0)
    assert found.counts.tolist() == [1, 25, 25, 25, 25, 0]
    new = {"price": [-1e9, 24.9, 25.0, 99.0, 1e9, None, float("nan"), float("inf")]}
    bins = [found.values[row - 1] if row else None for row in encode([found], new)[:, 0]]
    assert bins == ["0", "0", "1", "3", "3", None, None, "3"]
    assert encode([found], {"price": ["30", "NA", "", "many", None]})[:, 0].tolist() == [2, 0, 0, 5, 0]


@settings(max_examples=80)
@given(st.lists(st.floats(-9, 9).map(lambda x: round(x)), max_size=60), st.integers(2, 12))
def test_no_bin_is_empty(values, bins):
    numbers = pl.Series("a", values, dtype=pl.Float64)
    edges = quantile_edges(numbers, bins)
    assert list(edges) == sorted(set(edges))
    assert len(edges) < bins
    counts = np.bincount(np.searchsorted(edges, numbers.to_numpy(), side="right"), minlength=len(edges) + 1)
    assert not values or counts.min() > 0


def test_hashes_are_stable_across_processes_and_published():
    assert [bucket(text, 1000) for text in ("", "N725MQ", "日本")] == [876, 881, 370]  # as b2sum -l 64 says
    code = "from automl.trainers.embeddings.data.hashing import bucket; print([bucket(str(i), 97) for i in range(50)])"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{[bucket(str(i), 97) for i in range(50)]}\n"}


def test_hashed_values_fall_into_buckets_that_training_met():
    spec = FieldSpec("hash", "feature", buckets=50)
    names = pl.Series("ad", [f"ad{i % 30}" for i in range(90)] + [None])
    found = column(names, spec, PLAIN)
    assert found.buckets == 50
    assert {bucket(f"ad{i}", 50) for i in range(30)} == {int(value) for value in found.values}
    assert found.counts.sum() == 91
    new = [f"new{i}" for i in range(200)]
    for name, row in zip(new, encode([found], {"ad": new})[:, 0], strict=True):
        met = str(bucket(name, 50)) in found.values
        assert row == (1 + found.values.index(str(bucket(name, 50))) if met else found.rows - 1)
    assert column(names, FieldSpec("hash", "feature"), Reading(hash_buckets=7)).rows <= 9


@pytest.mark.parametrize("kind", [pl.Int16, pl.UInt64, pl.Float64, pl.String, pl.Categorical])
def test_a_whole_number_is_the_same_name_however_it_is_stored(kind):
    found = column(pl.Series("a", ["7", "7", "12"]), TOKEN, PLAIN)
    values = pl.Series("a", [12, 7, None, 8]).cast(pl.String if kind == pl.Categorical else kind).cast(kind)
    assert encode([found], values.to_frame())[:, 0].tolist() == [2, 1, 0, 3]


def test_ids_as_floats_are_read_as_whole_numbers_with_a_remark():
    log = clicks()
    whole = read(log)
    for form in (pl.Float64, pl.String):
        floats = log.with_columns(pl.col("user_id").cast(pl.Float64).cast(form))
        dataset = read(floats)
        np.testing.assert_array_equal(dataset.ids, whole.ids)
        assert "'user_id' has whole numbers written as broken ones; 7.0 was read as 7." in dataset.remarks
    with pytest.raises(InvalidData, match=r"'user_id' is to hold names, but \d+\.5 is a broken number"):
        read(log.with_columns(pl.col("user_id") + 0.5))


def test_numbers_that_are_texts():
    with pytest.raises(InvalidData, match=r"'shop' must hold numbers, but one value is '(south|north|east)'"):
        read(clicks(), Reading(schema={"shop": "number"}))


def test_names_that_are_lists():
    log = clicks().with_columns(tags=pl.lit([1, 2]))
    assert "tags" not in [c.name for c in read(log).columns]
    with pytest.raises(InvalidData, match="'tags' holds List"):
        read(log, Reading(schema={"tags": "token"}))


def test_a_million_values_are_no_names():
    rows = 1_000_000
    log = pl.DataFrame({"label": np.arange(rows) % 2, "amount": np.arange(rows), "shop": ["a", "b"] * (rows // 2)})
    with pytest.raises(InvalidData, match=r"numeric and has 1,000,000 distinct values.*\"number\".*\"hash\""):
        read(log, Reading(schema={"amount": "token"}))
    dataset = read(log)
    assert [(c.name, c.kind, c.rows) for c in dataset.columns] == [("amount", "number", 12), ("shop", "token", 4)]
    assert "amount number" in dataset.remarks[0]


def test_an_exported_vocabulary_encodes_as_the_data_set_did():
    log = clicks().with_columns(pl.when(pl.col("price") > 9).then("price"))
    dataset = read(log, Reading(schema={"item_id": {"type": "hash", "role": "item", "buckets": 20}}))
    columns = columns_from(json.loads(json.dumps(vocabularies(dataset))))
    np.testing.assert_array_equal(encode(columns, log), dataset.ids)
    assert (dataset.ids == 0).any()
    as_texts = {name: [None if v is None else str(v) for v in log[name]] for name in log.columns}
    np.testing.assert_array_equal(encode(columns, as_texts), dataset.ids)
    with pytest.raises(InvalidData, match="lack the fields price, shop"):
        encode(columns, log.drop("price", "shop"))
    with pytest.raises(InvalidData, match="incomplete"):
        columns_from({"fields": [{"name": "a"}]})
