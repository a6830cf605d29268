"""The one way in: `read(data)` for a name, a chain, a file or an object."""

from __future__ import annotations

import os
from pathlib import Path

from automl.core.errors import UnknownName
from automl.trainers.circuits.problems.files import read_file
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.lattice import SUMMARIES, is_lattice, read_lattice
from automl.trainers.circuits.problems.objects import from_object
from automl.trainers.circuits.problems.shipped import DEFAULT, SHIPPED, read_shipped

ENDINGS = frozenset({".json", ".toml", ".npz", ".npy", ".txt", ".dat", ".data"})
LONGEST = 255
"""Bytes of a file's name; a longer one is a text that should have been saved into a file."""


def read(data: object = None) -> Hamiltonian:
    """Read a Hamiltonian.

    Args:
        data: None for the default `h2-4q`; a shipped name (`names()`); a chain such as `tfim-6q:J=1,h=0.5,periodic`;
            the path of a JSON, TOML, text, .npz or .npy file; a dictionary, a Hermitian matrix, a SparsePauliOp of
            Qiskit, a QubitOperator of OpenFermion, or a Hamiltonian.

    Raises:
        UnknownName: if there is no problem of that name.
        InvalidData: if what was found is no Hamiltonian that can be simulated.
        UsageError: if nothing can be read from such an object.
        MissingExtra: if it is a molecule and the extra `chemistry` is not installed.
    """
    if data is None:
        return read_shipped(DEFAULT)
    if isinstance(data, os.PathLike):
        return read_file(Path(data).expanduser())
    if isinstance(data, str):
        return _named(data)
    return from_object(data)


def _named(data: str) -> Hamiltonian:
    name = data.strip()
    if name in SHIPPED:
        return read_shipped(name)
    if is_lattice(name):
        return read_lattice(name)
    path = Path(name)
    looks_like_one = os.sep in name or path.suffix.lower() in ENDINGS
    if looks_like_one or (len(name.encode()) <= LONGEST and path.is_file()):
        return read_file(path.expanduser())
    raise UnknownName("problem", name[:40], [*SHIPPED, *SUMMARIES], "A file of your own is given by its path.")
