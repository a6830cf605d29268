"""A traced graph of several inputs as MLflow's function of arrays by name.

A copy of this file goes with every such model, so that whoever loads one needs torch and numpy and nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAMES = "inputs.json"
"""File with the names of the inputs, in their order."""


class Graph:
    """Calls a graph with arrays by name."""

    def __init__(self, module: Any, names: list[str]) -> None:
        self._module = module
        self._names = names

    def predict(self, data: Any, params: Any = None) -> Any:
        """Return the outputs (rows, outputs) for a mapping of the names of the inputs to arrays."""
        import numpy as np
        import torch

        with torch.no_grad():
            return self._module(*(torch.from_numpy(np.array(data[name])) for name in self._names)).numpy()

    def get_raw_model(self) -> Any:
        """Return the graph as a module."""
        return self._module


def _load_pyfunc(path: str) -> Graph:
    """Load a model; MLflow looks for a function of this name."""
    import torch

    folder = Path(path)
    graph = next(folder.glob("*.pt2"))
    return Graph(torch.export.load(graph).module(), json.loads((folder / NAMES).read_text(encoding="utf-8")))
