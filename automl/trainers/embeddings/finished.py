"""A finished model: loaded, tested once, and described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from automl.core.readable import readable_json
from automl.core.records import Weights
from automl.search_spaces.embeddings import Plan
from automl.trainers.embeddings.data import Dataset
from automl.trainers.embeddings.exported import Exported, check_size, exported
from automl.trainers.embeddings.facts import fields_in
from automl.trainers.embeddings.formats import fuxictr, torchrec
from automl.trainers.embeddings.placed import place
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.spans import spans
from automl.trainers.embeddings.tasks import build_task


def loaded(plan: Plan, weights: Weights, facts: Mapping[str, Any]) -> Exported:
    """Return a finished model; `plan` and `facts` stay with it, for `card`.

    Raises:
        WeightsError: if the weights are not those of the plan, or take more memory than it says.
    """
    fields = fields_in(facts)
    found = exported(
        plan,
        fields,
        weights,
        model=facts["model"],
        hidden=tuple(facts["hidden"]),
        user=facts["user"],
        item=facts["item"],
    )
    check_size(found, plan, fields)
    found.plan, found.facts = plan, dict(facts)  # type: ignore[assignment]
    return found


def tested(model: Exported, dataset: Dataset, recipe: Recipe) -> dict[str, float]:
    """Measure a model on the part `test`; nothing that came before is recommended again."""
    device = torch.device("cpu")
    task = build_task(dataset, device, ("train", "search", "stop"), k=recipe.k, negatives=recipe.negatives)
    found = task.measure(model, place(dataset, device, "test"))
    return {f"test_{name}": value for name, value in found.items()}


def card(model: Exported) -> dict[str, str]:
    """Return the files that describe a model; its vocabulary is among its facts, which an export has anyway."""
    plan: Plan = model.plan  # type: ignore[assignment]
    facts: Mapping[str, Any] = model.facts  # type: ignore[assignment]
    fields = fields_in(facts)
    whole = {"torchrec.json": torchrec.as_json(plan, fields)} if plan.elements is None else {}
    return {
        "manifest.json": readable_json(manifest(model, plan, facts), "fields"),
        "fuxictr.json": fuxictr.as_json(plan, fields, model=facts["model"]),
        **whole,
    }


def manifest(model: Exported, plan: Plan, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return which rows of which field have how many dimensions and bytes, and the bytes of all that is stored.

    A byte budget counts the embeddings, `bytes`; first-order weights and the network come on top.
    """
    fields: dict[str, list[dict[str, Any]]] = {}
    for span in spans(plan, fields_in(facts)):
        block: dict[str, Any] = {"rows": [span.start, span.start + span.rows], "columns": list(span.columns)}
        if plan.elements is None:
            block |= {"dims": len(span.columns), "bytes": 4 * span.rows * len(span.columns)}
        fields.setdefault(span.field, []).append(block)
    named = {name: facts[name] for name in ("data", "task", "model", "hidden", "user", "item")}
    whole = {"width": plan.width, "aligned": plan.aligned, "origin": plan.origin, "elements": plan.elements}
    first = 0 if model.first is None else model.first.numel() * model.first.element_size()
    others = [each for name, each in model.state_dict().items() if name != "first" and not name.startswith("tables.")]
    stored = {"bytes": model.tables.kept_bytes(), "first_order_bytes": first}
    stored["network_bytes"] = sum(each.numel() * each.element_size() for each in others)
    return {**named, **whole, **stored, "fields": fields}
