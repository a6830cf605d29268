"""Spin chains by name: `tfim-6q`, `heisenberg-4q:J=1,h=0.5,periodic`. Energies are in units of the coupling."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from automl.core.errors import UnknownName, UsageError
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import Indexed, gathered, refuse_many, spelled

NAMED = re.compile(r"(?P<model>[a-z]+)-(?P<sites>\d+)q(?::(?P<options>.*))?")
DEFAULTS = {"tfim": {"J": 1.0, "h": 1.0}, "heisenberg": {"J": 1.0, "h": 0.0}}
SUMMARIES = {
    "tfim-6q": "transverse-field Ising chain, H = -J sum ZZ - h sum X (J=1, h=1; any size; `periodic`)",
    "heisenberg-4q": "Heisenberg chain, H = J sum (XX + YY + ZZ) + h sum Z (J=1, h=0; any size; `periodic`)",
}
EXAMPLE = "tfim-6q:J=1,h=0.5,periodic"


def is_lattice(name: str) -> bool:
    """Tell whether a name is that of a chain."""
    match = NAMED.fullmatch(name)
    return bool(match) and match["model"] in DEFAULTS if match else False


def read_lattice(name: str) -> Hamiltonian:
    """Make the chain of a name.

    Raises:
        UsageError: if it is too small or too large, or an option is wrong.
    """
    match = NAMED.fullmatch(name)
    if not match or match["model"] not in DEFAULTS:
        raise UnknownName("chain", name, SUMMARIES)
    model, sites = match["model"], int(match["sites"][:9])
    values, periodic = _options(match["options"], model, name)
    if sites < (3 if periodic else 2):
        raise UsageError(
            f"'{name}' has {sites} sites; a chain has {'3 at least if it is periodic' if periodic else '2 at least'}.",
            f"Type for example: --data {model}-4q",
        )
    refuse_many(sites, f"'{name}'")
    bonds = [(k, (k + 1) % sites) for k in range(sites if periodic else sites - 1)]
    chain = gathered(spelled(_terms(model, sites, bonds, values), name), name)
    return replace(chain, name=name, source={"model": model, "sites": sites, **values, "periodic": periodic})


def _terms(model: str, sites: int, bonds: list[tuple[int, int]], values: dict[str, float]) -> list[Indexed]:
    ising = model == "tfim"
    on_bonds, on_sites = ("Z", "X") if ising else ("XYZ", "Z")
    sign = -1.0 if ising else 1.0
    pairs: list[Indexed] = [(((a, p), (b, p)), sign * values["J"]) for a, b in bonds for p in on_bonds]
    return [*pairs, *((((k, on_sites),), sign * values["h"]) for k in range(sites))]


def _options(text: str | None, model: str, name: str) -> tuple[dict[str, float], bool]:
    values, periodic = dict(DEFAULTS[model]), False
    for part in (text or "").split(",") if text is not None else ():
        key, equals, number = (piece.strip() for piece in part.partition("="))
        if key == "periodic" and not equals:
            periodic = True
            continue
        if key not in values:
            raise UnknownName(f"option of {model}", key, [*values, "periodic"], f"Write it like {EXAMPLE}.")
        values[key] = _value(number, key, name)
    return values, periodic


def _value(text: str, key: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"'{name}' gives {key} the value '{text}', which is no number.", f"Write it like {EXAMPLE}.")
    return value
