"""Logging a trained network to an MLflow run, as a graph. Imports MLflow's PyTorch flavour, which takes seconds."""

from __future__ import annotations

import inspect
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
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.types.schema import Schema, TensorSpec

from automl.tracking._mlflow_store import hushed


def log_network(client: MlflowClient, experiment: str, run_id: str, model: Any, example: Any) -> str:
    """Log a network as `best` and return its URI.

    This is what `mlflow.pytorch.log_model` does, through a client instead of MLflow's global state. The format is
    `pt2`, which holds a traced graph and no pickle; it needs an example, of two rows or more for a free batch size.
    """
    inputs = tuple(map(_array, example)) if isinstance(example, tuple) else (_two_rows(example),)
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


def _save(model: Any, inputs: tuple[npt.NDArray[Any], ...], path: Path, described: Model) -> None:
    import torch

    was_training, device = model.training, next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval().to("cpu")
    try:
        with torch.no_grad():
            outputs = model(*map(torch.from_numpy, inputs)).numpy()
        mlflow.pytorch.save_model(
            model,
            str(path),
            mlflow_model=described,
            signature=_signature(model, inputs, outputs),
            input_example=inputs if len(inputs) > 1 else inputs[0],
            serialization_format="pt2",
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "numpy", "mlflow")],
        )
    finally:
        model.to(device).train(was_training)


def _signature(model: Any, inputs: tuple[npt.NDArray[Any], ...], outputs: npt.NDArray[Any]) -> ModelSignature:
    """Return what goes in and out. Of one input the first axis is free; of several every axis that the model leaves so.

    A graph has its nodes on the first axis of one input and its edges on the second of another.
    """
    if len(inputs) == 1:
        return infer_signature(inputs[0], outputs)
    names = inspect.signature(model.forward).parameters
    specs = [TensorSpec(array.dtype, (-1,) * array.ndim, name) for name, array in zip(names, inputs, strict=False)]
    return ModelSignature(Schema(specs), Schema([TensorSpec(outputs.dtype, (-1, *outputs.shape[1:]))]))


def _two_rows(example: Any) -> npt.NDArray[Any]:
    """Return the example as an array of at least two rows: a batch of one would become the only batch size."""
    array = _array(example)
    return array if len(array) > 1 else np.concatenate([array, array])


def _array(example: Any) -> npt.NDArray[Any]:
    return np.asarray(example.detach().cpu() if hasattr(example, "detach") else example)
