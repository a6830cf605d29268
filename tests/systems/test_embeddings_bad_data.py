"""Data that cannot be searched on, given on the command line: each ends with code 2 and says what to type next."""

import gzip

import numpy as np
import polars as pl
import pytest

from automl.cli import main


def clicks():
    """Return clicks of few users on few items."""
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "user": random.integers(0, 60, 600),
            "item": random.integers(0, 40, 600),
            "clicked": random.integers(0, 2, 600),
            "when": random.permutation(600),
        }
    )


def with_column(**columns):
    """Return the clicks as CSV, with columns replaced; None removes one."""
    frame = clicks().with_columns(pl.Series(name, values) for name, values in columns.items() if values is not None)
    return frame.drop(name for name, values in columns.items() if values is None).write_csv().encode()


def parquet(folder, frame):
    """Return a frame as the bytes of a Parquet file."""
    frame.write_parquet(folder / "whole")
    return (folder / "whole").read_bytes()


TIME = '[fields]\nwhen = "time"\n'
AMOUNTS = pl.DataFrame({"amount": np.arange(120_000), "clicked": np.arange(120_000) % 2})
CASES = {
    "a column is missing": ("a.csv", with_column(item=None), '[fields]\nitem = "item"\n', [], "or remove them."),
    "labels outside 0 and 1": ("a.csv", with_column(clicked=[0, 3] * 300), "", ["task=ctr"], "Set positive_from=3"),
    "labels outside their range": (
        "a.csv", with_column(clicked=[0, 3] * 300), '[fields]\nclicked = { role = "label", range = [0, 1] }\n', [],
        "Correct or remove these rows",
    ),
    "labels in words": ("a.csv", with_column(clicked=["yes", "no"] * 300), "", [], "write 1 for a click"),
    "one class": ("a.csv", with_column(clicked=[1] * 600, user=None), "", [], "Give data with both classes"),
    "nothing is left": ("a.csv", with_column(), "", ["min_count=500"], "Set a smaller min_count."),
    "broken numbers for names": (
        "a.parquet", clicks().with_columns(user=pl.col("user") + 0.5), "", [], "give the names as whole numbers",
    ),
    "a table of amounts": ("a.parquet", AMOUNTS, '[fields]\namount = "token"\n', [], 'Write amount = "number"'),
    "no time": ("a.csv", with_column(), "", ["split=time"], '{"when": "time"}'),
    "times that are none": ("a.csv", with_column(when=["2024-05-31", "soon"] * 300), TIME, ["split=time"], "'soon'"),
    "not UTF-8": ("a.csv", b"user,item,clicked\ncaf\xe9,1,1\n", "", [], "Type: iconv -f ISO-8859-1"),
    "cut off": ("a.parquet", None, "", [], "copy or write it again"),
    "no names": ("a.txt", b"1 2\n3 4\n", "", [], 'columns = ["user", "item"]'),
    "other names": ("a.txt.gz", gzip.compress(b"1 2\n3 4\n"), 'columns = ["user"]\n', [], "Name all of them"),
    "a budget for nothing": ("a.csv", with_column(), "", ["budgets=3B"], "--set budgets=1/2,1/4"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_data_end_with_what_to_type(case, tmp_path, capsys, monkeypatch):
    name, content, schema, settings, said = CASES[case]
    if content is None:
        content = parquet(tmp_path, clicks())[:-40]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else parquet(tmp_path, content))
    (tmp_path / "a.schema.toml").write_text(schema)
    tiny = ["epochs=1", "search_epochs=1", "hidden=4", "max_dim=4", "blocks=2", "repeats=1", *settings]
    sets = [word for setting in tiny for word in ("--set", setting)]
    known = ["--optuna", "none", "--mlflow", "none", "--out", str(tmp_path / "run")]
    monkeypatch.setattr("sys.argv", ["automl", "search", "embeddings", "--data", str(tmp_path / name), *known, *sets])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = " ".join((captured := capsys.readouterr()).out.split() + captured.err.split())
    assert ended.value.code == 2
    assert said in printed
    assert "Traceback" not in printed


def test_rows_in_no_order_copies_and_ids_of_any_kind_are_read_and_remarked(tmp_path):
    from automl.trainers.embeddings.data import Reading, read

    mixed = [f"u{n}" if n % 2 else str(n) for n in clicks()["user"]]
    path = tmp_path / "a.csv"
    path.write_bytes(with_column(user=mixed) + b"".join(with_column(user=mixed).splitlines(keepends=True)[1:6]))
    found = read(path, Reading(schema={"when": "time"}, split="time"))
    assert len(found.labels) == 605
    assert any("sorted by time" in remark for remark in found.remarks)
    assert any("5 rows equal another one" in remark for remark in found.remarks)
    path.write_bytes(with_column(user=clicks()["user"] + 0.5))
    assert any(".5 for example; each was taken for the name of a user" in remark for remark in read(path).remarks)
