"""What there is to say about a plan besides its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from automl.search_spaces.embeddings import Plan
from automl.trainers.embeddings.data import Dataset

_RULES = {
    "search": "what the search learned",
    "magnitude": "the size of the warm-started embeddings, without any search",
    "damage": "what the warm-started model would miss most, without any search",
    "truncate": "cutting the warm-started table to the same dimension everywhere, without any search",
    "pep": "learned thresholds",
    "uniform": "the same dimension everywhere, trained from scratch",
    "mde": "popularity alone, trained from scratch",
}
_SHOWN = 5


def remarks(plan: Plan, dataset: Dataset) -> Sequence[str]:
    """Return sentences about the data and a plan."""
    return [*dataset.remarks, *_origin(plan), *_unknown(plan, dataset)]


def _origin(plan: Plan) -> list[str]:
    if plan.stage != "plain":
        return [f"This is the relaxed plan itself, stage {plan.stage}: nothing has been left out."]
    known = _RULES.get(plan.origin, "")
    return [f"The plan comes from the rule '{plan.origin}': {known}."] if known else []


def _unknown(plan: Plan, dataset: Dataset) -> list[str]:
    """Name the fields whose last block, that of OOV, keeps nothing."""
    fields = [column.name for column, blocks in zip(dataset.columns, plan.columns, strict=True) if not blocks[-1]]
    if not fields:
        return []
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    return [f"Rare and unknown values of {', '.join(fields[:_SHOWN])}{more} have no embedding."]
