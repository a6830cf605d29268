"""From electrons in orbitals to qubits, with OpenFermion's mappings.

Orbitals of spin stand interleaved (0 up, 0 down, 1 up, ...) or in blocks (all up, then all down).

name                   order        qubits of m orbitals
jordan_wigner          interleaved  2m
jordan_wigner_blocks   blocks       2m
bravyi_kitaev          interleaved  2m
parity                 blocks       2m - 2: the qubits that hold the parities of up and of all electrons are constant
checksum               interleaved  2m - 1: the last one follows from the parity of all
checksum_per_spin      blocks       2m - 2: the same for each spin

The checksum codes are those of Steudtner and Wehner, New J. Phys. 20 (2018) 063010.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from automl.trainers.circuits.problems.terms import Indexed

if TYPE_CHECKING:
    from automl.trainers.circuits.problems.chemistry import Solved

MAPPINGS = {
    "jordan_wigner": 0,
    "jordan_wigner_blocks": 0,
    "bravyi_kitaev": 0,
    "parity": 2,
    "checksum": 1,
    "checksum_per_spin": 2,
}
"""Each mapping with the number of qubits it saves."""


def mapped(solved: Solved, mapping: str) -> list[Indexed]:
    """Return the terms on qubits, each with its qubits and letters."""
    import openfermion
    from openfermion.chem.molecular_data import spinorb_from_spatial

    one, two = spinorb_from_spatial(solved.one, solved.two)
    electrons = openfermion.get_fermion_operator(openfermion.InteractionOperator(solved.constant, one, 0.5 * two))
    if mapping in ("jordan_wigner_blocks", "parity", "checksum_per_spin"):
        electrons = openfermion.reorder(electrons, openfermion.up_then_down, 2 * solved.orbitals)
    return _MAPPERS[mapping](electrons, solved.orbitals, solved.electrons)


def _jordan_wigner(operator: Any, orbitals: int, electrons: tuple[int, int]) -> list[Indexed]:
    from openfermion import jordan_wigner

    return list(jordan_wigner(operator).terms.items())


def _bravyi_kitaev(operator: Any, orbitals: int, electrons: tuple[int, int]) -> list[Indexed]:
    from openfermion import bravyi_kitaev

    return list(bravyi_kitaev(operator, 2 * orbitals).terms.items())


def _parity(operator: Any, orbitals: int, electrons: tuple[int, int]) -> list[Indexed]:
    """Every qubit holds the parity of the orbitals up to its own; Z on a constant one is a sign."""
    from openfermion import binary_code_transform, parity_code

    up, down = electrons
    constant = {orbitals - 1: (-1) ** up, 2 * orbitals - 1: (-1) ** (up + down)}
    terms: list[Indexed] = []
    for factors, value in binary_code_transform(operator, parity_code(2 * orbitals)).terms.items():
        signs = [constant[place] for place, letter in factors if place in constant and letter == "Z"]
        rest = [(place - (place >= orbitals), letter) for place, letter in factors if place not in constant]
        terms.append((rest, value * (-1) ** signs.count(-1)))
    return terms


def _checksum(operator: Any, orbitals: int, electrons: tuple[int, int]) -> list[Indexed]:
    from openfermion import binary_code_transform, checksum_code

    code = checksum_code(2 * orbitals, sum(electrons) % 2)
    return list(binary_code_transform(operator, code).terms.items())


def _checksum_per_spin(operator: Any, orbitals: int, electrons: tuple[int, int]) -> list[Indexed]:
    from openfermion import binary_code_transform, checksum_code

    up, down = electrons
    code = checksum_code(orbitals, up % 2) + checksum_code(orbitals, down % 2)
    return list(binary_code_transform(operator, code).terms.items())


_MAPPERS: dict[str, Callable[[Any, int, tuple[int, int]], list[Indexed]]] = {
    "jordan_wigner": _jordan_wigner,
    "jordan_wigner_blocks": _jordan_wigner,
    "bravyi_kitaev": _bravyi_kitaev,
    "parity": _parity,
    "checksum": _checksum,
    "checksum_per_spin": _checksum_per_spin,
}
