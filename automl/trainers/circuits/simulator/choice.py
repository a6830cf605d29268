"""Which simulator to use: with noise or without, compiled or not."""

from __future__ import annotations

import importlib.util
from typing import Literal, TypeAlias

from automl.core.errors import UsageError
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.contract import Precision, Simulator

Backend: TypeAlias = Literal["auto", "numba", "numpy"]

QUBITS, NOISY_QUBITS = 12, 8
"""Most qubits without noise (2^n complex numbers) and with it (4^n real ones)."""


def simulator(
    hamiltonian: Hamiltonian,
    noise: GateNoise | None = None,
    *,
    precision: Precision = "float64",
    backend: Backend = "auto",
) -> Simulator:
    """Return the simulator of a Hamiltonian. Nothing is compiled, and Numba not imported, before this is called.

    Args:
        hamiltonian: whose energy it is.
        noise: of the gates and the readout; None for none.
        precision: of the amplitudes, or of the Pauli coefficients.
        backend: "numba" compiled, "numpy" the slower reference, "auto" the compiled one where Numba is installed.

    Raises:
        UsageError: for too many qubits, noise of another number of qubits, or a backend that is not installed.
    """
    _check(hamiltonian, noise)
    installed = importlib.util.find_spec("numba") is not None
    if backend == "numba" and not installed:
        raise UsageError(
            "The compiled simulator needs the package 'numba', which is not installed.", "Type: pip install numba"
        )
    compiled = backend == "numba" or (backend == "auto" and installed)
    if noise is None:
        return _noiseless(hamiltonian, precision, compiled)
    return _noisy(hamiltonian, noise, precision, compiled)


def _noiseless(hamiltonian: Hamiltonian, precision: Precision, compiled: bool) -> Simulator:
    if compiled:
        from automl.trainers.circuits.simulator.state import StateSimulator

        return StateSimulator(hamiltonian, precision)
    from automl.trainers.circuits.simulator.state_reference import StateReference

    return StateReference(hamiltonian, precision)


def _noisy(hamiltonian: Hamiltonian, noise: GateNoise, precision: Precision, compiled: bool) -> Simulator:
    if compiled:
        from automl.trainers.circuits.simulator.pauli import PauliSimulator

        return PauliSimulator(hamiltonian, noise, precision)
    from automl.trainers.circuits.simulator.pauli_reference import PauliReference

    return PauliReference(hamiltonian, noise, precision)


def _check(hamiltonian: Hamiltonian, noise: GateNoise | None) -> None:
    qubits, most = hamiltonian.qubits, QUBITS if noise is None else NOISY_QUBITS
    if not 1 <= qubits <= most:
        kind = "without noise" if noise is None else "with noise"
        raise UsageError(
            f"A problem of {qubits} qubits cannot be simulated {kind}: {_memory(qubits, noise is not None)}, and every "
            f"gate of every energy passes over it; the limit is {most} qubits.",
            "Take a smaller active space, or map the fermions with fewer qubits (parity with two-qubit reduction)."
            if noise is None or qubits > QUBITS
            else f"Search without noise, or take a problem of at most {most} qubits.",
        )
    if noise is not None and noise.qubits != qubits:
        raise UsageError(
            f"The noise describes {noise.qubits} qubits, the problem has {qubits}.",
            f"Give a noise specification of {qubits} qubits.",
        )


def _memory(qubits: int, noisy: bool) -> str:
    """Return what one state takes, with the second vector that a gradient needs."""
    size = 2.0 * 8 * (4.0**qubits if noisy else 2 * 2.0**qubits)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"a gradient would take {size:,.0f} {unit} of memory"
