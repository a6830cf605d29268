"""CSV and Parquet files as frames. CSV fields stay the texts that they are: `007` is not `7`."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from automl.core.errors import InvalidData

DELIMITERS = ",\t;|"
LINES_TO_SNIFF = 20
CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_SUFFIXES = (".parquet", ".pq")
GZIP = b"\x1f\x8b"


def read_csv(
    path: Path, *, delimiter: str | None = None, quote: str | None = '"', columns: Sequence[str] = ()
) -> pl.DataFrame:
    """Read a CSV file, compressed or not, all fields as texts; empty ones are missing.

    Args:
        path: the file.
        delimiter: what stands between fields; None for the one of `,`, tab, `;` and `|` that fits the first lines, or,
            if none of them does, the space.
        quote: what texts with delimiters in them are quoted with; None for nothing.
        columns: names of all fields, if the file has no line of names.

    Raises:
        InvalidData: if it is empty, no UTF-8, cut off, has no header, or has lines with too many fields.
    """
    content = _content(path)
    head = _head(path, content)
    delimiter = delimiter or sniff(head)
    first = next(csv.reader(head[:1], delimiter=delimiter, quotechar=quote), [])
    if columns:
        _check_columns(path, first, columns, delimiter)
    else:
        _check_header(path, first)
    named = list(columns) or None
    try:
        return pl.read_csv(
            content,
            separator=delimiter,
            quote_char=quote,
            infer_schema=False,
            has_header=named is None,
            new_columns=named,
        )
    except pl.exceptions.PolarsError as error:
        _refuse_other_encodings(path, content)
        fault = str(error).split("\n")[0]
        raise InvalidData(
            f"{path} is no well-formed CSV file ({fault}); its delimiter was taken to be {delimiter!r}.",
            "Every line needs as many fields as the first one; a field with the delimiter in it needs quotes.",
        ) from error


def sniff(lines: list[str]) -> str:
    """Return the delimiter that cuts these lines into equally many fields, at least two; `,` if none does.

    The space is in many texts, so it is one only where no other is.
    """
    widths = {d: {len(row) for row in csv.reader(lines, delimiter=d)} for d in DELIMITERS + " "}
    even = [d for d in DELIMITERS if len(widths[d]) == 1 and widths[d] != {1}]
    if not even and len(widths[" "]) == 1 and widths[" "] != {1}:
        return " "
    return max(even or DELIMITERS, key=lambda d: (max(widths[d], default=0), -DELIMITERS.index(d)))


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != GZIP:
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidData(f"{path} is a damaged or truncated gzip file: {error}.", "Copy it again.") from error


def _head(path: Path, content: bytes) -> list[str]:
    """Return the first whole lines as texts."""
    lines = content[: 1 << 20].split(b"\n")[:LINES_TO_SNIFF]
    if not content.strip():
        raise InvalidData(f"{path} is empty.", "It needs a line with the names of the fields, and rows below it.")
    try:
        return [line.decode("utf-8-sig").rstrip("\r") for line in lines if line.strip()]
    except UnicodeDecodeError:
        _refuse_other_encodings(path, content)
        raise


def _refuse_other_encodings(path: Path, content: bytes) -> None:
    try:
        codecs.decode(content, "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        raise InvalidData(
            f"{path} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}.",
            f"Type: iconv -f {'UTF-16' if wide else 'ISO-8859-1'} -t UTF-8 {path} > utf8.csv",
        ) from error


def _check_header(path: Path, names: list[str]) -> None:
    if names and all(_is_number(name) for name in names):
        raise InvalidData(
            f"{path} has no header: its first line is {', '.join(names[:5])}.",
            "Put a line with the names on top, or write them into a schema file and set schema to its path: "
            f"columns = [{', '.join(_proposed(len(names)))}].",
        )
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InvalidData(
            f"{path} has two fields named '{twice}'.",
            "Rename one in the first line; if that is data, put a line with the names on top.",
        )


def _proposed(number: int) -> list[str]:
    """Return names of fields, in quotes, as somebody might want them."""
    return [f'"{name}"' for name in ("user", "item", "rating", "timestamp")[:number]] + ["..."] * (number > 4)


def _check_columns(path: Path, first: list[str], columns: Sequence[str], delimiter: str) -> None:
    """Refuse names that are not those of the fields of the first line."""
    if [text.strip() for text in first] == list(columns):
        raise InvalidData(
            f"The first line of {path} has the names of its fields already.", "Remove 'columns' from the schema."
        )
    if len(first) != len(columns):
        count = "1 field" if len(first) == 1 else f"{len(first)} fields"
        raise InvalidData(
            f"The schema names {len(columns)} columns, but the first line of {path} has {count} "
            f"({', '.join(first[:5])}); its delimiter was taken to be {delimiter!r}.",
            "Name all of them in 'columns', in order, or set 'delimiter' in the schema.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_parquet(paths: list[Path], names: Sequence[str] = ()) -> pl.DataFrame:
    """Read a Parquet file, or several with the same columns.

    Args:
        paths: the files.
        names: the columns that are needed; the others stay on the disk. All are read if there are none, or if one of
            them is missing, so that an error can tell what there is.

    Raises:
        InvalidData: if one is cut off or damaged, or columns differ.
    """
    try:
        scan = pl.scan_parquet(paths, glob=False)
        there = scan.collect_schema().names()
        needed = [name for name in there if name in names] if set(names) <= set(there) else []
        return (scan.select(needed) if needed else scan).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        fault = str(error).split("\n")[0]
        raise InvalidData(
            f"{', '.join(str(p) for p in paths[:3])} cannot be read as Parquet: {fault}.",
            "The file is cut off or damaged: copy or write it again.",
        ) from error
