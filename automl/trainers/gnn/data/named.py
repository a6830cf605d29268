"""Data sets by name: Cora ships, PyTorch Geometric reads the others from their raw files. Nothing is downloaded."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.trainers.gnn.data import ppi
from automl.trainers.gnn.data.cora import read_cora
from automl.trainers.gnn.data.objects import from_object
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.data.tu import is_tu, read_tu, read_zip

VARIABLE = "AUTOML_DATA"
"""Environment variable: folders to look in first, separated like PATH."""
PLANETOID = {"citeseer": "CiteSeer", "pubmed": "PubMed"}
TU = {name.lower(): name for name in ("AIDS", "ENZYMES", "MUTAG", "NCI1", "PROTEINS")}
SUFFIXES = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")


def names() -> list[str]:
    """Return the names that `read_named` knows."""
    return sorted(("cora", "ppi", *PLANETOID, *TU))


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
    if name == "ppi":
        return _read_proteins()
    if name in TU:
        return _read_collected(TU[name])
    if name not in PLANETOID:
        raise UnknownName("data set", name, names(), "Or give a path, or module:function.")
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


def _read_proteins() -> Raw:
    """Read PPI from PLACE/PPI/raw."""
    folders = [place / ppi.NAME / "raw" for place in places()]
    folder = next((folder for folder in folders if not ppi.lacking_ppi(folder)), None)
    if folder is None:
        raise InvalidData(
            f"The raw files of 'ppi' are not there; looked in {', '.join(map(str, places()))}.",
            f"Put {', '.join(ppi.lacking_ppi(folders[0]))} into {folders[0]}, or set {VARIABLE}.",
        )
    return ppi.read_ppi(folder)


def _read_collected(name: str) -> Raw:
    """Read a data set of the TU collection from PLACE/NAME/raw, PLACE/NAME or PLACE/NAME.zip."""
    for place in places():
        if (place / f"{name}.zip").is_file():
            return read_zip(place / f"{name}.zip")
        for folder in (place / name / "raw", place / name):
            if folder.is_dir() and is_tu(folder):
                return read_tu(folder)
    ends = "A, graph_indicator, graph_labels, node_labels"
    raise InvalidData(
        f"The raw files of '{name}' are not there; looked in {', '.join(map(str, places()))}.",
        f"Put {', '.join(f'{name}_{end}.txt' for end in ends.split(', '))} into {places()[0] / name / 'raw'}, or "
        f"{name}.zip into {places()[0]}, or set {VARIABLE}.",
    )


def raw_folder(name: str, root: Path) -> Path:
    """Return where the raw files of a graph belong."""
    return root / PLANETOID[name] / "raw"


def lacking(name: str, root: Path) -> list[str]:
    """Return the raw files of a graph that a folder lacks: with one missing, PyTorch Geometric would download."""
    folder = raw_folder(name, root)
    return [file for suffix in SUFFIXES if not (folder / (file := f"ind.{name}.{suffix}")).is_file()]
