"""The algorithms of space `morl`: one file each, with its program and its default."""

from __future__ import annotations

from automl.search_spaces.morl.algorithms.capql import CAPQL
from automl.search_spaces.morl.algorithms.envelope import ENVELOPE
from automl.search_spaces.morl.algorithms.gpi import GPI_LS, GPI_PD
from automl.search_spaces.morl.algorithms.morld import MORLD
from automl.search_spaces.morl.algorithms.mpmoqlearning import MPMOQLEARNING
from automl.search_spaces.morl.algorithms.pcn import PCN
from automl.search_spaces.morl.algorithms.pql import PQL
from automl.search_spaces.morl.algorithms.tabular import TABULAR
from automl.search_spaces.morl.program import Algorithm

ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (TABULAR, PQL, MPMOQLEARNING, ENVELOPE, GPI_LS, GPI_PD, PCN, CAPQL, MORLD)
}
"""By name."""
