"""Molecules: what a person writes down about one, checked, and made a Hamiltonian through the extra `chemistry`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.circuits.problems.geometry import Atom, formula, read_atoms
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import gathered, spelled

UNITS = {"angstrom": 1.0, "bohr": 0.529177210903}
"""Angstrom per unit (CODATA 2018)."""
SHORTEST = 0.6
"""Angstrom. The shortest bond there is, that of H2, has 0.74; shorter ones are a wrong unit."""
SLACK = 1e-6
"""Hartree by which a state must lie lower to be another one."""
MOST_EXACT_QUBITS = 12
"""Up to here the lowest of all states is computed at once, in a second or two."""
KEYS = ("atoms", "unit", "basis", "charge", "spin", "frozen", "active", "mapping", "name")


class SuspectGeometry(UserWarning):
    """A molecule whose atoms are so close that its unit is probably wrong."""


class OtherElectrons(UserWarning):
    """The lowest state of the qubits has not the electrons of the molecule."""


@dataclass(frozen=True)
class Molecule:
    """A molecule and how its electrons become qubits.

    Attributes:
        atoms: symbol and x, y, z of each, in `unit`.
        unit: "angstrom" or "bohr"; there is no default, because a wrong guess goes unnoticed.
        basis: name of the basis, as PySCF knows it.
        charge: of the whole molecule, in elementary charges.
        spin: number of unpaired electrons.
        frozen: molecular orbitals that stay doubly occupied, from 0.
        active: orbitals that become qubits; None for all that are not frozen. The others stay empty.
        mapping: how orbitals become qubits, a name of `mappings.MAPPINGS`.
        name: what people call it.
    """

    atoms: tuple[Atom, ...]
    unit: str
    basis: str = "sto-3g"
    charge: int = 0
    spin: int = 0
    frozen: tuple[int, ...] = ()
    active: tuple[int, ...] | None = None
    mapping: str = "jordan_wigner"
    name: str = "molecule"

    def shortest(self) -> tuple[float, str, str]:
        """Return the smallest distance in Angstrom and its two atoms; infinity for a single atom."""
        pairs = (
            (math.dist(a.place, b.place) * UNITS[self.unit], a.symbol, b.symbol) for a, b in combinations(self.atoms, 2)
        )
        return min(pairs, default=(math.inf, "", ""))

    def document(self) -> dict[str, object]:
        """Return it as JSON, in the form that `read_molecule` takes."""
        return {
            "atoms": [[atom.symbol, *atom.place] for atom in self.atoms],
            "unit": self.unit,
            "basis": self.basis,
            "charge": self.charge,
            "spin": self.spin,
            "frozen": list(self.frozen),
            "active": None if self.active is None else list(self.active),
            "mapping": self.mapping,
        }


def from_molecule(document: Mapping[Any, Any], what: str) -> Hamiltonian:
    """Compute the Hamiltonian of a molecule: RHF, active space, mapping.

    Warns with `SuspectGeometry` if two atoms are closer than `SHORTEST`, with `OtherElectrons` if the lowest state of
    the qubits lies below that of the molecule's own electrons.

    Raises:
        InvalidData: if the molecule is not written well, or Hartree-Fock does not converge.
        MissingExtra: if PySCF or OpenFermion are not installed.
    """
    from automl.trainers.circuits.problems.chemistry import solve
    from automl.trainers.circuits.problems.mappings import mapped

    molecule = read_molecule(document, what)
    _warn_if_close(molecule)
    solved = solve(molecule)
    bare = gathered(spelled(mapped(solved, molecule.mapping), what), what)
    source = {"molecule": molecule.document(), **solved.facts}
    named = replace(bare, name=molecule.name, source=source)
    if named.qubits > MOST_EXACT_QUBITS:
        return replace(named, known_ground=solved.energy)  # of its own electrons, which PySCF finds with less memory
    _warn_if_other_electrons(molecule, named.ground_energy, solved.energy)
    return replace(named, known_ground=named.ground_energy)


def read_molecule(document: Mapping[Any, Any], what: str) -> Molecule:
    """Check what was written down.

    Raises:
        UnknownName: if there is a key, unit or mapping of another name.
        InvalidData: if the unit is missing or a value is wrong.
    """
    from automl.trainers.circuits.problems.mappings import MAPPINGS

    for key in document:
        if key not in KEYS:
            raise UnknownName("key of a molecule", str(key), KEYS)
    mapping = str(document.get("mapping", "jordan_wigner"))
    if mapping not in MAPPINGS:
        raise UnknownName("mapping", mapping, MAPPINGS)
    atoms = read_atoms(document["atoms"], what)
    molecule = Molecule(
        atoms=atoms,
        unit=_unit(document, what),
        basis=str(document.get("basis", "sto-3g")),
        charge=_integer(document.get("charge", 0), "charge", what),
        spin=_integer(document.get("spin", 0), "spin", what),
        frozen=_orbitals(document.get("frozen", ()), "frozen", what),
        active=None if document.get("active") is None else _orbitals(document["active"], "active", what),
        mapping=mapping,
        name=str(document.get("name") or formula(atoms)),
    )
    _refuse_overlap(molecule, what)
    return molecule


def _unit(document: Mapping[Any, Any], what: str) -> str:
    if "unit" not in document:
        raise InvalidData(
            f"{what} does not say the unit of its coordinates. Published benchmarks went wrong by guessing it.",
            "Add unit = 'angstrom' or unit = 'bohr'.",
        )
    unit = str(document["unit"]).lower()
    if unit not in UNITS:
        raise UnknownName("unit of length", str(document["unit"]), UNITS)
    return unit


def _integer(value: object, key: str, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidData(f"{what}: {key} is {value!r:.40}, but it must be a whole number.", f"Write {key} = 0.")
    if key == "spin" and value < 0:
        raise InvalidData(f"{what}: spin is {value}.", "It is the number of unpaired electrons: 0, 1, 2 ...")
    return value


def _orbitals(value: object, key: str, what: str) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise InvalidData(f"{what}: {key} is {value!r:.40}, but it must be a list.", f"Write {key} = [0, 1].")
    numbers = tuple(_integer(item, f"an orbital of {key}", what) for item in value)
    if len(set(numbers)) < len(numbers) or min(numbers, default=0) < 0:
        raise InvalidData(f"{what}: {key} is {list(numbers)}.", "Orbitals count from 0 and come once each.")
    return numbers


def _refuse_overlap(molecule: Molecule, what: str) -> None:
    both = sorted(set(molecule.frozen) & set(molecule.active or ()))
    if both or molecule.active == ():
        wrong = f"orbital {both[0]} is both frozen and active" if both else "no orbital is active"
        raise InvalidData(f"{what}: {wrong}.", "Leave `active` out to take all orbitals that are not frozen.")
    distance, a, b = molecule.shortest()
    if distance < 1e-6:
        raise InvalidData(f"{what} has two atoms in one place: {a} and {b}.", "Correct the coordinates.")


def _warn_if_close(molecule: Molecule) -> None:
    distance, a, b = molecule.shortest()
    if distance < SHORTEST:
        other = next(unit for unit in UNITS if unit != molecule.unit)
        warnings.warn(
            f"{a} and {b} of {molecule.name} are {distance:.2f} Angstrom apart when its coordinates are read as "
            f"{molecule.unit}. No bond is that short (H2 has 0.74): are they in {other}? Then write "
            f"unit = '{other}'. The search goes on with {molecule.unit}.",
            SuspectGeometry,
            stacklevel=4,
        )


def _warn_if_other_electrons(molecule: Molecule, ground: float, energy: float) -> None:
    if ground < energy - SLACK:
        warnings.warn(
            f"The lowest state of the qubits of {molecule.name} ({ground:.6f}) is not one of "
            f"this molecule's electrons ({energy:.6f}): another charge or spin lies lower, and a search will find "
            "that. Check charge and spin; the mapping 'parity' keeps the numbers of electrons even or odd.",
            OtherElectrons,
            stacklevel=4,
        )
