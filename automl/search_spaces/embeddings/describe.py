"""A plan in one short line."""

from __future__ import annotations

from collections.abc import Sequence

from automl.search_spaces.embeddings.fields import Field
from automl.search_spaces.embeddings.plan import Plan
from automl.search_spaces.embeddings.size import size

_SHOWN = 12
"""Fields in the one-line description of a plan; the rest is counted."""


def describe(plan: Plan, fields: Sequence[Field]) -> str:
    """Return a plan as in `K 32, 42.0 kB: user 16/9/4, item 12/4/1, by search`, hottest block first."""
    parts = [_kept(plan, fields)]
    parts += ["aligned"] if plan.aligned else []
    parts += [f"by {plan.origin}"] if plan.origin else []
    return f"K {plan.width}, {in_bytes(size(plan, fields).bytes)}: {', '.join(parts)}"


def _kept(plan: Plan, fields: Sequence[Field]) -> str:
    if plan.stage != "plain":
        return f"all columns, stage {plan.stage}"
    if plan.elements is not None:
        return f"the largest {plan.elements:,} values"
    shown = [
        f"{field.name} {'/'.join(map(str, dims))}"
        for field, dims in zip(fields[:_SHOWN], plan.dims[:_SHOWN], strict=True)
    ]
    more = [f"{len(fields) - _SHOWN} more fields"] if len(fields) > _SHOWN else []
    return ", ".join(shown + more)


def in_bytes(count: int) -> str:
    """Return a number of bytes as people write it: 512 B, 42.0 kB, 1.3 MB."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
