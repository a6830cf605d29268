"""A controller's state as JSON and safetensors: nested dicts and lists, with the arrays taken out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_ARRAY = "\0array"


def pack(state: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the state as JSON text, and its arrays as safetensors bytes.

    Raises:
        TypeError: if the state holds anything but dicts, lists, strings, numbers, None and numpy arrays.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {}

    def strip(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays[str(len(arrays))] = np.ascontiguousarray(value)
            return {_ARRAY: [str(len(arrays) - 1), list(value.shape)]}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Mapping):
            return {str(key): strip(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [strip(item) for item in value]
        return value

    text = json.dumps(strip(state), separators=(",", ":"))
    return text, save(arrays) if arrays else b""


def unpack(text: str, arrays: bytes) -> dict[str, Any]:
    """Read back what `pack` wrote; tuples come back as lists."""
    from safetensors.numpy import load

    loaded = load(arrays) if arrays else {}

    def restore(value: Any) -> Any:
        if isinstance(value, dict):
            if _ARRAY in value:
                name, shape = value[_ARRAY]
                return np.array(loaded[name]).reshape(shape)
            return {key: restore(item) for key, item in value.items()}
        if isinstance(value, list):
            return [restore(item) for item in value]
        return value

    state: dict[str, Any] = restore(json.loads(text))
    return state
