"""What a search leaves for use: a candidate, its trained model, and an export that needs nothing of the run.

An export is a folder of `model.json` (the candidate, the facts about the data, the measured metrics; see `model_file`),
`weights.safetensors`, and the text forms that the trainer knows (`Exporting`). `automl.load(folder)` turns it into a
plain model.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from automl.archive import Archive
from automl.assembly import space_from
from automl.core.errors import AutomlError, Incompatible, MissingExtra, UsageError, WeightsError
from automl.core.records import Trial, Weights
from automl.core.trainer import Exporting, Finishing
from automl.finale import final_name
from automl.ledger import Ledger
from automl.model_file import NAME as _MODEL
from automl.model_file import SUFFIX, read_body, write_body
from automl.reading import open_archive
from automl.registry import load as load_plugin
from automl.weights import load_weights, parse_weights, read_weights

_WEIGHTS = "weights.safetensors"


def load_candidate(directory: Path, json: Any) -> Any:
    """Read a candidate of a run back from its JSON."""
    with Ledger.read(directory) as ledger:
        return space_from(ledger.header).load(json)


def load_model(directory: Path, trial: int | None = None) -> Any:
    """Return the trained model of a trial of a run, by default of the best.

    Raises:
        AutomlError: if the trial has no weights any more, or its trainer makes no models.
    """
    archive = open_archive(directory)
    chosen = chosen_trial(archive, trial)
    weights, _ = _best_weights(archive, chosen)
    return _model(archive.header, chosen.candidate, parse_weights(weights, f"weights of trial {chosen.number}"))


def load(path: str | Path) -> Any:
    """Return the model of an export as a plain object, ready to use.

    Raises:
        UsageError: if the folder is no export.
    """
    folder = Path(path)
    body = read_body(folder)
    return _model(body, body["candidate"], load_weights(folder / _WEIGHTS))


def export(directory: str | Path, out: str | Path, trial: int | None = None, *, onnx: bool = False) -> Path:
    """Write the model of a trial, by default of the best, as a folder that stands alone.

    Args:
        directory: the run directory.
        out: the folder to make.
        trial: number of the trial.
        onnx: write `model.onnx` too.

    Raises:
        UsageError: if `out` exists or cannot be written.
        MissingExtra: if ONNX is asked for and not installed.
        AutomlError: if the trial has no weights any more.
    """
    directory, out = Path(directory), Path(out)
    archive = open_archive(directory)
    chosen = chosen_trial(archive, trial)
    weights, metrics = _best_weights(archive, chosen)
    if out.exists():
        raise UsageError(f"{out} exists already.", "Name another --out.")
    if onnx:
        _need_onnx()
        _need_example(archive.header)
    texts = _texts(archive.header, chosen.candidate, weights)
    body = {
        "config": archive.header["config"],
        "facts": archive.header["facts"],
        "candidate": chosen.candidate,
        "metrics": dict(metrics),
        "version": archive.header["version"],
    }
    try:
        out.mkdir(parents=True)
        write_body(out, body)
        (out / _WEIGHTS).write_bytes(weights)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write to {out}: {error.strerror or error}.") from error
    if onnx:
        _write_onnx(load(out), example_input(archive.header), out / "model.onnx")
    return out


def _texts(header: Mapping[str, Any], candidate: Any, weights: bytes) -> dict[str, str]:
    """Return the text forms of a model, under plain names that leave the export's own files alone."""
    trainer = load_plugin("trainers", header["config"]["trainer"])
    if not issubclass(trainer, Exporting):
        return {}
    files: Mapping[str, str] = trainer.files(_model(header, candidate, parse_weights(weights, "weights")))
    for name in files:
        own = name in (_MODEL, _WEIGHTS) or name.endswith(SUFFIX)
        if own or Path(name).name != name or name.startswith("."):
            raise AutomlError(f"The trainer names a file '{name}' that an export cannot hold.", "Plain names only.")
    return dict(files)


def example_input(header: Mapping[str, Any]) -> Any:
    """Return a batch of inputs such as the models of a run take."""
    return load_plugin("trainers", header["config"]["trainer"]).example(header["facts"])


def _need_onnx() -> None:
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise MissingExtra(missing[0], "onnx")


def _need_example(header: Mapping[str, Any]) -> None:
    if example_input(header) is None:
        raise UsageError("An ONNX file is traced with an input, and these data do not say what one looks like.")


def _write_onnx(model: Any, example: Any, path: Path) -> None:
    """Trace a model with an example of its input; the size of a batch stays free, of several inputs every size."""
    import torch

    inputs = tuple(map(torch.as_tensor, example if isinstance(example, tuple) else (example,)))
    free = torch.export.Dim.AUTO
    several = tuple(dict.fromkeys(range(each.ndim), free) for each in inputs)
    dynamic = several if len(inputs) > 1 else ({0: torch.export.Dim("batch")},)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it counts the operators of absent packages
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, inputs, str(path), dynamic_shapes=dynamic, dynamo=True, verbose=False)


def chosen_trial(archive: Archive, number: int | None) -> Trial:
    """Return the trial of a number, or the best; it has succeeded.

    Raises:
        AutomlError: if there is none.
    """
    if number is None:
        if archive.best is None:
            raise AutomlError("No trial succeeded within the limits.", f"Type: automl show {archive.directory}")
        return archive.best
    found = next((trial for trial in archive.trials if trial.number == number), None)
    if found is None or found.judged is None:
        state = "does not exist" if found is None else "failed"
        raise UsageError(f"Trial {number} {state}.", f"Type: automl show {archive.directory}")
    return found


def _best_weights(archive: Archive, trial: Trial) -> tuple[bytes, Mapping[str, float]]:
    """Return the weights of a trial, as safetensors: of its better full training by validation, else of the search."""
    judged = trial.judged
    assert judged is not None  # `chosen_trial` refuses trials that failed
    name: int | str = judged.id if judged.copied is None else judged.copied
    metrics = trial.metrics
    if final := archive.best_final(trial.number):
        name, metrics = final_name(trial.number, final.start), final.metrics
    weights = read_weights(archive.directory, name)
    if weights is None:
        raise WeightsError(
            f"The weights of trial {trial.number} were not kept.",
            "A search keeps those of its best few; start it with a larger `keep`, or export another trial.",
        )
    return weights, metrics


def _model(header: Mapping[str, Any], candidate: Any, weights: Weights) -> Any:
    name = header["config"]["trainer"]
    trainer = load_plugin("trainers", name)
    if not issubclass(trainer, Finishing):
        raise Incompatible(f"The trainer '{name}' makes no models that can be loaded.")
    return trainer.load(space_from(header).load(candidate), weights, header["facts"])
