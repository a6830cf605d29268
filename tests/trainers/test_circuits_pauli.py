"""The noisy simulators: against energies recorded from Qiskit Aer, each other, and what physics demands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate
from automl.trainers.circuits.noise import channels
from automl.trainers.circuits.noise.channels import GateNoise, compose, depolarising, tensor
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator.pauli import PauliSimulator
from automl.trainers.circuits.simulator.pauli_reference import PauliReference
from automl.trainers.circuits.simulator.pauli_tables import ANY, EVEN, JOINT, SIDES, UNIFORM, observed, structure
from automl.trainers.circuits.simulator.program import Program, program
from automl.trainers.circuits.simulator.state_reference import StateReference

RECORDED = json.loads((Path(__file__).parent / "circuits_recorded.json").read_text())


def drawn(rng: np.random.Generator, qubits: int, gates: int) -> Program:
    """Return a random circuit, two fifths of it CNOTs."""
    found = []
    for _ in range(gates):
        if qubits > 1 and rng.random() < 0.4:
            found.append("cx{}-{}".format(*rng.choice(qubits, 2, replace=False)))
        else:
            found.append(f"{rng.choice(['rx', 'ry', 'rz'])}{rng.integers(qubits)}")
    return program(Circuit(qubits, tuple(gate(text) for text in found)))


def observable(rng: np.random.Generator, qubits: int, terms: int = 12) -> Hamiltonian:
    """Return a random Hamiltonian."""
    return Hamiltonian(qubits, {"".join(rng.choice(list("IXYZ"), qubits)): float(rng.normal()) for _ in range(terms)})


def machine(rng: np.random.Generator, qubits: int, form: str) -> GateNoise:
    """Return noise that differs from qubit to qubit, of one of the forms that are treated apart."""
    if form == "none":
        return GateNoise.none(qubits)
    if form == "uniform":
        return GateNoise.depolarising(qubits, 1e-2, 5e-2)
    if form == "strong":  # cannot be undone: nothing is left of an excited state
        return GateNoise(
            qubits,
            np.tile(channels.amplitude_damping(1.0), (3, qubits, 1, 1)),
            np.tile(depolarising(0.6, qubits=2), (qubits, qubits, 1, 1)),
            np.tile([0.0, 1.0], (qubits, 1)),
        )
    wires = [compose([depolarising(rng.uniform(0, 0.05)), _relaxation(rng)]) for _ in range(qubits)]
    both = [[tensor(wires[c], wires[t]) for t in range(qubits)] for c in range(qubits)]
    pair = depolarising(0.04, qubits=2)
    cnots = [[compose([pair, m] if form == "sides" else [m, pair], qubits=2) for m in row] for row in both]
    readout = [channels.confusion(*rng.uniform(0, 0.1, 2)) for _ in range(qubits)]
    return GateNoise(qubits, np.tile(np.array(wires), (3, 1, 1, 1)), np.array(cnots), np.array(readout))


def _relaxation(rng: np.random.Generator) -> Any:
    return channels.relaxation(100, float(rng.uniform(30, 190)), float(rng.uniform(1, 9)), excited=0.05)


FORMS = ("none", "uniform", "sides", "joint", "strong")


@pytest.mark.parametrize("k", range(len(RECORDED)))
def test_energies_recorded_from_aer(k: int) -> None:
    case = RECORDED[k]
    n = case["qubits"]
    parts = [[getattr(channels, name)(**given) for name, given in wire] for wire in case["wires"]]
    wires = [compose(wire) for wire in parts]
    pair = [getattr(channels, name)(**given) for name, given in case["pair"]]

    def cnot(c: int, t: int) -> Any:
        both = [tensor(wires[c], wires[t])]
        return compose(both + pair if case["pair_last"] else pair + both, qubits=2)

    noise = GateNoise(
        n,
        np.tile(np.array(wires), (3, 1, 1, 1)),
        np.array([[cnot(c, t) for t in range(n)] for c in range(n)]),
        np.array([channels.confusion(*row) for row in case["readout"]]),
    )
    code = program(Circuit(n, tuple(gate(text) for text in case["gates"])))
    angles, hamiltonian = np.array(case["angles"]), Hamiltonian(n, case["terms"])
    assert PauliSimulator(hamiltonian, noise).energy(code, angles)[0] == pytest.approx(case["energy"], abs=1e-10)
    assert PauliReference(hamiltonian, noise).energy(code, angles)[0] == pytest.approx(case["energy"], abs=1e-10)


@pytest.mark.slow  # compiles every kernel again, for numbers of another kind
@pytest.mark.parametrize("form", ["uniform", "sides", "joint"])
def test_single_precision(form: str) -> None:
    rng = np.random.default_rng(9)
    code, hamiltonian, noise = drawn(rng, 4, 30), observable(rng, 4), machine(rng, 4, form)
    angles = rng.uniform(-3, 3, (5, code.angles))
    energies, slopes = PauliSimulator(hamiltonian, noise, "float32").gradient(code, angles)
    expected, gradients = PauliSimulator(hamiltonian, noise).gradient(code, angles)
    assert 0 < np.abs(energies - expected).max() < 1e-5
    np.testing.assert_allclose(slopes, gradients, rtol=0, atol=1e-4)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 30), st.integers(1, 6), st.sampled_from(FORMS))
def test_compiled_and_numpy_agree(seed: int, qubits: int, gates: int, sets: int, form: str) -> None:
    """Any circuit, any form of noise, and any number of sets: in fours, alone, and what is left of both."""
    rng = np.random.default_rng(seed)
    code, hamiltonian, noise = drawn(rng, qubits, gates), observable(rng, qubits), machine(rng, qubits, form)
    angles = rng.uniform(-7, 7, (sets, code.angles))
    fast, slow = PauliSimulator(hamiltonian, noise), PauliReference(hamiltonian, noise)
    energies, slopes = fast.gradient(code, angles)
    expected, gradients = slow.gradient(code, angles)
    np.testing.assert_allclose(energies, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.energy(code, angles), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slow.energy(code, angles), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slopes, gradients, rtol=0, atol=1e-11)
    np.testing.assert_allclose(fast.energy(code, angles[0]), expected[:1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.vector(code, angles[0]), slow.vector(code, angles[0]), rtol=0, atol=1e-13)


def test_seven_qubits_are_worked_on_one_set_at_a_time() -> None:
    rng = np.random.default_rng(7)
    code, hamiltonian, noise = drawn(rng, 7, 60), observable(rng, 7), machine(rng, 7, "uniform")
    angles = rng.uniform(-3, 3, (2, code.angles))
    energies, slopes = PauliSimulator(hamiltonian, noise).gradient(code, angles)
    expected, gradients = PauliReference(hamiltonian, noise).gradient(code, angles)
    np.testing.assert_allclose(energies, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slopes, gradients, rtol=0, atol=1e-11)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_the_parameter_shift(form: str) -> None:
    """An energy is a sinusoid of each angle under noise, too, so half a difference over half a turn is exact."""
    rng = np.random.default_rng(3)
    code, simulator = drawn(rng, 4, 40), PauliSimulator(observable(rng, 4), machine(rng, 4, form))
    angles = rng.uniform(-3, 3, code.angles)
    shifts = np.pi / 2 * np.eye(code.angles)
    up, down = simulator.energy(code, np.concatenate([angles + shifts, angles - shifts])).reshape(2, -1)
    np.testing.assert_allclose(simulator.gradient(code, angles)[1][0], (up - down) / 2, rtol=0, atol=1e-11)


def test_without_noise_it_is_the_state_vector() -> None:
    rng = np.random.default_rng(5)
    code, hamiltonian = drawn(rng, 4, 40), observable(rng, 4)
    angles = rng.uniform(-3, 3, (3, code.angles))
    exact, slopes = StateReference(hamiltonian).gradient(code, angles)
    energies, found = PauliSimulator(hamiltonian, GateNoise.none(4)).gradient(code, angles)
    np.testing.assert_allclose(energies, exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, slopes, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_trace_stays_one_and_no_state_is_purer_than_pure(form: str) -> None:
    rng = np.random.default_rng(11)
    code = drawn(rng, 5, 200)
    simulator = PauliSimulator(observable(rng, 5), machine(rng, 5, form))
    vector = simulator.vector(code, rng.uniform(-3, 3, code.angles))
    assert abs(vector[0] - 1) <= 1e-12
    assert (vector @ vector) / 2**5 <= 1 + 1e-12


def test_many_gates_of_strong_noise_keep_gradients_exact() -> None:
    """Undone gate by gate, errors of rounding would grow by 0.36^-60."""
    rng = np.random.default_rng(2)
    code, hamiltonian = drawn(rng, 3, 150), observable(rng, 3)
    noise = GateNoise.depolarising(3, 0.05, 0.6)
    angles = rng.uniform(-3, 3, code.angles)
    _, found = PauliSimulator(hamiltonian, noise).gradient(code, angles)
    _, expected = PauliReference(hamiltonian, noise).gradient(code, angles)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_forms_of_noise_are_recognised() -> None:
    rng = np.random.default_rng(0)
    first, second = _relaxation(rng), _relaxation(rng)
    pair = depolarising(0.1, qubits=2)
    assert structure(pair) == (UNIFORM, pair[1, 1], [])
    form, factor, sides = structure(compose([pair, tensor(first, second)], qubits=2))
    assert form == SIDES
    assert factor == pytest.approx(pair[1, 1], abs=1e-14)
    np.testing.assert_allclose(np.stack(sides), np.stack([first, second]), atol=1e-14)
    assert structure(compose([tensor(first, second), pair], qubits=2))[0] == JOINT
    assert structure(depolarising(15 / 16, qubits=2))[:2] == (UNIFORM, pytest.approx(0.0))
    form, _, sides = structure(tensor(channels.phase_flip(0.1), channels.amplitude_damping(0.2)))
    assert form == SIDES
    np.testing.assert_allclose(sides[1], channels.amplitude_damping(0.2), atol=1e-14)
    forms = {
        name: set(PauliSimulator(observable(rng, 2), machine(rng, 2, name)).tables.rules[1, :3].ravel())
        for name in FORMS
    }
    assert forms == {"none": {EVEN}, "uniform": {EVEN}, "sides": {ANY}, "joint": {ANY}, "strong": {ANY}}


def test_readout_is_part_of_the_observable() -> None:
    places, weights = observed(Hamiltonian(2, {"ZX": 2.0, "II": 0.5}), np.array([[0.1, 0.8], [-0.2, 0.7]]))
    expected = {0: 0.5 + 2 * 0.1 * -0.2, 4 * 3 + 0: 2 * 0.8 * -0.2, 0 + 1: 2 * 0.1 * 0.7, 4 * 3 + 1: 2 * 0.8 * 0.7}
    assert dict(zip(places.tolist(), weights.tolist(), strict=True)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", [PauliSimulator, PauliReference])
def test_minimisation_ends_where_the_gradient_vanishes(kind: type[PauliSimulator | PauliReference]) -> None:
    rng = np.random.default_rng(4)
    code, simulator = drawn(rng, 3, 20), kind(observable(rng, 3), machine(rng, 3, "sides"))
    start = rng.uniform(-1, 1, code.angles)
    found = simulator.minimise(code, start, tolerance=1e-6, iterations=200)
    energies, slopes = simulator.gradient(code, found.angles)
    assert found.energy == pytest.approx(energies[0], abs=1e-12)
    assert found.energy < simulator.energy(code, start)[0]
    assert np.abs(slopes).max() <= 1e-5
    assert found.gradients > 1


@pytest.mark.parametrize("kind", [PauliSimulator, PauliReference])
def test_extensions_are_the_best_over_the_new_angles(kind: type[PauliSimulator | PauliReference]) -> None:
    rng = np.random.default_rng(6)
    base, hamiltonian, noise = drawn(rng, 3, 12), observable(rng, 3), machine(rng, 3, "uniform")
    simulator, angles = kind(hamiltonian, noise), rng.uniform(-1, 1, base.angles)
    texts = [["cx0-1"], ["ry1"], ["ry1", "cx1-2"], ["rz0", "cx0-2", "rx2"], []]
    paths = [program(Circuit(3, tuple(gate(text) for text in path))) for path in texts]
    values, used = simulator.extensions(base, angles, paths)
    assert used >= len(paths)
    grid = np.linspace(-np.pi, np.pi, 41)
    for path, value in zip(paths, values, strict=True):
        codes = path.codes.copy()
        codes[codes[:, 3] >= 0, 3] += base.angles
        joined = Program(3, np.concatenate([base.codes, codes]), base.angles + path.angles)
        new = np.stack([axis.ravel() for axis in np.meshgrid(*[grid] * path.angles)], axis=1) if path.angles else [[]]
        lowest = simulator.energy(joined, np.hstack([np.tile(angles, (len(new), 1)), new])).min()
        assert value <= lowest + 1e-12
        assert value >= lowest - 0.05


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(0)
    code, hamiltonian = drawn(rng, 2, 10), observable(rng, 2)
    for kind in (PauliSimulator, PauliReference):
        with pytest.raises(UsageError, match="3 qubits"):
            kind(hamiltonian, GateNoise.none(3))
        with pytest.raises(UsageError, match="angles"):
            kind(hamiltonian, GateNoise.none(2)).energy(code, np.zeros(code.angles + 1))
