"""Noisy energies and gradients checked against Qiskit Aer and qulacs.

    python benchmarks/simulator_correctness.py                    # all of it, a few minutes
    python benchmarks/simulator_correctness.py --circuits 20      # fewer
    python benchmarks/simulator_correctness.py --record tests/trainers/circuits_recorded.json

Random circuits of 2 to 8 qubits, and after every gate one of: depolarising noise, bit flips, phase flips, amplitude
damping, thermal relaxation, each qubit with a strength of its own, or all of them together; with and without errors of
the readout. Energies of random Hamiltonians by `PauliSimulator` and `PauliReference` are compared with those of Aer's
density matrix and of qulacs' `DensityMatrix`; gradients with central differences; and the coefficient of the identity,
which is the trace, with 1 after 200 gates. Needs qiskit-aer and qulacs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate
from automl.trainers.circuits.noise import channels
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.pauli import PauliSimulator
from automl.trainers.circuits.simulator.pauli_reference import PauliReference
from automl.trainers.circuits.simulator.program import program

NAMES = ("depolarising", "bit_flip", "phase_flip", "amplitude_damping", "relaxation", "all")
ENERGY, SINGLE, TRACE, SLOPE = 1e-10, 1e-4, 1e-12, 1e-6
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
Case = dict[str, Any]
"""qubits, gates, angles, terms, and the noise: `pair` after a CNOT on both wires, then `wires` of each wire after every
gate (or before `pair` if `pair_last`), as names and parameters of channels; `readout` p(1|0), p(0|1) of each qubit."""


def draw(rng: np.random.Generator, qubits: int, gates: int, name: str, *, readout: bool = False) -> Case:
    """Return a random circuit, Hamiltonian and noise; 40 % of the gates are CNOTs."""
    found = [f"{('rx', 'ry', 'rz')[rng.integers(3)]}{rng.integers(qubits)}" for _ in range(gates)]
    for k in np.flatnonzero(rng.random(gates) < 0.4):
        control, target = rng.choice(qubits, 2, replace=False)
        found[k] = f"cx{control}-{target}"
    angles = rng.uniform(-np.pi, np.pi, sum(text[0] == "r" for text in found))
    terms = {"".join(rng.choice(list("IXYZ"), qubits)): float(rng.normal()) for _ in range(5 * qubits)}
    case: Case = {"qubits": qubits, "gates": found, "angles": angles.tolist(), "terms": terms, "name": name}
    names = NAMES[:-1] if name == "all" else (name,)
    case["pair"] = (
        [["depolarising", {"p": float(rng.uniform(0, 0.05)), "qubits": 2}]] if "depolarising" in names else []
    )
    case["pair_last"] = name == "all" and bool(rng.integers(2))
    case["wires"] = [[_channel(rng, part) for part in names] for _ in range(qubits)]
    case["readout"] = rng.uniform(0, 0.1, (qubits, 2)).tolist() if readout else [[0.0, 0.0]] * qubits
    return case


def _channel(rng: np.random.Generator, name: str) -> list[Any]:
    if name == "relaxation":
        t1 = float(rng.uniform(50, 150))
        rest = {"time": float(rng.uniform(0.1, 2)), "excited": float(rng.uniform(0, 0.2))}
        return [name, {"t1": t1, "t2": float(rng.uniform(0.3, 1.0) * t1), **rest}]
    return [name, {"p": float(rng.uniform(0, 0.02))}]


def circuit_of(case: Case) -> Circuit:
    """Return the circuit of a case."""
    return Circuit(case["qubits"], tuple(gate(text) for text in case["gates"]))


def noise_of(case: Case) -> GateNoise:
    """Return the noise of a case as the simulators take it."""
    n = case["qubits"]
    wires = [channels.compose([_ours(*part) for part in parts]) for parts in case["wires"]]
    pair = [_ours(*part) for part in case["pair"]]

    def cnot(control: int, target: int) -> Any:
        both = [channels.tensor(wires[control], wires[target])]
        return channels.compose(both + pair if case["pair_last"] else pair + both, qubits=2)

    return GateNoise(
        n,
        np.tile(np.array(wires), (3, 1, 1, 1)),
        np.array([[cnot(control, target) for target in range(n)] for control in range(n)]),
        np.array([channels.confusion(*row) for row in case["readout"]]),
    )


def _ours(name: str, parameters: dict[str, Any]) -> Any:
    return getattr(channels, name)(**parameters)


def read_energy(case: Case, rho: Any) -> float:
    """Return the energy that is read, errors included, of a density matrix (2^n, 2^n) with qubit 0 the slowest."""
    n = case["qubits"]
    total = 0.0
    for string, coefficient in case["terms"].items():
        left = rho.reshape((2,) * (2 * n))
        for letter, (one_for_zero, zero_for_one) in zip(string, case["readout"], strict=True):
            if letter == "I":
                matrix = np.eye(2)
            else:
                vectors = np.linalg.eigh(PAULIS["IXYZ".index(letter)])[1][:, ::-1]  # eigenvalues 1, -1
                read = np.diag([1 - 2 * one_for_zero, 2 * zero_for_one - 1])
                matrix = vectors @ read @ vectors.conj().T
            left = np.tensordot(matrix, left, axes=([0, 1], [left.ndim // 2, 0]))
        total += coefficient * left.item().real
    return float(total)


def aer_errors(case: Case) -> tuple[list[Any], Any]:
    """Return Aer's error of each wire, and the function that makes the one of a CNOT."""
    from qiskit_aer.noise import amplitude_damping_error, depolarizing_error, pauli_error, thermal_relaxation_error

    make = {
        "depolarising": lambda p, qubits=1: depolarizing_error(p * 4**qubits / (4**qubits - 1), qubits),
        "bit_flip": lambda p: pauli_error([("X", p), ("I", 1 - p)]),
        "phase_flip": lambda p: pauli_error([("Z", p), ("I", 1 - p)]),
        "amplitude_damping": lambda p: amplitude_damping_error(p),
        "relaxation": lambda t1, t2, time, excited: thermal_relaxation_error(t1, t2, time, excited),
    }
    wires = [_composed([make[name](**parameters) for name, parameters in parts]) for parts in case["wires"]]
    pair = [make[name](**parameters) for name, parameters in case["pair"]]

    def cnot(control: int, target: int) -> Any:
        both = [wires[control].expand(wires[target])]
        return _composed(both + pair if case["pair_last"] else pair + both)

    return wires, cnot


def _composed(errors: list[Any]) -> Any:
    """Return errors one after the other as one set of Kraus operators: Aer's own form grows with each part's size."""
    from qiskit.quantum_info import Kraus, SuperOp
    from qiskit_aer.noise import QuantumError

    if len(errors) == 1:
        return errors[0]
    found = SuperOp(errors[0])
    for error in errors[1:]:
        found = found.compose(SuperOp(error))
    return QuantumError(Kraus(found))


def aer_simulator(case: Case) -> Any:
    """Return Aer's density-matrix simulator with the noise of a case, one thread."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    wires, cnot = aer_errors(case)
    model = NoiseModel(basis_gates=["rx", "ry", "rz", "cx"])
    for qubit in range(case["qubits"]):
        model.add_quantum_error(wires[qubit], ["rx", "ry", "rz"], [qubit], warnings=False)
    for pair in sorted({tuple(gate(text).wires) for text in case["gates"] if text[0] == "c"}):
        model.add_quantum_error(cnot(*pair), ["cx"], list(pair), warnings=False)
    return AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)


def aer_circuit(case: Case, angles: Any) -> Any:
    """Return a circuit of Qiskit; angles may be its parameters."""
    import qiskit_aer  # noqa: F401  (gives circuits their save_ methods)
    from qiskit import QuantumCircuit

    circuit, left = QuantumCircuit(case["qubits"]), iter(angles)
    for part in circuit_of(case).gates:
        if part.control is not None:
            circuit.cx(part.control, part.qubit)
        else:
            getattr(circuit, part.kind)(next(left), part.qubit)
    return circuit


def aer_energy(case: Case) -> float:
    """Return the energy by Aer: its own expectation value, or that of its density matrix read with errors."""
    circuit = aer_circuit(case, case["angles"])
    if np.any(case["readout"]):
        circuit.save_density_matrix()
        rho = np.asarray(aer_simulator(case).run(circuit).result().data()["density_matrix"])
        n = case["qubits"]
        order = [*range(n)[::-1], *range(n, 2 * n)[::-1]]  # Qiskit's qubit 0 is the fastest
        return read_energy(case, rho.reshape((2,) * (2 * n)).transpose(order).reshape(2**n, 2**n))
    from qiskit.quantum_info import SparsePauliOp

    operator = SparsePauliOp.from_list([(string[::-1], value) for string, value in case["terms"].items()])
    circuit.save_expectation_value(operator, range(case["qubits"]))
    return float(aer_simulator(case).run(circuit).result().data()["expectation_value"])


def kraus(name: str, parameters: dict[str, Any]) -> list[Any]:
    """Return the Kraus operators of a channel of one qubit, worked out apart from ours: from its Choi matrix."""
    matrix = _ours(name, parameters)
    choi = np.einsum("ij,jba,icd->acbd", matrix, PAULIS, PAULIS).reshape(4, 4) / 2
    values, vectors = np.linalg.eigh(choi)
    return [np.sqrt(v) * vectors[:, k].reshape(2, 2).T for k, v in enumerate(values) if v > 1e-15]


def qulacs_noise(case: Case, wires: tuple[int, ...]) -> list[Any]:
    """Return the gates of qulacs that are the noise after a gate on some wires."""
    from qulacs import gate as gates

    make = {
        "depolarising": gates.DepolarizingNoise,
        "bit_flip": gates.BitFlipNoise,
        "phase_flip": gates.DephasingNoise,
        "amplitude_damping": gates.AmplitudeDampingNoise,
    }
    own = []
    for wire in wires:
        for name, parameters in case["wires"][wire]:
            if name in make:
                own.append(make[name](wire, parameters["p"]))
            else:
                own.append(gates.CPTP([gates.DenseMatrix(wire, k) for k in kraus(name, parameters)]))
    if len(wires) == 1:
        return own
    pair = [gates.TwoQubitDepolarizingNoise(*wires, parameters["p"]) for _, parameters in case["pair"]]
    return own + pair if case["pair_last"] else pair + own


def qulacs_energy(case: Case) -> float:
    """Return the energy by qulacs' density matrix."""
    from qulacs import DensityMatrix, Observable
    from qulacs import gate as gates

    n, left = case["qubits"], iter(case["angles"])
    rho = DensityMatrix(n)
    for part in circuit_of(case).gates:
        if part.control is not None:
            gates.CNOT(part.control, part.qubit).update_quantum_state(rho)
        else:
            turn = {"rx": gates.RX, "ry": gates.RY, "rz": gates.RZ}[part.kind]
            turn(part.qubit, -next(left)).update_quantum_state(rho)  # its rotations are exp(+i angle P / 2)
        for noise in qulacs_noise(case, part.wires):
            noise.update_quantum_state(rho)
    if np.any(case["readout"]):
        order = [*range(n)[::-1], *range(n, 2 * n)[::-1]]
        return read_energy(case, rho.get_matrix().reshape((2,) * (2 * n)).transpose(order).reshape(2**n, 2**n))
    observable = Observable(n)
    for string, value in case["terms"].items():
        observable.add_operator(value, " ".join(f"{c} {k}" for k, c in enumerate(string) if c != "I"))
    return float(observable.get_expectation_value(rho).real)


def simulators(case: Case) -> tuple[PauliSimulator, PauliReference, PauliSimulator]:
    """Return ours: compiled, in NumPy, and compiled in single precision."""
    hamiltonian, noise = Hamiltonian(case["qubits"], case["terms"]), noise_of(case)
    return (
        PauliSimulator(hamiltonian, noise),
        PauliReference(hamiltonian, noise),
        PauliSimulator(hamiltonian, noise, "float32"),
    )


def slope_error(simulator: PauliSimulator, case: Case) -> float:
    """Return the largest difference between the gradient and central differences."""
    code, angles, step = program(circuit_of(case)), np.array(case["angles"]), 1e-5
    shifted = np.concatenate([angles + step * np.eye(len(angles)), angles - step * np.eye(len(angles))])
    up, down = simulator.energy(code, shifted).reshape(2, -1)
    return float(np.abs(simulator.gradient(code, angles)[1][0] - (up - down) / (2 * step)).max(initial=0.0))


def compare(count: int, seed: int) -> dict[str, list[float]]:
    """Return all differences by what was compared."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    start = time.perf_counter()
    for k in range(count):
        name, qubits = NAMES[k % len(NAMES)], 2 + (k // len(NAMES)) % 7
        case = draw(rng, qubits, int(rng.integers(10, 8 * qubits)), name, readout=bool(rng.integers(2)))
        code, (fast, slow, single) = program(circuit_of(case)), simulators(case)
        angles = np.array(case["angles"])
        energy = float(fast.energy(code, angles)[0])
        many = fast.energy(code, np.tile(angles, (5, 1)))
        differences = {
            "Aer": aer_energy(case) - energy,
            "qulacs": qulacs_energy(case) - energy,
            "NumPy": float(slow.energy(code, angles)[0]) - energy,
            "in a batch": float(np.abs(many - energy).max()),
            "float32": float(single.energy(code, angles)[0]) - energy,
            "central differences": slope_error(fast, case),
            "NumPy's gradient": float(
                np.abs(fast.gradient(code, angles)[1] - slow.gradient(code, angles)[1]).max(initial=0)
            ),
        }
        for what, value in differences.items():
            found.setdefault(f"{name:18s} {what}", []).append(abs(value))
        if (k + 1) % 20 == 0:
            print(f"{k + 1} circuits, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return found


def traces(seed: int) -> float:
    """Return how far the coefficient of the identity is from 1 after 200 gates, at most."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    for name in NAMES:
        for qubits in (2, 4, 6, 8):
            case = draw(rng, qubits, 200, name)
            vector = simulators(case)[0].vector(program(circuit_of(case)), np.array(case["angles"]))
            worst = max(worst, abs(float(vector[0]) - 1))
    return worst


def record(path: Path, seed: int) -> None:
    """Write a dozen cases with their energies by Aer, after qulacs has agreed."""
    rng, cases = np.random.default_rng(seed), []
    for k in range(12):
        case = draw(rng, 2 + k % 4, 24, NAMES[k % len(NAMES)], readout=k >= 6)
        case["energy"] = aer_energy(case)
        if abs(case["energy"] - qulacs_energy(case)) > ENERGY:
            raise SystemExit("Aer and qulacs disagree; nothing was written.")
        cases.append(case)
    path.write_text(json.dumps(cases, indent=None).replace('{"qubits"', '\n{"qubits"') + "\n")


def main() -> None:
    """Compare, print, and fail if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--circuits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if options.record:
        record(options.record, options.seed)
        return
    found = compare(options.circuits, options.seed)
    found[f"{'200 gates':18s} trace"] = [traces(options.seed)]
    bars = {"float32": SINGLE, "central differences": SLOPE, "trace": TRACE}
    missed = 0
    print(f"{options.circuits} random circuits, 2 to 8 qubits, 40 % CNOTs: the largest differences")
    for what, differences in sorted(found.items()):
        bar = next((limit for end, limit in bars.items() if what.endswith(end)), ENERGY)
        passed = max(differences) <= bar
        missed += not passed
        print(f"{what:40s} {max(differences):9.1e} (bar {bar:.0e}) {'pass' if passed else 'FAIL'}")
    print("all bars met" if not missed else f"{missed} bars missed")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
