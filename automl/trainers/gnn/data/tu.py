"""Graph data sets of the TU collection, from their raw text files, read by PyTorch Geometric.

NAME_A.txt, NAME_graph_indicator.txt, NAME_graph_labels.txt or NAME_graph_attributes.txt (numbers to predict), and
NAME_node_labels.txt or NAME_node_attributes.txt, which become features. Morris et al.: TUDataset: A collection of
benchmark datasets for learning with graphs. GRL+ workshop, ICML 2020.
"""

from __future__ import annotations

import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from automl.core.errors import InvalidData, MissingExtra
from automl.trainers.gnn.data.raw import Raw, as_array

NEEDED = ("A.txt", "graph_indicator.txt")
LABELS = ("graph_labels.txt", "graph_attributes.txt")
FEATURES = ("node_labels.txt", "node_attributes.txt")


def is_tu(folder: Path) -> bool:
    """Tell whether a folder holds the raw files of such a data set, or some of them."""
    return any(folder.glob("*_A.txt")) or any(folder.glob("*_graph_indicator.txt"))


def read_tu(folder: Path) -> Raw:
    """Read the graphs of a folder of raw files.

    Raises:
        InvalidData: if files are missing, naming them and the folder.
        MissingExtra: if PyTorch Geometric is not installed.
    """
    name = _name(folder)
    missing = [f"{name}_{end}" for end in NEEDED if not (folder / f"{name}_{end}").is_file()]
    missing += [
        " or ".join(f"{name}_{end}" for end in ends)
        for ends in (LABELS, FEATURES)
        if not any((folder / f"{name}_{end}").is_file() for end in ends)
    ]
    if missing:
        raise InvalidData(
            f"{folder} lacks {', '.join(missing)}.",
            "Put these files there; where nodes have no features of their own, write their degrees as node labels.",
        )
    if find_spec("torch_geometric") is None:
        raise MissingExtra("torch-geometric", "gnn")
    return _read(folder, name)


def _read(folder: Path, name: str) -> Raw:
    from torch_geometric.io import read_tu_data

    try:
        data, slices, _ = read_tu_data(str(folder), name)
    except (ValueError, RuntimeError, IndexError) as error:
        raise InvalidData(f"{folder} cannot be read: {error}.", "Compare it with the collection's files.") from error
    x, y = as_array(data.x), as_array(data.y)
    sizes = np.diff(as_array(slices["x"]))
    starts = np.repeat(np.cumsum(sizes) - sizes, np.diff(as_array(slices["edge_index"])))
    return Raw(name, x, as_array(data.edge_index) + starts, y, sizes=tuple(int(size) for size in sizes))


def read_zip(path: Path) -> Raw:
    """Read the graphs of a zip file that holds such a folder."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        except (zipfile.BadZipFile, OSError) as error:
            raise InvalidData(f"{path} cannot be unpacked: {error}.") from error
        found = next((p.parent for p in sorted(Path(folder).rglob("*_A.txt"))), None)
        if found is None:
            raise InvalidData(f"{path} holds no NAME_A.txt.", "Give a data set of the TU collection.")
        return read_tu(found)


def _name(folder: Path) -> str:
    """Return how the names of the files begin."""
    return next(path.name.removesuffix(f"_{end}") for end in NEEDED for path in sorted(folder.glob(f"*_{end}")))
