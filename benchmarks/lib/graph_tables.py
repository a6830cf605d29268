"""The tables of NAS-Bench-Graph: 26,206 trained graph networks on each of nine graphs.

    pip install nas-bench-graph

Qin, Zhang, Wang, Zhang and Zhu: NAS-Bench-Graph. NeurIPS 2022. The package holds the tables as pickles and reads them
with its own `light_read`; it is no dependency of the project, and nothing else here touches a pickle. A node's first
parent has one option only and is not asked, and two encodings of one graph have one key (`SearchSpace.key`), which
whoever avoids repetitions profits from.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from automl.core.space import SearchSpace
from lib.landscapes import Landscape

OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")


@dataclass(frozen=True)
class Cell:
    """Four nodes: the parent of each (0 is the input, k the k-th node), and what each computes."""

    links: tuple[int, ...]
    operations: tuple[str, ...]


class CellSpace(SearchSpace[Cell]):
    """24 x 9^4 cells; up to symmetries 26,206 of them."""

    def build(self, choose: Any) -> Cell:
        links, operations = [0], [choose("node0/op", OPERATIONS)]
        for node in range(1, 4):
            links.append(choose(f"node{node}/link", tuple(range(node + 1))))
            operations.append(choose(f"node{node}/op", OPERATIONS))
        return Cell(tuple(links), tuple(operations))

    def load(self, json: Any) -> Cell:
        return Cell(tuple(json["links"]), tuple(json["operations"]))

    def key(self, candidate: Cell) -> str:
        return str(number(candidate))


@cache
def package() -> Any:
    """Import the package, and not the benchmark of the same name."""
    here = Path(__file__).parent.parent
    kept = list(sys.path)
    sys.path[:] = [place for place in kept if Path(place).resolve() != here]
    try:
        return importlib.import_module("nas_bench_graph")
    finally:
        sys.path[:] = kept


@cache
def number(cell: Cell) -> int:
    """Return the number of a cell in the table, the same for all its encodings."""
    return int(package().Arch(list(cell.links), list(cell.operations)).valid_hash())


@cache
def table(name: str) -> dict[int, tuple[float, float]]:
    """Return validation and test accuracy by number."""
    return {int(n): (float(row["valid_perf"]), float(row["perf"])) for n, row in package().light_read(name).items()}


def landscape(name: str) -> Landscape:
    """Return the validation accuracy in percent; a cell that only skips is in no table and has 0."""
    return Landscape(f"graph {name}", CellSpace(), lambda cell: 100.0 * table(name).get(number(cell), (0.0, 0.0))[0])
