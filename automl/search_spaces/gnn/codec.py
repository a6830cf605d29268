"""Candidates from JSON, and the form without what makes no difference, which tells two networks apart.

{"layers": [{"width": 8, "heads": 8, "attention": "gat", "aggregate": "sum", "combine": "identity",
 "activation": "elu"}, ...], "pooling": null, "skip": "none", "dropout": null, "lr": null, "weight_decay": null,
 "norm": null, "steps": 0, "teleport": null}
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from automl.core.errors import InvalidCandidate
from automl.search_spaces.gnn.candidate import Gnn, Layer

_ACTIONS = {field.name for field in fields(Layer)}
_PARTS = {field.name for field in fields(Gnn)}
_LATER = {"norm", "steps", "teleport"}
"""What earlier versions did not write down: there was none of it."""


def load(json: Any) -> Gnn:
    """Read a candidate back.

    Raises:
        InvalidCandidate: if the JSON describes none.
    """
    try:
        complete = _PARTS - _LATER <= set(json) <= _PARTS
        if not complete or not json["layers"] or any(set(layer) != _ACTIONS for layer in json["layers"]):
            raise KeyError("other keys")
        return Gnn(**{**json, "layers": tuple(Layer(**layer) for layer in json["layers"])})
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidCandidate(
            f"This JSON describes no graph neural network: {type(error).__name__} {error}.",
            f"It needs the keys {', '.join(sorted(_PARTS))}, as GnnSpace.dump writes them.",
        ) from error


def canonical(candidate: Gnn, *, final_activation: bool) -> Gnn:
    """Return the network that all networks of the same function have in common.

    An activation that is not there makes no difference: the last one, unless it is inside an MLP or stays on logits.
    One layer has nothing to skip, two have nothing to jump over. Who hears itself alone aggregates nothing, and without
    steps nothing is kept in them.
    """
    layers = tuple(replace(layer, aggregate="sum") if layer.attention == "own" else layer for layer in candidate.layers)
    last = layers[-1]
    if not final_activation and last.combine == "identity" and candidate.pooling is None:
        last = replace(last, activation="linear")
    needed = {"none": 1, "residual": 2, "jumping": 3}[candidate.skip]
    skip = candidate.skip if len(candidate.layers) >= needed else "none"
    teleport = candidate.teleport if candidate.steps else None
    return replace(candidate, layers=(*layers[:-1], last), skip=skip, teleport=teleport)
