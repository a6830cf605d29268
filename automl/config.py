"""The configuration of a search: one flat record whose names are those of the command line, TOML and Python.

space = "cnn"
controller = "transformation"
objectives = ["max:val_accuracy", "params<=50000"]
trials = 100

[set]
"trainer.epochs" = 3
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from automl.core.budget import Budget, parse_seconds
from automl.core.errors import UnknownName, UsageError


class SearchConfig(BaseModel):
    """Everything a search is started with. None means: the default, which `config.toml` then names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    space: str
    controller: str | None = None
    trainer: str | None = None
    data: str | None = None
    objectives: list[str] = []
    trials: int | None = Field(None, gt=0)
    evaluations: int | None = Field(None, gt=0)
    time: str | None = None
    cost: float | None = Field(None, gt=0)
    seed: int = Field(0, ge=0)
    workers: int = Field(1, gt=0)
    runner: str | None = None
    limit: str | None = None
    ray_address: str | None = None
    cpus: float | None = Field(None, ge=0)
    gpus: float | None = Field(None, ge=0)
    set: dict[str, Any] = {}
    out: str | None = None
    optuna: str | None = None
    mlflow: str | None = None
    baselines: list[str] | None = None
    finalists: int | None = Field(None, ge=0)
    keep: int = Field(5, gt=0)
    quiet: bool = False
    json_: bool = Field(False, alias="json")

    def budget(self) -> Budget:
        """Return the bounds that were named."""
        seconds = parse_seconds(self.time) if self.time else None
        return Budget(self.trials, self.evaluations, seconds, self.cost)

    def to_toml(self) -> str:
        """Write the configuration as TOML, leaving out what is None."""
        return tomli_w.dumps(self.model_dump(exclude_none=True, by_alias=True), multiline_strings=False)


def make_config(values: Mapping[str, Any], source: str = "") -> SearchConfig:
    """Check values and make a configuration.

    Args:
        values: by name; None counts as not given.
        source: where they come from, for the error.

    Raises:
        UsageError: naming the first value that is wrong.
    """
    given = {key: value for key, value in values.items() if value is not None}
    try:
        return SearchConfig(**given)
    except ValidationError as error:
        raise _explained(error, source) from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a configuration file.

    Raises:
        UsageError: if it is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error


def _explained(error: ValidationError, source: str) -> UsageError:
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in SearchConfig.model_fields.items()]
        return UnknownName("option", name, known, f"(in {source})" if source else "")
    if problem["type"] == "missing":
        return UsageError(f"A search needs '{name}'.", "Type: automl list")
    where = f" in {source}" if source else ""
    return UsageError(f"The option '{name}'{where} is wrong: {problem['msg']}, got {problem['input']!r}.")
