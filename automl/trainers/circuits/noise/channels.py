"""Noise as the simulator takes it: real matrices that act on Pauli coefficients after each gate.

Order of the Pauli basis: I, X, Y, Z; of two qubits: 4 * (Pauli of the control) + (Pauli of the target). A channel maps
the coefficients r of rho = 2^-n sum r_P P to R r; trace preservation makes the first row of R (1, 0, ..., 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class GateNoise:
    """The noise of every gate of a machine, and of its readout.

    Attributes:
        qubits: number of qubits n.
        rotations: (3, n, 4, 4): after a rotation about X, Y, Z on a qubit.
        cnots: (n, n, 16, 16): after a CNOT, by control and target.
        readout: (n, 2): what is read of a single-qubit Pauli is offset + factor * its expectation: (offset, factor).
    """

    qubits: int
    rotations: npt.NDArray[np.float64]
    cnots: npt.NDArray[np.float64]
    readout: npt.NDArray[np.float64]
