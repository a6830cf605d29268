"""A plan as `embedding_dim` per feature, as FuxiCTR's data set configurations have it.

FuxiCTR knows one dimension per feature: no blocks, no choice of columns, no single values. Where a plan has them, a
feature gets the largest dimension among its blocks, and a comment says what that costs. Only models that do not
compare vectors of different features (Wide & Deep, a plain network) take features of different dimensions there; a
factorisation machine needs one dimension for all, which is then the largest. FuxiCTR adds rows of its own for padding
and unseen values.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from automl.core.readable import readable_json
from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.spans import spans

ANY_DIMS = ("mlp", "wide_deep")
"""Models that take features of different dimensions."""


def embedding_dims(plan: Plan, fields: Sequence[Field], *, model: str) -> dict[str, int]:
    """Return the dimension of each feature; at least 1, for FuxiCTR knows no feature without an embedding."""
    dims = dict.fromkeys((field.name for field in fields), 1)
    for span in spans(plan, fields):
        dims[span.field] = max(dims[span.field], len(span.columns))
    return dims if model in ANY_DIMS else dict.fromkeys(dims, max(dims.values()))


def differences(plan: Plan, fields: Sequence[Field], *, model: str) -> list[str]:
    """Return what of the plan these dimensions do not say, as sentences; empty if they say it all."""
    dims = embedding_dims(plan, fields, model=model)
    found = spans(plan, fields)
    told = []
    if model not in ANY_DIMS and len({len(span.columns) for span in found}) > 1:
        told.append(f"Model {model} needs one dimension for all features: the largest.")
    if any(len(blocks) > 1 and len({len(kept) for kept in blocks}) > 1 for blocks in plan.columns):
        told.append("The blocks of a feature differ; it gets the largest of their dimensions.")
    if any(span.columns != tuple(range(len(span.columns))) for span in found):
        told.append("Which columns are kept is lost: train anew.")
    if plan.elements is not None:
        told.append("Single values are kept; the dimensions are those of whole columns.")
    kept = sum(span.rows * len(span.columns) for span in found) if plan.elements is None else plan.elements
    here = sum(field.rows * dims[field.name] for field in fields)
    return [*told, f"{here} values instead of {kept}."] if here != kept else told


def feature_cols(plan: Plan, fields: Sequence[Field], *, model: str) -> list[dict[str, Any]]:
    """Return the features as entries of `feature_cols`."""
    dims = embedding_dims(plan, fields, model=model)
    return [
        {"name": name, "active": True, "dtype": "str", "type": "categorical", "embedding_dim": dim}
        for name, dim in dims.items()
    ]


def as_yaml(plan: Plan, fields: Sequence[Field], *, model: str) -> str:
    """Return `feature_cols` as YAML; names are quoted as in JSON, which YAML reads."""
    remarks = "".join(f"# {sentence}\n" for sentence in differences(plan, fields, model=model))
    entries = [
        "  - {" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in entry.items()) + "}"
        for entry in feature_cols(plan, fields, model=model)
    ]
    return f"{remarks}feature_cols:\n" + "\n".join(entries) + "\n"


def as_json(plan: Plan, fields: Sequence[Field], *, model: str) -> str:
    """Return `feature_cols`, a line for each, and what they do not say as JSON."""
    features, lost = feature_cols(plan, fields, model=model), differences(plan, fields, model=model)
    return readable_json({"feature_cols": features, "differences": lost}, "feature_cols")
