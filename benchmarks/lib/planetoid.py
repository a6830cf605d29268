"""Citeseer in its public split, from a folder with Planetoid's raw files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from automl.trainers.gnn.data.named import raw_folder, read_planetoid


def citeseer(files: Path) -> dict[str, Any]:
    """Return the graph as the arrays that trainer `gnn` takes.

    Args:
        files: the folder that holds ind.citeseer.*.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw = raw_folder("citeseer", Path(folder))
        raw.mkdir(parents=True)
        for file in files.glob("ind.citeseer.*"):
            (raw / file.name).symlink_to(file.resolve())
        source = read_planetoid("citeseer", Path(folder))
    parts = {"train_mask": source.train, "val_mask": source.validation, "test_mask": source.test}
    return {"x": source.x, "edge_index": source.edge_index, "y": source.y, **parts}
