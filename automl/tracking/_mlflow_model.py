"""Logging a trained network to an MLflow run, as a graph. Imports MLflow's PyTorch flavour, which takes seconds."""

from __future__ import annotations

import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pytorch
import numpy as np
import numpy.typing as npt
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from mlflow.models import Model, infer_signature

from automl.tracking._mlflow_store import hushed


def log_network(client: MlflowClient, experiment: str, run_id: str, model: Any, example: Any) -> str:
    """Log a network as `best` and return its URI.

    This is what `mlflow.pytorch.log_model` does, through a client instead of MLflow's global state. The format is
    `pt2`, which holds a traced graph and no pickle; it needs an example, of two rows or more for a free batch size.
    """
    inputs = _two_rows(example)
    logged = client.create_logged_model(experiment, "best", source_run_id=run_id)
    state = "FAILED"
    try:
        with tempfile.TemporaryDirectory() as folder, hushed("mlflow", "torch"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _save(model, inputs, Path(folder) / "model", Model(run_id=run_id, model_id=logged.model_id))
            client.log_model_artifacts(logged.model_id, str(Path(folder) / "model"))
        state = "READY"
    finally:
        client.finalize_logged_model(logged.model_id, state)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return f"models:/{logged.model_id}"


def _save(model: Any, inputs: npt.NDArray[Any], path: Path, described: Model) -> None:
    import torch

    was_training, device = model.training, next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval().to("cpu")
    try:
        with torch.no_grad():
            outputs = model(torch.from_numpy(inputs)).numpy()
        mlflow.pytorch.save_model(
            model,
            str(path),
            mlflow_model=described,
            signature=infer_signature(inputs, outputs),
            input_example=inputs,
            serialization_format="pt2",
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "numpy", "mlflow")],
        )
    finally:
        model.to(device).train(was_training)


def _two_rows(example: Any) -> npt.NDArray[Any]:
    """Return the example as an array of at least two rows: a batch of one would become the only batch size."""
    array = np.asarray(example.detach().cpu() if hasattr(example, "detach") else example)
    return array if len(array) > 1 else np.concatenate([array, array])
