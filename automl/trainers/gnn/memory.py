"""What a training takes in memory, estimated before it starts, and what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl.core.errors import InvalidData
from automl.search_spaces.gnn.size import Shape

NODE_COPIES, EDGE_COPIES = 7, 6
"""Arrays of (nodes, heads x width) and of (edges, heads) that a layer has at once while its gradients are computed:
6 and 6 were measured, on 40,000 nodes and 400,000 edges with layers of 1 x 256 and 16 x 16."""
LARGEST = Shape(inputs=256, heads=16, width=16, final=False, averaged=False)
"""A layer of the largest network that the spaces offer without other settings: heads x width is at most 256."""
GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What is in memory at once.

    Attributes:
        nodes, edges: of one batch.
        hint: what to type for fewer of them.
    """

    nodes: int
    edges: int
    hint: str


def needed(part: AtOnce, shapes: Sequence[Shape]) -> int:
    """Return about how many bytes the activations of a network's layers and their gradients take."""
    node = sum(shape.heads * shape.width + shape.outputs for shape in shapes) / 2
    heads = sum(shape.heads for shape in shapes)
    return int(4 * (NODE_COPIES * part.nodes * node + EDGE_COPIES * (part.edges + part.nodes) * heads))


def refuse_too_large(where: str, part: AtOnce, limit: int) -> None:
    """See that the largest network of two layers can be trained.

    Args:
        where: what the graph was read from.
        part: what is in memory at once.
        limit: bytes there are.

    Raises:
        InvalidData: if it cannot, saying what it would take and what to type.
    """
    takes = needed(part, [LARGEST, LARGEST])
    if takes > limit:
        raise InvalidData(
            f"{where} is too large to be trained at once: on {part.nodes:,} nodes and {part.edges:,} edges the widest "
            f"network of two layers takes about {takes / 1e9:,.1f} GB, and there are {limit / 1e9:,.1f} GB.",
            f"{part.hint} Where max_width keeps networks narrower, raise the limit: --set memory_gb={takes / 1e9:.0f}",
        )


def refuse_candidate(part: AtOnce, shapes: Sequence[Shape], limit: int) -> None:
    """See that a network can be trained.

    Raises:
        MemoryError: if it cannot; the evaluation fails as out of memory before it is.
    """
    takes = needed(part, shapes)
    if takes > limit:
        raise MemoryError(f"The network would take about {takes / 1e9:,.1f} GB of {limit / 1e9:,.1f} GB. {part.hint}")


def available() -> int:
    """Return the bytes that are free, within the limit of this process's group; very many if nothing says so."""
    found = [1 << 60]
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            found.append(1024 * int(line.split()[1]))
    for path in GROUPS:
        found += [int(line) for line in _lines(path) if line.isdigit()]
    return min(found)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
