"""Writers of OpenQASM 2 and 3. Wire k of a circuit is `q[k]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from automl.search_spaces.circuits.candidate import Circuit


def write_qasm2(circuit: Circuit, angles: Sequence[float]) -> str:
    """Return the circuit as OpenQASM 2.0 (Cross et al. 2017, arXiv:1707.03429); angles in radians, all digits."""
    head = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{circuit.qubits}];"]
    return "\n".join([*head, *_statements(circuit, angles), ""])


def write_qasm3(circuit: Circuit, angles: Sequence[float]) -> str:
    """Return the circuit as OpenQASM 3.0 (Cross et al. 2022, arXiv:2104.14722); angles in radians, all digits."""
    head = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{circuit.qubits}] q;"]
    return "\n".join([*head, *_statements(circuit, angles), ""])


def _statements(circuit: Circuit, angles: Sequence[float]) -> Iterator[str]:
    rest = iter(angles)
    for gate in circuit.gates:
        wires = ", ".join(f"q[{wire}]" for wire in gate.wires)
        yield f"{gate.kind}({_real(next(rest))}) {wires};" if gate.turns else f"cx {wires};"


def _real(angle: float) -> str:
    """Write all digits; the grammar of version 2 wants a point before an exponent, which Python leaves out of 1e-05."""
    mantissa, exponent, power = repr(float(angle)).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power
