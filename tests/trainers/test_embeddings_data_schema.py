import json

import numpy as np
import polars as pl
import pytest
from embeddings_logs import clicks

from automl.core.errors import InvalidData, UnknownName, UsageError
from automl.trainers.embeddings.data import FieldSpec, Reading, Schema, describe, read
from automl.trainers.embeddings.data.infer import infer_type
from automl.trainers.embeddings.data.opened import opened
from automl.trainers.embeddings.data.schema import schema_from

SAID = {
    "clicked": {"role": "label", "range": [0, 1]},
    "user_id": "user",
    "item_id": {"type": "hash", "role": "item", "buckets": 16},
    "price": {"type": "number", "bins": 4},
    "shop": "token",
    "when": "time",
}


def test_a_schema_is_the_same_from_a_mapping_from_toml_and_from_json(tmp_path):
    schema = schema_from({"fields": SAID, "rest": "ignore"})
    assert schema.fields["price"] == FieldSpec("number", None, bins=4)
    (tmp_path / "s.toml").write_text(schema.text())
    (tmp_path / "s.json").write_text(json.dumps({"rest": "ignore", "fields": SAID}))
    assert schema_from(tmp_path / "s.toml") == schema
    assert schema_from(str(tmp_path / "s.json")) == schema
    assert schema_from(SAID) == Schema(schema.fields)


def test_what_no_schema_says_is_inferred_and_said():
    dataset = read(clicks().rename({"when": "timestamp"}))
    assert [column.name for column in dataset.columns] == ["user_id", "item_id", "price", "shop"]
    assert [column.kind for column in dataset.columns] == ["token", "token", "number", "token"]
    assert (dataset.user, dataset.item, dataset.task) == (0, 1, "ctr")
    assert dataset.remarks == (
        "The schema was inferred: clicked label, user_id user (token), item_id item (token), price number, shop token, "
        "timestamp time.",
    )


def test_the_described_schema_reads_the_same_data_without_a_remark(tmp_path):
    first = Reading(schema={"when": "time"})
    (tmp_path / "s.toml").write_text(describe(clicks(), first).text())
    again = read(clicks(), Reading(schema=tmp_path / "s.toml"))
    np.testing.assert_array_equal(read(clicks(), first).ids, again.ids)
    assert read(clicks(), first).remarks[0].startswith("The schema was completed: clicked label")
    assert again.remarks == ()


def test_a_schema_beside_the_file_is_taken_and_the_setting_wins(tmp_path):
    clicks().write_csv(tmp_path / "log.csv")
    (tmp_path / "log.schema.toml").write_text('[fields]\nprice = "ignore"\nshop = "hash"\nwhen = "time"\n')
    assert [c.name for c in read(tmp_path / "log.csv").columns] == ["user_id", "item_id", "shop"]
    dataset = read(tmp_path / "log.csv", Reading(schema={"price": {"type": "number", "bins": 3}, "shop": "ignore"}))
    assert [c.name for c in dataset.columns] == ["user_id", "item_id", "price"]
    assert dataset.columns[2].rows == 5


def test_the_rest_may_be_ignored_and_is_not_even_read(tmp_path):
    schema = {"rest": "ignore", "fields": {"clicked": "label", "shop": "token"}}
    assert [c.name for c in read(clicks(), Reading(schema=schema)).columns] == ["shop"]
    path = tmp_path / "log.parquet"
    clicks().write_parquet(path)
    np.testing.assert_array_equal(read(path, Reading(schema=schema)).ids, read(clicks(), Reading(schema=schema)).ids)
    assert opened(path, schema_from(schema)).frame.columns == ["clicked", "shop"]
    with pytest.raises(InvalidData, match=r"lack what the schema names: stock.* price, shop, when"):
        read(path, Reading(schema={"rest": "ignore", "fields": {"clicked": "label", "stock": "token"}}))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pl.Series(["a", "b"] * 5), "token"),
        (pl.Series(["1", "2", "007"] * 5), "token"),
        (pl.Series(["1.5", "", "NA"] * 5), "number"),
        (pl.Series([str(i) for i in range(3000)]), "number"),
        (pl.Series(range(3000)), "number"),
        (pl.Series(range(900)), "token"),
        (pl.Series([1.0, 2.0]), "number"),
        (pl.Series([True, False]), "token"),
        (pl.Series(["a"], dtype=pl.Categorical), "token"),
        (pl.Series([[1, 2]]), "ignore"),
        (pl.Series(["2024-01-01"]).str.to_date(), "ignore"),
    ],
)
def test_types_are_inferred_from_values(values, kind):
    assert infer_type(values) == kind


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"clicked": "lable"}, "Did you mean 'label'"),
        ({"clicked": {"typ": "token"}}, "Did you mean 'type'"),
        ({"clicked": {"type": "tokn"}}, "Did you mean 'token'"),
        ({"fields": {}, "rest": "ignor"}, "Did you mean 'ignore'"),
        ({"fields": {}, "delimeter": ","}, "Did you mean 'delimiter'"),
    ],
)
def test_misspelt_words_of_a_schema(schema, says):
    with pytest.raises(UnknownName, match=says):
        schema_from(schema)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"a": "user", "b": "user"}, "role 'user' to two fields, 'a' and 'b'"),
        ({"a": 3}, "says 3 of the field 'a'"),
        ({"a": {"type": "hash", "buckets": 0}}, "'buckets' of the field 'a'"),
        ({"a": {"type": "number", "bins": 2.5}}, "'bins' of the field 'a'"),
        ({"a": {"role": "label", "range": [5, 1]}}, "two rising numbers"),
        ({"a": {"type": "number", "role": "user"}}, "bins would mix users up"),
        ({"fields": {}, "columns": "user,item"}, "must be a list of names"),
        ({"columns": ["user", "user"]}, "names 'user' twice"),
        ({"columns": ["user", "item"], "delimiter": ", "}, "must be one character"),
    ],
)
def test_schemas_that_contradict_themselves(schema, says):
    with pytest.raises(InvalidData, match=says):
        schema_from(schema)


def test_schema_files_that_cannot_be_read(tmp_path):
    for name, content, says in (
        ("s.toml", b"fields = [", "damaged"),
        ("s.json", b'{"fields": \xff}', "damaged"),
        ("l.json", b"[1]", "is a list"),
        ("s.yaml", b"", "neither in .toml nor in .json"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidData, match=says):
            schema_from(tmp_path / name)
    with pytest.raises(InvalidData, match="No such file"):
        schema_from(tmp_path / "absent.toml")


def test_columns_that_the_data_lack():
    with pytest.raises(InvalidData, match=r"lack what the schema names: pricee\. Did you mean 'price'"):
        read(clicks(), Reading(schema={"pricee": "number"}))


def test_slashes_in_names_are_refused_unless_ignored():
    frame = clicks().rename({"shop": "shop/area"})
    with pytest.raises(InvalidData, match="'shop_area' for example"):
        read(frame)
    assert "shop/area" not in [c.name for c in read(frame, Reading(schema={"shop/area": "ignore"})).columns]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"task": "topc"}, "Did you mean 'topk'"),
        ({"split": "usr"}, "Did you mean 'user'"),
        ({"shares": (0.5, 0.5, 0.0, 0.0)}, "four positive numbers"),
        ({"bins": 1}, "'bins' must be at least 2"),
        ({"max_rows": 0}, "'max_rows' must be at least 1"),
    ],
)
def test_settings_are_checked(settings, says):
    with pytest.raises(UsageError, match=says):
        Reading(**settings)
