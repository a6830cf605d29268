"""Graphs by name: Cora ships, PyTorch Geometric reads the others from their raw files. Nothing is downloaded."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.trainers.gnn.data.cora import read_cora
from automl.trainers.gnn.data.objects import from_object
from automl.trainers.gnn.data.raw import Raw

VARIABLE = "AUTOML_DATA"
"""Environment variable: folders to look in first, separated like PATH."""
PLANETOID = {"citeseer": "CiteSeer", "pubmed": "PubMed"}
SUFFIXES = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")


def names() -> list[str]:
    """Return the names that `read_named` knows."""
    return sorted(("cora", *PLANETOID))


def places() -> list[Path]:
    """Return the folders in which named graphs are looked for, in order; not all of them exist."""
    own = os.environ.get(VARIABLE, "").split(os.pathsep)
    shared = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
    return [*(Path(p).expanduser() for p in own if p), *(Path(p, "datasets") for p in shared if p)]


def read_named(name: str) -> Raw:
    """Read a graph by name.

    Raises:
        UnknownName: if there is none of that name.
        InvalidData: if its raw files are in none of `places`.
        MissingExtra: if PyTorch Geometric is not installed.
    """
    if name == "cora":
        return read_cora()
    if name not in PLANETOID:
        raise UnknownName("graph", name, names(), "Or give module:function.")
    root = next((place for place in places() if not lacking(name, place)), None)
    if root is None:
        first = places()[0]
        raise InvalidData(
            f"The raw files of '{name}' are not there; looked in {', '.join(map(str, places()))}.",
            f"Put {', '.join(lacking(name, first))} into {raw_folder(name, first)}, or set {VARIABLE}.",
        )
    return read_planetoid(name, root)


def read_planetoid(name: str, root: Path) -> Raw:
    """Read one of Planetoid's graphs from ROOT/Name/raw with PyTorch Geometric, in its public split.

    Raises:
        MissingExtra: if PyTorch Geometric is not installed.
    """
    if find_spec("torch_geometric") is None:
        raise MissingExtra("torch-geometric", "gnn")
    from torch_geometric.datasets import Planetoid

    return from_object(Planetoid(str(root), PLANETOID[name], split="public"), name, 0)


def raw_folder(name: str, root: Path) -> Path:
    """Return where the raw files of a graph belong."""
    return root / PLANETOID[name] / "raw"


def lacking(name: str, root: Path) -> list[str]:
    """Return the raw files of a graph that a folder lacks: with one missing, PyTorch Geometric would download."""
    folder = raw_folder(name, root)
    return [file for suffix in SUFFIXES if not (folder / (file := f"ind.{name}.{suffix}")).is_file()]
