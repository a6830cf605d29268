"""Atoms as people write them: "H 0 0 0; H 0 0 0.74", or a list of [symbol, x, y, z]."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

from automl.core.errors import InvalidData

HINT = 'Write atoms = "H 0 0 0; H 0 0 0.74" or [["H", 0, 0, 0], ["H", 0, 0, 0.74]].'


class Atom(NamedTuple):
    """Where a nucleus is, in the molecule's unit."""

    symbol: str
    place: tuple[float, float, float]


def read_atoms(atoms: object, what: str) -> tuple[Atom, ...]:
    """Read either form.

    Raises:
        InvalidData: if there are none, or one is not a symbol and three numbers.
    """
    rows = atoms.replace("\n", ";").split(";") if isinstance(atoms, str) else atoms
    if not isinstance(rows, (list, tuple)):
        raise InvalidData(f"{what}: atoms is {atoms!r:.40}.", HINT)
    found = tuple(_atom(row, what) for row in rows if not (isinstance(row, str) and not row.strip()))
    if not found:
        raise InvalidData(f"{what} has no atoms.", HINT)
    return found


def formula(atoms: tuple[Atom, ...]) -> str:
    """Return what they are, in the order in which elements first come: H2O, LiH."""
    counts = Counter(atom.symbol for atom in atoms)
    return "".join(symbol if count == 1 else f"{symbol}{count}" for symbol, count in counts.items())


def _atom(row: object, what: str) -> Atom:
    parts = row.replace(",", " ").split() if isinstance(row, str) else row
    if not isinstance(parts, (list, tuple)) or len(parts) != 4 or not str(parts[0]).isalpha():
        raise InvalidData(f"{what} has the atom {row!r:.60}, which is not a symbol and three coordinates.", HINT)
    try:
        x, y, z = (float(part) for part in parts[1:])
    except (TypeError, ValueError) as error:
        raise InvalidData(f"{what} has the atom {row!r:.60}, whose coordinates are no numbers.", HINT) from error
    if not all(math.isfinite(value) for value in (x, y, z)):
        raise InvalidData(f"{what} has the atom {row!r:.60}, whose coordinates are not finite.", HINT)
    return Atom(str(parts[0]).capitalize(), (x, y, z))
