"""The file of an export that says what its model is, and the long facts beside it."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import UsageError
from automl.model_file import LONG, read_body, write_body

WORDS = [f"N{number}AA" for number in range(1000)]
BODY = {"config": {"trainer": "t"}, "facts": {"task": "ctr", "words": WORDS}, "candidate": [1, None], "version": "1"}


def long(numbers):
    """Return a list of which JSON is long for sure; to draw each number of it would take a minute in all."""
    return (numbers * LONG)[:LONG]


LONG_LISTS = st.lists(st.integers(), min_size=1, max_size=20).map(long)


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=9), LONG_LISTS), max_size=6))
def test_what_is_read_is_what_was_written(tmp_path_factory, facts):
    folder = tmp_path_factory.mktemp("export")
    write_body(folder, {**BODY, "facts": facts})
    assert read_body(folder) == {**BODY, "facts": facts}


def test_long_facts_are_there_once_and_compressed(tmp_path):
    write_body(tmp_path, BODY)
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "words.json.gz"}
    said = json.loads((tmp_path / "model.json").read_text())
    assert said["facts"] == {"task": "ctr"}
    assert said["apart"] == ["words"]
    assert json.loads(gzip.decompress((tmp_path / "words.json.gz").read_bytes())) == WORDS
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < len(json.dumps(WORDS)) / 3
    assert len(json.dumps(WORDS)) > LONG


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_body(tmp_path / name, BODY)
    for file in ("model.json", "words.json.gz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_exports_that_have_all_in_one_file_are_still_read(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(BODY, indent=2))
    assert read_body(tmp_path) == BODY


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "words.json.gz").unlink(),
        lambda folder: (folder / "words.json.gz").write_bytes((folder / "words.json.gz").read_bytes()[:-40]),
        lambda folder: (folder / "words.json.gz").write_bytes(gzip.compress(b"[1, 2")),
        lambda folder: (folder / "model.json").write_text('{"facts": {}, "apart": ["../words"]}'),
        lambda folder: (folder / "model.json").write_text("[]"),
        lambda folder: (folder / "model.json").unlink(),
    ],
)
def test_what_is_damaged_or_leads_elsewhere_is_no_export(tmp_path, damage):
    write_body(tmp_path, BODY)
    damage(tmp_path)
    with pytest.raises(UsageError, match="is not an export"):
        read_body(tmp_path)
