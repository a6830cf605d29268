"""How much faster the simulators are than Qiskit Aer (with noise) and qulacs (without).

    python benchmarks/simulator_speed.py                # all sizes, about three minutes
    python benchmarks/simulator_speed.py --repeats 5 --sizes 4 6

One thread. Random circuits of 20, 40 and 60 gates on 4, 6 and 8 qubits, 40 % of them CNOTs, and the Hamiltonians of
LiH, LiH and H2O; depolarising noise of 1e-3 after rotations and 5e-3 after CNOTs. Every engine returns the same energy
(this is checked). A time is the minimum over repeats, which take turns among the engines, of one call from Python: for
Aer's density matrix, binding the angles of a circuit made once and running it; for its batches, `parameter_binds`; for
qulacs, setting the angles of a `ParametricQuantumCircuit`, running it, and its `Observable`. Needs qiskit-aer and
qulacs.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and qulacs read it

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from simulator_correctness import aer_circuit, circuit_of, draw

from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.shipped import read_shipped
from automl.trainers.circuits.simulator import simulator
from automl.trainers.circuits.simulator.program import program

P1, P2, BATCH = 1e-3, 5e-3, 64
SIZES = {4: ("lih-4q", 20), 6: ("lih-6q", 40), 8: ("h2o-8q-published", 60)}
BARS = {
    "energy": {4: 100, 6: 120, 8: 100},
    "batch": {4: 500, 6: 300, 8: 80},
    "numpy": {4: 8, 6: 8, 8: 8},
    "noiseless": {4: 2, 6: 2, 8: 2},
    "slope": {4: 5, 6: 5, 8: 5},
}
WINDOW = 0.01
"""Seconds that one repeat takes at least, by as many calls as that needs."""

Engine = Callable[[], Any]


def example(qubits: int, seed: int) -> tuple[dict[str, Any], Hamiltonian]:
    """Return a random circuit with the terms of a molecule, and the molecule's Hamiltonian."""
    name, gates = SIZES[qubits]
    case = draw(np.random.default_rng(seed), qubits, gates, "depolarising")
    kinds = np.array([text[0] == "c" for text in case["gates"]])
    if abs(int(kinds.sum()) - 0.4 * gates) > 0.03 * gates:
        return example(qubits, seed + 1)
    hamiltonian = read_shipped(name)
    return {**case, "terms": dict(hamiltonian.terms)}, hamiltonian


def ours(case: dict[str, Any], hamiltonian: Hamiltonian, sets: Any) -> dict[str, Engine]:
    """Return our engines."""
    noise, code = GateNoise.depolarising(case["qubits"], P1, P2), program(circuit_of(case))
    fast, single = simulator(hamiltonian, noise), simulator(hamiltonian, noise, precision="float32")
    slow, pure = simulator(hamiltonian, noise, backend="numpy"), simulator(hamiltonian)
    one = sets[0]
    return {
        "energy": lambda: fast.energy(code, one),
        "energies": lambda: fast.energy(code, sets),
        "gradient": lambda: fast.gradient(code, one),
        "gradients": lambda: fast.gradient(code, sets),
        "energies, float32": lambda: single.energy(code, sets),
        "NumPy": lambda: slow.energy(code, one),
        "noiseless": lambda: pure.energy(code, one),
        "noiseless gradient": lambda: pure.gradient(code, one),
    }


def aer(case: dict[str, Any], sets: Any) -> dict[str, Engine]:
    """Return Aer's engines: one energy, and all of a batch."""
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    angles = ParameterVector("a", sets.shape[1])
    circuit = aer_circuit(case, angles)
    operator = SparsePauliOp.from_list([(string[::-1], value) for string, value in case["terms"].items()])
    circuit.save_expectation_value(operator, range(case["qubits"]))
    model = NoiseModel(basis_gates=["rx", "ry", "rz", "cx"])
    model.add_all_qubit_quantum_error(depolarizing_error(P1 * 4 / 3, 1), ["rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(depolarizing_error(P2 * 16 / 15, 2), ["cx"])
    backend = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    binds = [{angle: sets[:, k].tolist() for k, angle in enumerate(angles)}]

    def one() -> Any:
        result = backend.run(circuit.assign_parameters(sets[0])).result()
        return np.array([result.data()["expectation_value"]])

    def batch() -> Any:
        result = backend.run([circuit], parameter_binds=binds).result()
        return np.array([result.data(k)["expectation_value"] for k in range(len(sets))])

    return {"Aer": one, "Aer, batch": batch}


def qulacs(case: dict[str, Any], angles: Any) -> dict[str, Engine]:
    """Return qulacs' engine without noise."""
    from qulacs import Observable, ParametricQuantumCircuit, QuantumState

    circuit, observable = ParametricQuantumCircuit(case["qubits"]), Observable(case["qubits"])
    for part in circuit_of(case).gates:
        if part.control is not None:
            circuit.add_CNOT_gate(part.control, part.qubit)
        else:
            getattr(circuit, f"add_parametric_{part.kind.upper()}_gate")(part.qubit, 0.0)
    for string, value in case["terms"].items():
        observable.add_operator(value, " ".join(f"{c} {k}" for k, c in enumerate(string) if c != "I"))
    state, negative = QuantumState(case["qubits"]), (-angles).tolist()

    def energy() -> Any:
        for k, angle in enumerate(negative):
            circuit.set_parameter(k, angle)
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return np.array([observable.get_expectation_value(state).real])

    return {"qulacs": energy}


def timed(engines: dict[str, Engine], repeats: int) -> dict[str, float]:
    """Return the least seconds of one call of each engine; in each repeat all of them have a turn."""
    calls = {}
    for name, engine in engines.items():
        engine()
        start = time.perf_counter()
        engine()
        calls[name] = max(1, int(WINDOW / (time.perf_counter() - start)))
    found = dict.fromkeys(engines, float("inf"))
    for _ in range(repeats):
        for name, engine in engines.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                engine()
            found[name] = min(found[name], (time.perf_counter() - start) / calls[name])
    return found


def check(engines: dict[str, Engine]) -> None:
    """Stop if engines disagree."""
    noisy = engines["energies"]()
    for name in ("energy", "NumPy", "Aer", "Aer, batch"):
        found = engines[name]()
        assert np.abs(found - noisy[: len(found)]).max() < 1e-10, name
    assert abs(engines["noiseless"]()[0] - engines["qulacs"]()[0]) < 1e-10


def report(qubits: int, seconds: dict[str, float], angles: int) -> int:
    """Print times and ratios; return how many bars are missed."""
    batch = {"energies", "gradients", "energies, float32", "Aer, batch"}
    us = {name: 1e6 * value / (BATCH if name in batch else 1) for name, value in seconds.items()}
    print(
        f"\n{qubits} qubits, {SIZES[qubits][1]} gates, {angles} angles, {SIZES[qubits][0]}: "
        "microseconds per set of angles"
    )
    print("  " + "; ".join(f"{name} {value:,.4g}" for name, value in us.items()))
    ratios = [
        ("one noisy energy against Aer", us["Aer"] / us["energy"], "energy"),
        (f"batch of {BATCH} against Aer's batch", us["Aer, batch"] / us["energies"], "batch"),
        ("the same in float32", us["Aer, batch"] / us["energies, float32"], ""),
        ("one energy in NumPy against Aer", us["Aer"] / us["NumPy"], "numpy"),
        ("one noiseless energy against qulacs", us["qulacs"] / us["noiseless"], "noiseless"),
        ("energy and gradient in energies", us["gradient"] / us["energy"], "slope"),
        (f"the same in a batch of {BATCH}", us["gradients"] / us["energies"], "slope"),
    ]
    missed = 0
    for what, ratio, bar in ratios:
        limit = BARS[bar][qubits] if bar else 0
        passed = not bar or (ratio <= limit if bar == "slope" else ratio >= limit)
        missed += not passed
        sign = "at most" if bar == "slope" else "at least"
        verdict = f"({sign} {limit}) {'pass' if passed else 'FAIL'}" if bar else ""
        print(f"  {what:38s} {ratio:8.1f} x  {verdict}")
    return missed


def main() -> None:
    """Time all sizes, print, and fail if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    missed = 0
    for qubits in options.sizes:
        case, hamiltonian = example(qubits, options.seed)
        sets = np.random.default_rng(options.seed).uniform(-np.pi, np.pi, (BATCH, len(case["angles"])))
        engines = {**ours(case, hamiltonian, sets), **aer(case, sets), **qulacs(case, sets[0])}
        check(engines)
        missed += report(qubits, timed(engines, options.repeats), sets.shape[1])
    print("\nall bars met" if not missed else f"\n{missed} bars missed")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
