"""A model as MLflow stores it: which format it gets, what goes in and out, what is needed to load it. Imports MLflow.

No format holds a pickle. A network becomes a traced graph (`pt2`), an estimator a file of skops; what is neither, and a
network that cannot be traced, is the export itself, read by this package.
"""

from __future__ import annotations

import inspect
import json
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import numpy.typing as npt
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.models.utils import _save_example
from mlflow.types.schema import AnyType, ColSpec, Schema, TensorSpec

from automl.core.errors import UsageError
from automl.tracking import _graph_pyfunc
from automl.tracking._mlflow_store import hushed

GRAPH, SKOPS, EXPORT = "a traced graph (pt2)", "a file of skops", "the export itself, which needs this package"
FOLDER = "export"
"""Folder of a stored model that holds what `automl export` writes."""
_DATA = "data"  # where MLflow's flavours put what they store
_DUMMIES = ("_forward_unimplemented", "LightningModule.forward")  # what PyTorch and Lightning have in place of one


@dataclass(frozen=True)
class Logged:
    """A model to store.

    Attributes:
        model: the plain object.
        example: what it takes, arrays or a tuple of them; None where that is not known.
        export: the folder that `automl export` wrote of it, to be stored beside; None for none.
    """

    model: Any
    example: Any
    export: Path | None = None


def save_network(logged: Logged, path: Path, described: Model) -> None:
    """Save a network as a traced graph, of which MLflow makes a model of PyTorch and a function of arrays.

    A graph needs an example, of two rows or more for a free batch size. Of several inputs MLflow makes no function;
    `_graph_pyfunc` does, of arrays by name.
    """
    level = logging.getLogger().level
    import mlflow.pytorch

    logging.getLogger().setLevel(level)  # the import raises it to ERROR, for everybody
    model, names = logged.model, _names(logged)
    inputs = _inputs(logged.example)
    several = len(inputs) > 1
    with _at_rest(model), hushed("mlflow", "torch"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pytorch.save_model(
            model,
            str(path),
            mlflow_model=described,
            signature=_signature(names, inputs, _outputs(model, inputs)),
            input_example=inputs if several else inputs[0],  # of several it is only traced with, and not kept
            serialization_format="pt2",
            code_paths=[_graph_pyfunc.__file__] if several else None,
            pip_requirements=_pinned("torch", "numpy", "mlflow"),
        )
    if several:
        _add_function(path, dict(zip(names, inputs, strict=True)))


def _add_function(path: Path, example: dict[str, npt.NDArray[Any]]) -> None:
    """Say how a graph of several inputs is called with arrays by name; the code for it goes with the graph."""
    (path / _DATA / _graph_pyfunc.NAMES).write_text(json.dumps(list(example)), encoding="utf-8")
    described = Model.load(str(path))
    _save_example(described, example, str(path))
    mlflow.pyfunc.add_to_model(
        described,
        loader_module=_graph_pyfunc.__name__.rpartition(".")[2],
        data=_DATA,
        code="code",
        conda_env="conda.yaml",
        python_env="python_env.yaml",
    )
    described.save(str(path / "MLmodel"))


def save_estimator(logged: Logged, path: Path, described: Model) -> None:
    """Save a fitted estimator in the format of skops, with the types it holds, all of which were trusted before."""
    import mlflow.sklearn
    from skops.io import dumps, get_untrusted_types

    trusted = list(get_untrusted_types(data=dumps(logged.model)))
    packages = {"sklearn", "skops", "numpy", "mlflow", *(name.partition(".")[0] for name in trusted)}
    with hushed("mlflow"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            logged.model,
            str(path),
            mlflow_model=described,
            signature=_columns(logged),
            input_example=None if logged.example is None else np.asarray(logged.example),
            serialization_format="skops",
            skops_trusted_types=trusted,
            pip_requirements=_pinned(*_distributions(packages)),
        )


def save_export(logged: Logged, path: Path, described: Model) -> None:
    """Save nothing but the export; `automl.tracking.mlflow_pyfunc` reads it."""
    with hushed("mlflow"):
        mlflow.pyfunc.save_model(
            str(path),
            loader_module="automl.tracking.mlflow_pyfunc",
            data_path=str(logged.export),
            mlflow_model=described,
            pip_requirements=_pinned("automl-search", "numpy", "mlflow"),
        )
    assert logged.export is not None
    (path / _DATA / logged.export.name).rename(path / FOLDER)
    (path / _DATA).rmdir()
    described.flavors["python_function"]["data"] = FOLDER
    described.save(str(path / "MLmodel"))


Save = Callable[[Logged, Path, Model], None]


def forms(logged: Logged) -> Iterable[tuple[str, Save]]:
    """Return the formats that a model may have, the best first.

    Raises:
        UsageError: if it is a network that has no `forward`.
    """
    model = logged.model
    if hasattr(model, "named_parameters"):
        if type(model).forward.__qualname__ in _DUMMIES:
            raise UsageError(
                f"A {type(model).__name__} has no 'forward', so nothing could be predicted with it.",
                "Write forward(self, x) in its class; the trained weights fit the old class and the new.",
            )
        if logged.example is not None:
            yield GRAPH, save_network
    elif hasattr(model, "get_params") and hasattr(model, "predict"):
        yield SKOPS, save_estimator
    if logged.export is not None:
        yield EXPORT, save_export


@contextmanager
def _at_rest(model: Any) -> Iterator[None]:
    """A network in eval mode on the CPU, and afterwards as it was."""
    import torch

    was_training, device = model.training, next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval().to("cpu")
    try:
        yield
    finally:
        model.to(device).train(was_training)


def _outputs(model: Any, inputs: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[Any]:
    import torch

    with torch.no_grad():
        return np.asarray(model(*map(torch.from_numpy, inputs)).numpy())


def _names(logged: Logged) -> list[str]:
    """Return the names of the inputs of a network."""
    return list(inspect.signature(logged.model.forward).parameters)[: len(_inputs(logged.example))]


def _signature(names: list[str], inputs: tuple[npt.NDArray[Any], ...], outputs: npt.NDArray[Any]) -> ModelSignature:
    """Return what goes in and out. Of one input the first axis is free; of several every axis that the model leaves so.

    A graph has its nodes on the first axis of one input and its edges on the second of another.
    """
    if len(inputs) == 1:
        return infer_signature(inputs[0], outputs)
    specs = [TensorSpec(array.dtype, (-1,) * array.ndim, name) for name, array in zip(names, inputs, strict=True)]
    return ModelSignature(Schema(specs), Schema([TensorSpec(outputs.dtype, (-1, *outputs.shape[1:]))]))


def _columns(logged: Logged) -> ModelSignature | None:
    """Return what goes into an estimator: an array, or columns by their names, which may hold anything."""
    named = getattr(logged.model, "feature_names_in_", None)
    if named is not None:
        return ModelSignature(Schema([ColSpec(AnyType(), str(name)) for name in named]))
    if logged.example is None:
        return None
    return infer_signature(np.asarray(logged.example), np.asarray(logged.model.predict(logged.example)))


def _inputs(example: Any) -> tuple[npt.NDArray[Any], ...]:
    return tuple(map(_array, example)) if isinstance(example, tuple) else (_two_rows(example),)


def _two_rows(example: Any) -> npt.NDArray[Any]:
    """Return the example as an array of at least two rows: a batch of one would become the only batch size."""
    array = _array(example)
    return array if len(array) > 1 else np.concatenate([array, array])


def _array(example: Any) -> npt.NDArray[Any]:
    return np.asarray(example.detach().cpu() if hasattr(example, "detach") else example)


def _distributions(packages: Iterable[str]) -> list[str]:
    """Return what is installed under the names of packages; the user's own modules are no distribution."""
    known = packages_distributions()
    return sorted({known[name][0] for name in packages if name in known})


def _pinned(*distributions: str) -> list[str]:
    return [f"{name}=={version(name).partition('+')[0]}" for name in distributions]
