"""Protein interactions of 24 tissues, several labels a node: 20 graphs to train on, 2 to select by and 2 to test on.

Read by PyTorch Geometric from its raw files. Hamilton, Ying and Leskovec 2017, section 4.2.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

from automl.core.errors import MissingExtra
from automl.trainers.gnn.data.objects import from_object
from automl.trainers.gnn.data.raw import Raw

NAME = "PPI"
FILES = tuple(
    f"{part}_{file}"
    for part in ("train", "valid", "test")
    for file in ("feats.npy", "graph_id.npy", "graph.json", "labels.npy")
)


def lacking_ppi(folder: Path) -> list[str]:
    """Return the raw files that a folder lacks."""
    return [file for file in FILES if not (folder / file).is_file()]


def read_ppi(folder: Path) -> Raw:
    """Read the graphs from a folder that has all raw files; what PyTorch Geometric makes of them is not kept.

    Raises:
        MissingExtra: if PyTorch Geometric or networkx is not installed.
    """
    for package in ("torch_geometric", "networkx"):
        if find_spec(package) is None:
            raise MissingExtra(package.replace("_", "-"), "gnn")
    from torch_geometric.datasets import PPI

    with tempfile.TemporaryDirectory() as root:
        raw = Path(root, "raw")
        raw.mkdir()
        for file in FILES:
            (raw / file).symlink_to((folder / file).resolve())
        return from_object({part: PPI(root, split=part) for part in ("train", "val", "test")}, "ppi", 0)
