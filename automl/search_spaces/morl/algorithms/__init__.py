"""The algorithms of space `morl`: one file each, with its program and its default."""

from __future__ import annotations

from automl.search_spaces.morl.algorithms.tabular import TABULAR
from automl.search_spaces.morl.program import Algorithm

ALGORITHMS: dict[str, Algorithm] = {algorithm.name: algorithm for algorithm in (TABULAR,)}
"""By name."""
