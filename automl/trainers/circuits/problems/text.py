"""Problems as text: `coefficient PAULI` on each line, or what OpenFermion prints, `0.5 [X0 Z1] +`."""

from __future__ import annotations

import re

from automl.core.errors import InvalidData
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import Indexed, Term, gathered, spelled

BRACKETED = re.compile(r"(?P<coefficient>[^\[\]]*)\[(?P<factors>[^\[\]]*)\]")
FACTOR = re.compile(r"(?P<letter>[A-Z])(?P<place>\d{1,9})")
HINT = "Write one term on each line, such as `-0.5 XIZ`, or OpenFermion's `-0.5 [X0 Z2] +`."


def from_text(text: str, what: str) -> Hamiltonian:
    """Read either way of writing; what follows a # is a comment.

    Raises:
        InvalidData: if a line cannot be read or the terms are no Hamiltonian.
    """
    bare = "\n".join(line.partition("#")[0] for line in text.splitlines())
    return gathered(spelled(_bracketed(bare, what), what) if "[" in bare else _lines(bare, what), what)


def _lines(text: str, what: str) -> list[Term]:
    terms = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        coefficient, _, string = line.strip().replace("*", " ").rpartition(" ")
        terms.append((string, _coefficient(coefficient, f"{what}, line {number}")))
    return terms


def _bracketed(text: str, what: str) -> list[Indexed]:
    rest = BRACKETED.sub("", text).strip()
    if rest not in ("", "+"):
        raise InvalidData(f"{what} has '{rest[:40]}' outside its terms.", HINT)
    return [(_factors(m["factors"], what), _coefficient(m["coefficient"], what)) for m in BRACKETED.finditer(text)]


def _factors(text: str, what: str) -> list[tuple[int, str]]:
    factors = []
    for word in text.split():
        match = FACTOR.fullmatch(word)
        if not match:
            raise InvalidData(f"{what} has the factor '{word}'.", HINT + " Fermion operators must be mapped first.")
        factors.append((int(match["place"]), match["letter"]))
    return factors


def _coefficient(text: str, where: str) -> complex:
    bare = text.strip().removeprefix("+").replace(" ", "").replace("\n", "")
    try:
        return complex(bare)
    except ValueError as error:
        raise InvalidData(f"{where} has the coefficient '{bare[:40]}', which is no number.", HINT) from error
