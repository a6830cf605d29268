"""What a person should be told about a result besides its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from automl.core.records import Metrics
from automl.search_spaces.circuits.candidate import Circuit

CHEMICAL_ACCURACY = 1.6e-3
"""In hartree: 1 kcal/mol, the error below which chemistry is predicted."""

ROUNDING = 1e-10
"""In hartree: energies of molecules differ by so much from one library to the next."""


def remarks(circuit: Circuit, metrics: Metrics, *, noisy: bool, sampled: bool, chemical: bool) -> Sequence[str]:
    """Return sentences about a measured circuit.

    Args:
        circuit: the circuit.
        metrics: what was measured of it.
        noisy: whether gates or readout were noisy.
        sampled: whether energies were estimates from shots.
        chemical: whether energies are in hartree, so that chemical accuracy means something.
    """
    said = [_product(noisy)] if not circuit.cnots else []
    if chemical:
        said.append(_accuracy(metrics, noisy))
    if sampled:
        said.append("Its energy is an estimate from shots, which can be better than the exact one by luck.")
    return said


def _product(noisy: bool) -> str:
    if noisy:
        return (
            "A circuit without CNOTs, a product state such as Hartree-Fock, is the best found under this noise: "
            "no CNOT pays for its own errors."
        )
    return "A circuit without CNOTs, a product state such as Hartree-Fock, is the best found."


def _accuracy(metrics: Metrics, noisy: bool) -> str:
    noiseless = metrics["noiseless_error"]
    reached = "within" if noiseless <= CHEMICAL_ACCURACY else "not within"
    if not noisy:
        return f"{_above(noiseless)}: {reached} chemical accuracy (1.6 mHa)."
    return (
        f"{_above(metrics['error'])} under noise. The same circuit without it: {_above(noiseless)}, {reached} chemical "
        "accuracy (1.6 mHa). The search saw the noisy energy only."
    )


def _above(error: float) -> str:
    """Return where an energy is, seen from the exact one."""
    return "Exact to rounding" if abs(error) < ROUNDING else f"{1000 * error:.3g} mHa above the exact ground energy"
