"""The file that a search algorithm of Tune leaves: JSON and safetensors, and no pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.core.errors import AutomlError
from automl.snapshot import pack, unpack

_TEXT, _ARRAYS = "state.json", "arrays.safetensors"


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state: nested dicts and lists of numbers, strings and numpy arrays.

    Raises:
        AutomlError: if it holds anything else.
    """
    try:
        text, arrays = pack(state)
    except TypeError as error:
        raise AutomlError(f"The search cannot be saved: {error}.", "Keep to plain values in tune.choice.") from error
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(_TEXT, text)
        file.writestr(_ARRAYS, arrays)


def read_state(path: Path) -> dict[str, Any]:
    """Read it back.

    Raises:
        AutomlError: if the file is none of these.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return unpack(file.read(_TEXT).decode(), file.read(_ARRAYS))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AutomlError(f"{path} holds no saved search: {error}.", "Start a new one.") from error
