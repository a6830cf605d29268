"""Cora, the default: 2,708 papers, the words they use, who cites whom, and their topics. Ships with the package."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np

from automl.trainers.gnn.data.raw import Raw

WORDS = 1433


def read_cora() -> Raw:
    """Read Cora in the public split of Planetoid: 140 papers to train on, 500 to select by, 1,000 to test on."""
    with as_file(files(__package__) / "shipped" / "cora.npz") as path, np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    papers = len(arrays["topics"])
    x = np.zeros((papers, WORDS), np.float32)
    x[np.repeat(np.arange(papers), arrays["words_per_paper"]), arrays["words"]] = 1.0
    links = arrays["links"].astype(np.int64)
    both = np.concatenate([links, links[::-1]], axis=1)
    masks = (arrays["train"], arrays["validation"], arrays["test"])
    return Raw("cora", x, both, arrays["topics"].astype(np.int64), *masks)
