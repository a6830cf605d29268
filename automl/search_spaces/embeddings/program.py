"""The program of choices that builds a plan: a dimension for every block of every field.

A dimension means the first columns: a plan that is trained from scratch has no reason to prefer others.
"""

from __future__ import annotations

from automl.core.choices import Choose
from automl.search_spaces.embeddings.frame import Frame
from automl.search_spaces.embeddings.plan import Plan


def dims_up_to(most: int) -> tuple[int, ...]:
    """Return 0, the powers of two up to `most`, and `most`."""
    powers = [2**power for power in range(most.bit_length())]
    return (*dict.fromkeys([0, *powers, most]),)


def build(frame: Frame, choose: Choose) -> Plan:
    """Build a plan from answers to `FIELD/blockN/dim`; the last block gets a column if no other has one."""
    options, blocks = dims_up_to(frame.width), frame.blocks
    dims: list[int] = []
    for block in blocks:
        last = len(dims) == len(blocks) - 1
        some = options[1:] if last and not any(dims) else None
        dims.append(choose(f"{block.field}/block{block.number}/dim", options, allowed=some))
    return Plan(max(dims), frame.starts, frame.by_field(tuple(range(dim)) for dim in dims))
