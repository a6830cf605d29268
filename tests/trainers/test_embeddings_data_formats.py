import gzip
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from embeddings_logs import clicks

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.embeddings.data import PARTS, Reading, describe, read
from automl.trainers.embeddings.data.tabular import read_csv, sniff

TIMED = Reading(schema={"when": "time"})


def same(one, other):
    """Say whether two data sets hold the same, whatever they are called."""
    assert [c.values for c in one.columns] == [c.values for c in other.columns]
    for name in ("ids", "labels", "parts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    return (one.task, one.user, one.item) == (other.task, other.user, other.item)


@pytest.mark.parametrize("name", ["log.csv", "log.tsv", "log.txt", "log.csv.gz", "log.parquet"])
def test_every_format_holds_the_same_data(tmp_path, name):
    frame, path = clicks(), tmp_path / name
    if name.endswith(".parquet"):
        frame.write_parquet(path)
    else:
        text = frame.write_csv(separator="\t" if ".tsv" in name else ";" if ".txt" in name else ",").encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    dataset = read(path, TIMED)
    assert dataset.name == "log"
    assert same(dataset, read(frame, TIMED))


def test_objects_hold_the_same_data():
    frame = clicks()
    expected = read(frame, TIMED)
    arrays = {name: frame[name].to_numpy() for name in frame.columns}
    lists = {name: frame[name].to_list() for name in frame.columns}
    for data in (frame.lazy(), arrays, lists, pd.DataFrame(lists)):
        assert same(read(data, TIMED), expected)


def test_pandas_need_no_arrow_to_be_read(tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import pandas as pd\n"
        "from automl.trainers.embeddings.data.objects import as_frame\n"
        "d = pd.DataFrame({'a': [1, None],\n"
        "  'b': pd.Series(['x', None], dtype=object), 'c': pd.Categorical(['u', 'v']),\n"
        "  't': pd.to_datetime(['2020-01-01', None]), 'n': pd.array([1, None], dtype='Int64')})\n"
        "print(as_frame(d).rows())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "'x', 'u', datetime.datetime(2020, 1, 1, 0, 0), 1)" in done.stdout
    assert "None, 'v', None, None)" in done.stdout


def test_a_folder_with_one_file_or_with_parts_of_one(tmp_path):
    frame = clicks()
    for i in range(2):
        frame[i * 200 : (i + 1) * 200].write_parquet(tmp_path / f"part-{i}.parquet")
    (tmp_path / "schema.toml").write_text('[fields]\nwhen = "time"\n')
    assert same(read(tmp_path), read(frame, TIMED))
    assert read(tmp_path).name == tmp_path.name


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_sniffed(delimiter):
    lines = [delimiter.join(row) for row in (("a", "b", "c"), ("1", '"x,y;z"', "2"), ("3", "", "4"))]
    assert sniff(lines) == delimiter


def test_csv_texts_stay_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_bytes('﻿zip,shop\r\n007,"a,b"\r\n7,\r\n'.encode())
    frame = read_csv(tmp_path / "a.csv")
    assert frame.to_dict(as_series=False) == {"zip": ["007", "7"], "shop": ["a,b", None]}


def test_atomic_files_are_joined_and_sequences_left_out(tmp_path):
    (tmp_path / "toy.inter").write_text(
        "u:token\titem_id:token\trating:float\ttimestamp:float\n"
        + "".join(f"u{i % 7}\t{i % 5}\t{1 + i % 5}\t{i}\n" for i in range(60))
    )
    (tmp_path / "toy.user").write_text("u:token\tage:float\n" + "".join(f"u{i}\t{20.5 + i}\n" for i in range(6)))
    (tmp_path / "toy.item").write_text(
        'item_id:token\ttitle:token_seq\tage:token\n0\tA "b\tnew\n1\tC d\told\n1\tC d\tolder\n3\t\t\n'
    )
    dataset = read(tmp_path)
    assert dataset.task == "rating"
    assert [(c.name, c.kind) for c in dataset.columns] == [
        ("u", "token"),
        ("item_id", "token"),
        ("age", "number"),
        ("item_age", "token"),
    ]
    assert (dataset.user, dataset.item) == (0, 1)
    assert "Left out as sequences: title:token_seq of toy.item." in dataset.remarks
    unknown = dataset.ids[:, 0] == 1 + dataset.columns[0].values.index("u6")
    np.testing.assert_array_equal(dataset.ids[:, 2] == 0, unknown)
    assert dataset.columns[3].values == ("new", "old")  # the first of two rows of item 1


def test_atomic_files_without_types_or_without_a_common_field(tmp_path):
    path = tmp_path / "toy.inter"
    path.write_text("user_id\titem_id:token\n1\t2\n")
    with pytest.raises(InvalidData, match="'user_id' of its first line has no type"):
        read(path)
    path.write_text("user_id:token\titem_id:token\n1\t2\n")
    (tmp_path / "toy.user").write_text("uid:token\tage:token\n1\t2\n")
    with pytest.raises(InvalidData, match="no field in common"):
        read(path)


def test_the_shipped_flights():
    before = time.process_time()
    dataset = read()
    assert time.process_time() - before < 1
    assert dataset.task == "ctr"
    assert dataset.name == "flights"
    assert dataset.remarks == ()
    assert dataset.ids.shape == (100_000, 10)
    assert 0.2 < dataset.labels.mean() < 0.3
    assert [len(dataset.part(part)) for part in PARTS] == [70_000, 10_000, 10_000, 10_000]
    by_day = read(None, Reading(split="time", max_rows=20_000))
    assert by_day.remarks[0] == "20,000 of 100,000 rows were drawn."
    assert len(by_day.part("test")) == pytest.approx(2000, abs=100)


def installed_recbole(folder, monkeypatch):
    inter = folder / "recbole" / "dataset_example" / "ml-100k" / "ml-100k.inter"
    inter.parent.mkdir(parents=True)
    (folder / "recbole" / "__init__.py").write_text("raise ImportError('must not be imported')")
    rows = "".join(f"{i % 9}\t{i % 14}\t{1 + i % 5}\t{i}\n" for i in range(100))
    inter.write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + rows)
    monkeypatch.syspath_prepend(str(folder))


def test_movielens_is_read_from_the_installed_wheel_without_importing_it(tmp_path, monkeypatch):
    installed_recbole(tmp_path, monkeypatch)
    dataset = read("ml-100k")
    assert (dataset.name, dataset.task, len(dataset.ids)) == ("ml-100k", "rating", 100)
    assert describe("ml-100k").named("time") == "timestamp"


def test_without_the_wheel_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidData, match="pip download --no-deps recbole"):
        read("ml-100k")


def test_names_and_paths_that_do_not_exist(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'flights'"):
        read("flight")
    for path in ("absent.csv", str(tmp_path / "absent"), tmp_path / "absent.parquet"):
        with pytest.raises(InvalidData, match="There is no file"):
            read(path)
    with pytest.raises(InvalidData, match="has no data in it"):
        read(tmp_path)
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidData, match="unknown kind"):
        read(tmp_path / "a.xlsx")
    for name in ("a.csv", "b.csv"):
        clicks().write_csv(tmp_path / name)
    with pytest.raises(InvalidData, match=r"several files: a\.csv, b\.csv"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n3,caf\xe9\n", "not UTF-8: byte 0xe9 in line 3"),
        (b"a,b\n" + b"1,2\n" * 99 + b"3,\xff\n", "not UTF-8: byte 0xff in line 101"),
        ("a,b\n1,2\n".encode("utf-16"), "iconv -f UTF-16"),
        (b"a,b\n1,2\n3,4,5\n", "as many fields as the first one"),
        (b"196,242,3\n186,302,3\n", "has no header: its first line is 196, 242, 3"),
        (b"a,b,a\n1,2,3\n", "two fields named 'a'"),
        (gzip.compress(b"a,b\n" + bytes(range(200)) * 50)[:-20], "truncated gzip"),
    ],
)
def test_damaged_csv(tmp_path, content, says):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidData, match=says):
        read(path)


@pytest.mark.parametrize("cut", [0, 10, 400, -30])
def test_truncated_parquet(tmp_path, cut):
    path = tmp_path / "a.parquet"
    clicks().write_parquet(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InvalidData, match=r"a\.parquet cannot be read as Parquet.*cut off or damaged"):
        read(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (3, "type int is no data set"),
        ({"a": [1, "x"], "b": [1, 2]}, "'a' mixes types: 1 is a number, 'x' is a text"),
        ({"a": np.array([1, "x"], object)}, "mixes types"),
        ({"a": [True, 2]}, "True is a truth value"),
        ({"a": [1, 2], "b": [1]}, "'b' has 1 rows, 'a' has 2"),
        ({"a": np.zeros((2, 2))}, "shape"),
        (pd.DataFrame({"a": [1, "x"]}), "mixes types"),
    ],
)
def test_objects_that_are_no_data(data, says):
    with pytest.raises(InvalidData, match=says):
        read(data)


def test_whole_and_broken_numbers_may_stand_together():
    frame = {**clicks(100).to_dict(as_series=False), "price": [1, 2.5] * 50}
    assert read(frame, TIMED).columns[2].edges == (2.5,)


def test_no_rows_at_all():
    with pytest.raises(InvalidData, match="has no rows"):
        read(clicks(0))


NAMELESS = b"7 1\n7 2\n8 1\n" + b"".join(b"%d %d\n" % (n % 11, n % 13) for n in range(143))


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.txt.gz"])
def test_a_schema_names_the_columns_and_the_delimiter_of_a_file_without_a_header(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(NAMELESS) if name.endswith(".gz") else NAMELESS)
    said = {"columns": ["user", "item"], "delimiter": " "}
    dataset = read(path, Reading(schema=said))
    assert (dataset.task, dataset.user, dataset.item, len(dataset.ids)) == ("topk", 0, 1, 143)
    beside = 'columns = ["who", "what"]\n[fields]\nwho = "user"\nwhat = "item"\n'
    (tmp_path / "pairs.schema.toml").write_text(beside)
    again = read(path)
    assert [column.name for column in again.columns] == ["who", "what"]
    np.testing.assert_array_equal(again.ids, dataset.ids)
    (tmp_path / "whole.toml").write_text(describe(path).text())
    (tmp_path / "pairs.schema.toml").unlink()
    np.testing.assert_array_equal(read(path, Reading(schema=tmp_path / "whole.toml")).ids, again.ids)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"columns": ["user"], "delimiter": " "}, r"names 1 columns, but .* has 2 fields \(7, 1\)"),
        ({"columns": ["user", "item"], "delimiter": ";"}, "has 1 field .*Name all of them .* or set 'delimiter'"),
        ({"columns": ["7", "1"]}, "has the names of its fields already"),
        ({}, 'has no header: its first line is 7, 1.*write them .* columns = ."user", "item".'),
    ],
)
def test_names_that_do_not_fit_the_file(tmp_path, said, says):
    (tmp_path / "pairs.txt").write_bytes(NAMELESS)
    with pytest.raises(InvalidData, match=says):
        read(tmp_path / "pairs.txt", Reading(schema=said))


def test_names_for_a_file_that_has_its_own(tmp_path):
    clicks().write_parquet(tmp_path / "log.parquet")
    with pytest.raises(InvalidData, match=r"'columns' or 'delimiter', which are for text files"):
        read(tmp_path / "log.parquet", Reading(schema={"columns": ["a", "b"]}))


def test_the_space_is_a_delimiter_where_no_other_is():
    assert sniff(["user item", "1 2", "3 4"]) == " "
    assert sniff(["shop,when", "a,2024-05-31 10:00", "b,2024-05-31 11:00"]) == ","
    assert sniff(["when", "2024-05-31 10:00"]) == ","
