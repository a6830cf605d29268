"""The way in: `read` makes a data set of whatever names or holds data."""

from __future__ import annotations

from typing import Any

from automl.trainers.embeddings.data.dataset import Dataset
from automl.trainers.embeddings.data.reading import Reading
from automl.trainers.embeddings.data.schema import Schema

AS_IT_IS = Reading()


def read(data: Any = None, reading: Reading = AS_IT_IS) -> Dataset:
    """Read data, infer what the schema leaves open, filter, split and encode them.

    Args:
        data: None for the shipped flights; "flights" or "ml-100k"; the path of a CSV, Parquet or RecBole .inter file,
            or of a folder with one; a DataFrame of polars or pandas; a mapping of names to arrays.
        reading: the settings.

    Returns:
        The rows in the order of the data; of time, where the split goes by it.

    Raises:
        InvalidData: if the data are missing, damaged, or cannot be trained on.
        UnknownName: if a name is unknown, in the settings or in the schema.
    """
    from automl.trainers.embeddings.data.assemble import assemble  # polars loads when data are read

    return assemble(data, reading)


def describe(data: Any = None, reading: Reading = AS_IT_IS) -> Schema:
    """Return the complete schema that `read` goes by; `.text()` is the file that would say the same.

    Raises:
        InvalidData, UnknownName: as `read` does.
    """
    from automl.trainers.embeddings.data.assemble import prepare

    return prepare(data, reading).schema
