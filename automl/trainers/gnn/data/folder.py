"""Graphs from a path: which of the formats it is, the files say."""

from __future__ import annotations

from pathlib import Path

from automl.core.errors import InvalidData
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.tables import is_tables, read_tables
from automl.trainers.gnn.data.tu import is_tu, read_tu, read_zip


def read_path(path: Path) -> Raw:
    """Read the graphs of a folder or file.

    Raises:
        InvalidData: if it is in no known format, or lacks files.
        MissingExtra: if PyTorch Geometric is needed and not installed.
    """
    if path.suffix == ".zip":
        return read_zip(path)
    if path.suffix == ".toml" or is_tables(path):
        return read_tables(path)
    for folder in (path, path / "raw"):
        if folder.is_dir() and is_tu(folder):
            return read_tu(folder)
    raise InvalidData(
        f"{path} holds no graph that can be read.",
        "Give a folder with nodes.csv and edges.csv, a TOML file that names such tables, or a folder or zip file of "
        "the TU collection (NAME_A.txt and others).",
    )
