"""What a search leaves to an estimator: the candidate, its weights, and what was measured; no run directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automl.api import resume, search
from automl.assembly import assemble, space_from
from automl.config import make_config
from automl.core.errors import AutomlError, UsageError
from automl.core.records import Weights
from automl.exports import export
from automl.ledger import FILE, Ledger
from automl.model_file import read_body, write_body
from automl.registry import load as load_plugin
from automl.session import Session
from automl.summary import Summary
from automl.weights import load_weights

_WEIGHTS, _SUMMARY = "weights.safetensors", "summary.json"
_BOUNDS = ("trials", "time", "workers", "quiet")


@dataclass(frozen=True)
class Finding:
    """The best model of a search as plain data: it can be pickled, and written without pickle.

    Attributes:
        body: its candidate, the configuration, the facts about the data, the metrics; as `automl export` writes them.
        weights: its arrays.
        summary: what `summary.json` holds.
    """

    body: Mapping[str, Any]
    weights: Weights
    summary: Mapping[str, Any]

    def candidate(self) -> Any:
        """Return the candidate itself."""
        return space_from(self.body).load(self.body["candidate"])

    def model(self) -> Any:
        """Return the trained model, a plain module in eval mode."""
        trainer = load_plugin("trainers", self.body["config"]["trainer"])
        return trainer.load(self.candidate(), self.weights, self.body["facts"])

    def write(self, folder: Path) -> None:
        """Write an export, which `automl.load` opens, and the summary beside it.

        Raises:
            UsageError: if the folder exists or cannot be written.
        """
        from safetensors.numpy import save_file

        if folder.exists():
            raise UsageError(f"{folder} exists already.", "Name another folder.")
        try:
            folder.mkdir(parents=True)
            write_body(folder, self.body)
            (folder / _SUMMARY).write_text(json.dumps(self.summary, indent=2) + "\n", encoding="utf-8")
            save_file(dict(self.weights), folder / _WEIGHTS)
        except OSError as error:
            raise UsageError(f"Cannot write to {folder}: {error.strerror or error}.") from error

    @classmethod
    def read(cls, folder: Path) -> Finding:
        """Read what `write` has written.

        Raises:
            UsageError: if it is not there.
        """
        try:
            summary = json.loads((folder / _SUMMARY).read_text("utf-8"))
            body = read_body(folder)
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} holds no saved estimator: {error}.") from error
        return cls(body, load_weights(folder / _WEIGHTS), summary)


def find(options: Mapping[str, Any], data: Any, directory: str | Path | None, budget: str | None = None) -> Finding:
    """Search, and return the best model.

    Args:
        options: those of `automl.search`, but for `data` and `out`.
        data: what the trainer should train on.
        directory: the run directory, from which an unfinished search is taken up; None for one that is removed.
        budget: the best at this budget is meant, where candidates are proposed for several.

    Raises:
        AutomlError: if something does not fit together, or no trial succeeded.
    """
    with TemporaryDirectory(prefix="automl-") as scratch:
        run, exported = Path(directory or Path(scratch, "run")), Path(scratch, "export")
        summary = _kept(options, data, run) if directory else _passing(options, data, run)
        if not summary["best"]:
            why = summary["failures"][0]["message"] if summary["failures"] else "the budget was too small"
            raise AutomlError(f"No trial succeeded within the limits: {why}.", "Set verbose=True to see more.")
        if budget is not None and budget not in summary["budgets"]:
            raise AutomlError(f"The search ended before it had trained anything at {budget}.", "Give it more trials.")
        best = summary["best"] if budget is None else summary["budgets"][budget]
        export(run, exported, best["trial"])
        body = read_body(exported)
        body["config"]["out"] = None  # where it was searched is nobody's matter any more
        return Finding(body, load_weights(exported / _WEIGHTS), summary)


def _kept(options: Mapping[str, Any], data: Any, run: Path) -> Mapping[str, Any]:
    """Search in a directory that stays, or go on with what it holds.

    Raises:
        UsageError: if that is a search by another controller.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if (run / FILE).is_file():
        with Ledger.read(run) as ledger:
            before: Any = ledger.header["config"]
        if given.get("controller", before["controller"]) != before["controller"]:
            raise UsageError(
                f"{run} holds a search by '{before['controller']}'.", "Name another directory for another controller."
            )
        found: Summary = resume(run, data=data, **{name: given[name] for name in _BOUNDS if name in given})
    else:
        found = search(data=data, out=str(run), **given)
    return found.json


def _passing(options: Mapping[str, Any], data: Any, run: Path) -> Mapping[str, Any]:
    """Search in a directory that is removed at once."""
    config = make_config({**options, "out": str(run)})
    console = load_plugin("trackers", "console")(quiet=config.quiet)
    return Session(assemble(config, data), [console], resuming=False, lasting=False).run()
