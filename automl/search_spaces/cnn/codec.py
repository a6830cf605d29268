"""Candidates as JSON and back, without loss; and the JSON without names, which tells two networks apart.

{"blocks": [[{"conv": 8, "kernel": 3, "id": "c0"}], [{"conv": 16, "kernel": 3, "id": "c1"}]],
 "pools": ["max"], "head": "gap", "hidden": [{"fc": 32, "id": "f0"}]}            and "mixed": true in a relaxed one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl.core.errors import InvalidCandidate
from automl.core.records import Json
from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Layer, Residual


def dump(candidate: Cnn) -> dict[str, Json]:
    """Write a candidate as JSON."""
    return {
        "blocks": [[{**_layer(layer), "id": layer.id} for layer in block] for block in candidate.blocks],
        "pools": list(candidate.pools),
        "head": candidate.head,
        "hidden": [{"fc": layer.units, "id": layer.id} for layer in candidate.hidden],
        **_mixed(candidate),
    }


def dump_unnamed(candidate: Cnn) -> dict[str, Json]:
    """Write what the network is, whatever its layers are called."""
    return {
        "blocks": [[_layer(layer) for layer in block] for block in candidate.blocks],
        "pools": list(candidate.pools),
        "head": candidate.head,
        "hidden": [layer.units for layer in candidate.hidden],
        **_mixed(candidate),
    }


def load(json: Any) -> Cnn:
    """Read a candidate back.

    Raises:
        InvalidCandidate: if the JSON describes none.
    """
    try:
        return Cnn(
            blocks=tuple(tuple(_load_layer(layer) for layer in block) for block in json["blocks"]),
            pools=tuple(json["pools"]),
            head=json["head"],
            hidden=tuple(Hidden(layer["id"], layer["fc"]) for layer in json["hidden"]),
            mixed=bool(json.get("mixed", False)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidCandidate(
            f"This JSON describes no network: {type(error).__name__} {error}.",
            'It needs the keys "blocks", "pools", "head" and "hidden", as CnnSpace.dump writes them.',
        ) from error


def _mixed(candidate: Cnn) -> dict[str, Json]:
    """Return the mark of a relaxed network; ordinary ones have none."""
    return {"mixed": True} if candidate.mixed else {}


def _layer(layer: Layer) -> dict[str, Any]:
    if isinstance(layer, Conv):
        return {"conv": layer.filters, "kernel": layer.kernel}
    return {"residual": layer.inner, "kernel": layer.kernel}


def _load_layer(json: Mapping[str, Any]) -> Layer:
    if "conv" in json:
        return Conv(json["id"], json["conv"], json["kernel"])
    return Residual(json["id"], json["residual"], json["kernel"])
