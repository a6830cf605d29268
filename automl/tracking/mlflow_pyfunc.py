"""An export as MLflow's function: how a registered model is loaded that is no traced graph and no estimator."""

from __future__ import annotations

import json
from typing import Any

from automl.core.errors import AutomlError


class Loaded:
    """The model of an export. What takes no input (a circuit, a configuration) predicts what it is."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, data: Any, params: Any = None) -> Any:
        """Return what a network or an estimator makes of data; of anything else its JSON, whatever the data are.

        Raises:
            AutomlError: if the model is nothing of that.
        """
        model = self._model
        if hasattr(model, "named_parameters"):
            return _scores(model, data)
        if hasattr(model, "predict"):
            return model.predict(data)
        if hasattr(model, "to_json"):
            return json.loads(model.to_json())
        raise AutomlError(f"A {type(model).__name__} predicts nothing.", "Take the object itself: get_raw_model()")

    def get_raw_model(self) -> Any:
        """Return the plain object, as `automl.load` does."""
        return self._model


def _scores(model: Any, data: Any) -> Any:
    import numpy as np
    import torch

    arrays = data.values() if isinstance(data, dict) else (data,)
    with torch.no_grad():
        return model(*(torch.from_numpy(np.array(array)) for array in arrays)).numpy()


def _load_pyfunc(path: str) -> Loaded:
    """Load a model; MLflow looks for a function of this name."""
    from automl.exports import load

    return Loaded(load(path))
