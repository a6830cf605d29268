"""Fields in their canonical form: names as texts, amounts as numbers, times as numbers that rise.

A name that is a whole number has one text, however it was stored: 7, 7.0 and "7.0" are all "7", since programs turn
whole numbers into broken ones where values are missing. Other broken numbers are no names. What is missing is null: an
empty text everywhere, and where numbers are expected, the texts of `MISSING`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automl.core.errors import InvalidData

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "\\N")
LARGEST_WHOLE = 2.0**53
"""Above it, floats cannot tell neighbouring whole numbers apart."""


@dataclass(frozen=True)
class Numbers:
    """A field as numbers.

    Attributes:
        values: Float64; null where missing or no number.
        unknown: where there is a text that is no number; None if nowhere.
        wrong: one of these texts; None if there is none.
    """

    values: pl.Series
    unknown: pl.Series | None = None
    wrong: str | None = None


def as_numbers(series: pl.Series) -> Numbers:
    """Return a field of any type as numbers; truth values are 0 and 1.

    Raises:
        InvalidData: if it holds neither numbers nor texts.
    """
    kind = series.dtype
    if kind.is_numeric() or kind == pl.Boolean:
        return Numbers(series.cast(pl.Float64).fill_nan(None))
    if kind in (pl.Null, pl.String) or isinstance(kind, pl.Categorical | pl.Enum):
        text = series.cast(pl.String).str.strip_chars()
        values = text.cast(pl.Float64, strict=False).fill_nan(None)
        unknown = values.is_null() & text.is_not_null() & ~text.is_in(MISSING)
        return Numbers(values, unknown, str(text.filter(unknown)[0])) if unknown.any() else Numbers(values)
    raise InvalidData(f"The field '{series.name}' holds {kind}, which are no numbers.", "Ignore it in the schema.")


def numbers(
    series: pl.Series, otherwise: str = 'Declare it a "token" in the schema, or correct the data.'
) -> pl.Series:
    """Return a field as numbers.

    Args:
        series: the field.
        otherwise: what to do if it has others.

    Raises:
        InvalidData: if one of its values is none.
    """
    found = as_numbers(series)
    if found.wrong is not None:
        raise InvalidData(f"The field '{series.name}' must hold numbers, but one value is '{found.wrong}'.", otherwise)
    return found.values


def broken(text: pl.Series) -> str | None:
    """Return one of the broken numbers of a column of texts that are all numbers; None if there is none."""
    found = text.filter(text.str.contains(r"^-?[0-9]+\.[0-9]*[1-9][0-9]*$"))
    return str(found[0]) if len(found) and as_numbers(text).wrong is None else None


def texts(series: pl.Series) -> pl.Series:
    """Return a field as texts of names; see the module.

    Raises:
        InvalidData: if it holds broken numbers, or what has no text.
    """
    kind = series.dtype
    if kind.is_float() or kind.is_decimal():
        return _whole(series.cast(pl.Float64).fill_nan(None))
    if kind.is_nested() or kind in (pl.Object, pl.Binary):
        raise InvalidData(f"The field '{series.name}' holds {kind}, which are no names.", "Ignore it in the schema.")
    text = series.cast(pl.String)
    if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        if is_float_text(text):
            text = text.str.replace(r"^(-?[0-9]+)\.0$", "$1")
        text = text.set(text == "", None)
    return text


def is_float_text(text: pl.Series) -> bool:
    """Say whether some texts look like whole numbers that were written as broken ones."""
    return bool(text.str.ends_with(".0").any()) and bool(text.str.contains(r"^-?[0-9]+\.0$").any())


def _whole(series: pl.Series) -> pl.Series:
    broken = series.filter((series != series.round()) | (series.abs() > LARGEST_WHOLE))
    if len(broken.drop_nulls()):
        raise InvalidData(
            f"The field '{series.name}' is to hold names, but {broken.drop_nulls()[0]} is a broken number.",
            'Declare it a "number", or give the names as whole numbers or texts.',
        )
    return series.cast(pl.Int64).cast(pl.String)


def times(series: pl.Series) -> pl.Series:
    """Return points in time as numbers that rise with time: dates, numbers, and texts of either.

    Raises:
        InvalidData: if a text is no time.
    """
    if series.dtype.is_temporal():
        return series.to_physical().cast(pl.Int64)
    if series.dtype != pl.String:
        return numbers(series)
    found = as_numbers(series)
    if found.wrong is None:
        return found.values
    text = series.str.strip_chars()
    text = text.set(text.is_in(MISSING), None)
    try:
        return text.str.to_datetime(strict=True).to_physical().cast(pl.Int64)
    except pl.exceptions.PolarsError as error:
        raise InvalidData(
            f"The field '{series.name}' is the time, but '{_no_date(text)}' is no date and no number.",
            "Write 2024-05-31, 2024-05-31 17:45:00, or seconds, in all rows alike.",
        ) from error


def _no_date(text: pl.Series) -> str:
    """Return a text that is no date as the others are; any, if none is."""
    present = text.drop_nulls()
    try:
        wrong = present.filter(present.str.to_datetime(strict=False).is_null())
    except pl.exceptions.PolarsError:
        wrong = present.filter(~present.str.contains(r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"))
    return str((wrong if len(wrong) else present)[0])
