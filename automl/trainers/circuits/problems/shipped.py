"""The problems that come with the package: one JSON file each, with the recipe that reproduces it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from automl.core.errors import UnknownName
from automl.trainers.circuits.problems.document import from_terms
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

DEFAULT = "h2-4q"
SHIPPED = (
    "h2-2q",
    "h2-3q",
    "h2-4q",
    "lih-4q",
    "lih-4q-1.2a",
    "lih-4q-2.2a",
    "lih-6q",
    "h2o-8q",
    "h2o-8q-published",
    "beh2-6q-published",
)


def names() -> dict[str, str]:
    """Return the shipped problems, smallest first, each with a line that says what it is."""
    return {name: str(_document(name)["summary"]) for name in SHIPPED}


def read_shipped(name: str) -> Hamiltonian:
    """Read a shipped problem.

    Raises:
        UnknownName: if there is none of that name.
    """
    if name not in SHIPPED:
        raise UnknownName("problem", name, SHIPPED)
    return from_terms(_document(name), name)


def _document(name: str) -> dict[str, Any]:
    file = files("automl.trainers.circuits") / "data" / f"{name}.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document
