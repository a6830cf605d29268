"""A plan as tables of torchrec: one `EmbeddingBagConfig` per block, as JSON or as Python.

An `EmbeddingBagCollection` takes tables of different dimensions; `EmbeddingCollection` does not. It knows neither
blocks nor columns: each block is a feature of its own, which gets the rows of the field that lie in the block, counted
from the block's `first_row`; its vector belongs into `columns` of the K-wide one, and the vectors of a field's blocks
are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl.core.errors import UsageError
from automl.core.readable import readable_json
from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.spans import Span, spans


def configs(plan: Plan, fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return the arguments of one `EmbeddingBagConfig` per block that keeps anything, and where the block belongs.

    Raises:
        UsageError: if the plan keeps single values: torchrec's tables are whole.
    """
    if plan.elements is not None:
        raise UsageError(
            "torchrec has tables of whole columns, and this plan keeps single values.",
            "Search with form=cells or form=aligned to get a plan for torchrec.",
        )
    return [_config(span) for span in spans(plan, fields) if span.columns]


def _config(span: Span) -> dict[str, Any]:
    name = f"{span.field}_{span.block}"
    config = {
        "name": name,
        "num_embeddings": span.rows,
        "embedding_dim": len(span.columns),
        "feature_names": [name],
        "pooling": "SUM",
    }
    place = {"field": span.field, "block": span.block, "first_row": span.start, "columns": list(span.columns)}
    return {"config": config, "place": place}


def as_json(plan: Plan, fields: Sequence[Field]) -> str:
    """Return `configs` and the width as JSON, a line for every table."""
    return readable_json({"width": plan.width, "tables": configs(plan, fields)}, "tables")


def as_python(plan: Plan, fields: Sequence[Field]) -> str:
    """Return a Python module whose `tables` are what `EmbeddingBagCollection(tables=...)` takes."""
    tables = [f"    {_call(found['config'])},  # {_comment(found['place'])}" for found in configs(plan, fields)]
    head = "from torchrec.modules.embedding_configs import EmbeddingBagConfig, PoolingType\n\n"
    return f"{head}WIDTH = {plan.width}\ntables = [\n" + "\n".join(tables) + "\n]\n"


def _call(config: dict[str, Any]) -> str:
    said = [f"{key}={value!r}" for key, value in config.items() if key != "pooling"]
    return f"EmbeddingBagConfig({', '.join(said)}, pooling=PoolingType.{config['pooling']})"


def _comment(place: dict[str, Any]) -> str:
    return f"rows {place['first_row']}... into columns {place['columns']}"
