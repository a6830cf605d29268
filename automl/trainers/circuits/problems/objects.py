"""Operators of other libraries, known by what they can do: their packages are not imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from automl.core.errors import InvalidData, UsageError
from automl.trainers.circuits.problems.dense import check_shape, from_matrix
from automl.trainers.circuits.problems.document import from_document
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.terms import gathered, refuse_many, spelled, with_known_ground


def from_object(data: Any) -> Hamiltonian:
    """Read a Hamiltonian, a mapping, a matrix, a SparsePauliOp of Qiskit or a QubitOperator of OpenFermion.

    Raises:
        UsageError: if it is none of them.
        InvalidData: if it is one, but no Hamiltonian.
    """
    what = f"The {type(data).__name__}"
    if isinstance(data, Hamiltonian):
        return _checked(data)
    if isinstance(data, Mapping):
        return from_document(data, "The dictionary")
    if isinstance(data, (np.ndarray, list, tuple)):
        return from_matrix(data, "The matrix")
    if hasattr(data, "toarray") and hasattr(data, "shape"):  # of scipy.sparse
        check_shape(tuple(data.shape), what)
        return from_matrix(data.toarray(), what)
    if hasattr(data, "to_list") and hasattr(data, "num_qubits"):
        return _from_qiskit(data, what)
    if isinstance(getattr(data, "terms", None), Mapping):
        return _from_openfermion(data, what)
    raise UsageError(
        f"No Hamiltonian can be read from an object of type {type(data).__name__}.",
        "Give a name such as 'h2-4q', a path, a dictionary of Pauli strings, a Hermitian matrix, a SparsePauliOp or "
        "a QubitOperator.",
    )


def _checked(given: Hamiltonian) -> Hamiltonian:
    """Return the same with terms merged and ordered, or refuse it."""
    bare = gathered(given.terms.items(), given.name)
    if bare.qubits != given.qubits:
        raise InvalidData(
            f"{given.name} says that it has {given.qubits} qubits, but its strings have {bare.qubits} letters.",
            "Correct `qubits`.",
        )
    named = replace(bare, name=given.name, coupling=given.coupling, source=given.source)
    return with_known_ground(named, given.known_ground, given.name)


def _from_qiskit(operator: Any, what: str) -> Hamiltonian:
    """Qiskit writes qubit 0 as the last letter, this package as the first: labels are reversed."""
    refuse_many(int(operator.num_qubits), what)
    return gathered(((label[::-1], _plain(value)) for label, value in operator.to_list()), what)


def _from_openfermion(operator: Any, what: str) -> Hamiltonian:
    for factors in operator.terms:
        if not all(isinstance(factor, tuple) and factor[1] in ("X", "Y", "Z") for factor in factors):
            raise InvalidData(
                f"{what} is no operator on qubits: it has the term {factors}.",
                "Map it first, for example with openfermion.jordan_wigner.",
            )
    return gathered(spelled(((factors, _plain(value)) for factors, value in operator.terms.items()), what), what)


def _plain(value: Any) -> Any:
    """Unpack numbers of other libraries; free parameters stay what they are and are refused as no number."""
    return value.item() if hasattr(value, "item") else value
