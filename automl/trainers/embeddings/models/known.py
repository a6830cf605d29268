"""The models by name. Importing this loads none of them, nor torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from automl.core.errors import UnknownName

if TYPE_CHECKING:
    from automl.trainers.embeddings.models.scorer import Scorer

MODELS = {
    "mf": "mf:MatrixFactorisation",
    "fm": "fm:FactorisationMachine",
    "mlp": "mlp:Mlp",
    "neumf": "neumf:NeuralMatrixFactorisation",
    "wide_deep": "wide_deep:WideDeep",
    "deepfm": "deepfm:DeepFm",
    "xdeepfm": "xdeepfm:XDeepFm",
    "lightgcn": "lightgcn:LightGcn",
}
"""Name of a model -> its module and class. Tasks and properties are attributes of the class."""


def scorer_class(name: str) -> type[Scorer]:
    """Return the class of a model.

    Raises:
        UnknownName: suggesting the nearest.
    """
    if name not in MODELS:
        raise UnknownName("model", name, MODELS)
    module, _, attribute = MODELS[name].partition(":")
    found: type[Scorer] = getattr(importlib.import_module(f"automl.trainers.embeddings.models.{module}"), attribute)
    return found
