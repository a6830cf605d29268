"""From a molecule to the integrals of its active electrons, with PySCF. The extra `chemistry`; no network."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, MissingExtra
from automl.trainers.circuits.problems.mappings import MAPPINGS
from automl.trainers.circuits.problems.terms import refuse_many

if TYPE_CHECKING:
    from automl.trainers.circuits.problems.molecule import Molecule

CONVERGED = 1e-12
"""Hartree between two rounds of Hartree-Fock: the coefficients are then good to about this."""
ALIKE = 1e-6
"""Two components of an orbital are of equal size within this part: rounding must not choose its sign."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Solved:
    """What the mapping needs, in hartree.

    Attributes:
        constant: nuclear repulsion and energy of the frozen electrons.
        one: (m, m) one-electron integrals over the active orbitals, frozen electrons folded in.
        two: (m, m, m, m) two-electron integrals in OpenFermion's order: [p, q, r, s] is (ps|qr) of chemists.
        electrons: how many active ones have spin up and down.
        energy: the exact energy of these electrons in these orbitals (CASCI).
        facts: what to keep in the source.
    """

    constant: float
    one: Array
    two: Array
    electrons: tuple[int, int]
    energy: float
    facts: dict[str, object]

    @property
    def orbitals(self) -> int:
        return len(self.one)


def solve(molecule: Molecule) -> Solved:
    """Run Hartree-Fock (RHF; ROHF with unpaired electrons) and cut out the active space.

    Raises:
        InvalidData: if PySCF refuses the molecule, Hartree-Fock does not converge, or the orbitals do not fit.
        MissingExtra: if PySCF or OpenFermion are not installed.
    """
    require()
    field = _hartree_fock(molecule)
    orbitals = _with_fixed_signs(np.asarray(field.mo_coeff))
    active = _active(molecule, orbitals.shape[1])
    electrons = _electrons(molecule, field.mol.nelec, len(active))
    constant, one, two = _integrals(field, orbitals, list(molecule.frozen), active)
    energy = _exact(constant, one, two, electrons)
    facts: dict[str, object] = {
        "active_electrons": sum(electrons),
        "hf_energy": float(field.e_tot),
        "casci_energy": energy,
        "software": {name: version(name) for name in ("pyscf", "openfermion")},
    }
    return Solved(constant, one, two, electrons, energy, facts)


def require() -> None:
    """Refuse to go on without the extra.

    Raises:
        MissingExtra: if PySCF or OpenFermion are not installed.
    """
    from importlib.util import find_spec

    for package in ("pyscf", "openfermion"):
        if find_spec(package) is None:
            raise MissingExtra(package, "chemistry")


def _hartree_fock(molecule: Molecule) -> Any:
    from pyscf import gto, scf

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Basis may be available")  # the error below says more
            built = gto.M(
                atom=[(atom.symbol, atom.place) for atom in molecule.atoms],
                unit=molecule.unit,
                basis=molecule.basis,
                charge=molecule.charge,
                spin=molecule.spin,
                verbose=0,
            )
    except (RuntimeError, KeyError, ValueError, AssertionError, NotImplementedError) as error:
        raise InvalidData(
            f"{molecule.name}: PySCF refuses it: {str(error).strip().splitlines()[0]:.200}.",
            "Check symbols, basis, charge, and spin (the number of unpaired electrons).",
        ) from error
    field = scf.RHF(built)
    field.conv_tol, field.chkfile = CONVERGED, None  # nothing is left on the disk
    field.kernel()
    if not field.converged:
        raise InvalidData(f"Hartree-Fock of {molecule.name} does not converge.", "Check its unit, geometry and spin.")
    return field


def _with_fixed_signs(orbitals: Array) -> Array:
    """Make the first of the largest components of each orbital (column) positive: signs are free otherwise."""
    size = np.abs(orbitals)
    first = np.argmax(size >= (1 - ALIKE) * size.max(axis=0), axis=0)
    signs: Array = np.sign(orbitals[first, np.arange(orbitals.shape[1])])
    return orbitals * signs


def _active(molecule: Molecule, orbitals: int) -> list[int]:
    chosen = molecule.active
    if chosen is None:
        chosen = tuple(k for k in range(orbitals) if k not in molecule.frozen)
    beyond = [k for k in (*molecule.frozen, *chosen) if k >= orbitals]
    if beyond or not chosen:
        wrong = f"has no orbital {beyond[0]}" if beyond else "has no orbital left to be active"
        raise InvalidData(f"{molecule.name} {wrong}: it has 0 to {orbitals - 1}.", "Correct `frozen` or `active`.")
    refuse_many(2 * len(chosen) - MAPPINGS[molecule.mapping], molecule.name)
    return list(chosen)


def _electrons(molecule: Molecule, electrons: tuple[int, int], active: int) -> tuple[int, int]:
    up, down = (int(count) - len(molecule.frozen) for count in electrons)
    if min(up, down) < 0 or max(up, down) > active or up + down == 0:
        raise InvalidData(
            f"{molecule.name} has {sum(electrons)} electrons; freezing {len(molecule.frozen)} orbitals leaves "
            f"{up} up and {down} down for {active} active orbitals, which does not fit.",
            "Freeze fewer orbitals, or choose more active ones.",
        )
    return up, down


def _integrals(field: Any, orbitals: Array, frozen: list[int], active: list[int]) -> tuple[float, Array, Array]:
    from openfermion.ops.representations import get_active_space_integrals
    from pyscf import ao2mo

    taken = orbitals[:, [*frozen, *active]]
    size, core = taken.shape[1], len(frozen)
    one = taken.T @ field.get_hcore() @ taken
    two = ao2mo.restore(1, ao2mo.kernel(field.mol, taken), size).transpose(0, 2, 3, 1)
    energy, one, two = get_active_space_integrals(one, two, range(core), range(core, size))
    return float(energy + field.energy_nuc()), np.asarray(one), np.asarray(two)


def _exact(constant: float, one: Array, two: Array, electrons: tuple[int, int]) -> float:
    from pyscf import fci

    energy, _ = fci.direct_spin1.kernel(one, two.transpose(0, 3, 1, 2), len(one), electrons, ecore=constant, verbose=0)
    return float(energy)
