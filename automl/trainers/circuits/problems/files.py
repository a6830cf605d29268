"""Problems as files: JSON, TOML, text, NumPy. Nothing in them is executed."""

from __future__ import annotations

import json
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from automl.core.errors import InvalidData
from automl.trainers.circuits.problems.dense import MOST_DENSE_QUBITS, from_matrix
from automl.trainers.circuits.problems.document import EXAMPLE, from_document
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.text import from_text

UNNAMED = "custom"
MATRIX_NAMES = ("hamiltonian", "matrix")
SHIFT_NAME = "energy_shift"
"""The .npz files published with CRLQAS keep a multiple of the identity apart under this name."""
MOST_BYTES = 16 * 4**MOST_DENSE_QUBITS + 4096


def read_file(path: Path) -> Hamiltonian:
    """Read a file by its ending: .json, .toml, .npz, .npy; any other is text.

    Raises:
        InvalidData: if it is missing, damaged or holds no Hamiltonian.
    """
    try:
        if not path.is_file():
            raise InvalidData(f"There is no file {path}.", "Type the path of a file that holds the Hamiltonian.")
        found = _READERS.get(path.suffix.lower(), _text)(path)
    except OSError as error:
        raise InvalidData(f"{path} cannot be read: {error.strerror or error}.") from error
    name = path.stem if found.name == UNNAMED else found.name
    return replace(found, name=name, source={**found.source, "file": path.name})


def _json(path: Path) -> Hamiltonian:
    try:
        document = json.loads(_content(path), object_pairs_hook=_merged)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidData(f"{path} is no JSON: {error}.", f"Write it like {EXAMPLE}.") from error
    return _document(document, path)


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Add up numbers under one key: JSON allows a Pauli string twice, and its usual readers lose the first."""
    merged: dict[str, Any] = {}
    for key, value in pairs:
        if key in merged and not _both_numbers(merged[key], value):
            raise InvalidData(f"The key '{key}' comes twice.", "Remove one.")
        merged[key] = merged[key] + value if key in merged else value
    return merged


def _both_numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _toml(path: Path) -> Hamiltonian:
    try:
        document = tomllib.loads(_content(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidData(
            f"{path} is no TOML: {error}.", "Write a line [terms] and below it lines like ZZ = -1.0."
        ) from error
    return _document(document, path)


def _document(document: object, path: Path) -> Hamiltonian:
    if not isinstance(document, dict):
        raise InvalidData(f"{path} holds no mapping.", f"Write it like {EXAMPLE}.")
    return from_document(document, path.name)


def _text(path: Path) -> Hamiltonian:
    return from_text(_content(path), path.name)


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidData(
            f"{path} is no text: {error.reason} at byte {error.start}.",
            "Readable are .json, .toml, .npz, .npy and text.",
        ) from error


def _npz(path: Path) -> Hamiltonian:
    try:
        _refuse_large(path, max((item.file_size for item in zipfile.ZipFile(path).infolist()), default=0))
        with np.load(path, allow_pickle=False) as arrays:
            name = _matrix_name(arrays.files, path)
            shift = float(arrays[SHIFT_NAME].real) if SHIFT_NAME in arrays.files else 0.0
            return from_matrix(arrays[name], path.name, shift)
    except (ValueError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _npy(path: Path) -> Hamiltonian:
    _refuse_large(path, path.stat().st_size)
    try:
        return from_matrix(np.load(path, allow_pickle=False), path.name)
    except (ValueError, TypeError, EOFError, MemoryError) as error:
        raise _damaged(path, error) from error


def _matrix_name(names: list[str], path: Path) -> str:
    if len(names) == 1:
        return names[0]
    found = [name for name in MATRIX_NAMES if name in names]
    if not found:
        raise InvalidData(
            f"{path} holds {len(names)} arrays ({', '.join(names[:8])}), none of them named 'hamiltonian'.",
            "Save it with np.savez(path, hamiltonian=matrix).",
        )
    return found[0]


def _refuse_large(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise InvalidData(
            f"{path} holds an array of {size / 2**20:,.0f} MiB; a matrix of {MOST_DENSE_QUBITS} qubits, the most, "
            f"has {MOST_BYTES // 2**20}.",
            "Give its Pauli terms instead, as JSON or text.",
        )


def _damaged(path: Path, error: Exception) -> InvalidData:
    return InvalidData(
        f"{path} cannot be read as NumPy arrays: {error}.",
        "Save the matrix again with np.savez(path, hamiltonian=matrix).",
    )


_READERS = {".json": _json, ".toml": _toml, ".npz": _npz, ".npy": _npy}
