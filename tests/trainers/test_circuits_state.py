"""The noiseless simulators: compiled and NumPy, against matrices, differences and each other."""

import itertools
import subprocess
import sys
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from automl.core.errors import UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate, gate
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.problems.shipped import read_shipped
from automl.trainers.circuits.simulator import simulator
from automl.trainers.circuits.simulator.program import Program, program

PAULIS = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
SHIFT = np.pi / 2

H2 = Hamiltonian(  # H2, STO-3G, 0.7414 A, two qubits; its exact energy is -1.13727017
    2,
    {
        "II": -0.32871202833425296,
        "IZ": 0.3939836774343287,
        "ZI": 0.3939836774343287,
        "ZZ": 0.0112305,
        "XX": 0.1812105,
    },
)


def paulis(qubits, seed=0, terms=12, letters="IXYZ"):
    """A Hamiltonian of random strings."""
    rng = np.random.default_rng(seed)
    return Hamiltonian(qubits, {"".join(rng.choice(list(letters), qubits)): float(rng.normal()) for _ in range(terms)})


def matrix(hamiltonian):
    return sum(c * reduce(np.kron, [PAULIS[p] for p in string]) for string, c in hamiltonian.terms.items())


def circuit(qubits, gates, seed=0, cnots=0.4):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(gates):
        if qubits > 1 and rng.random() < cnots:
            control, target = rng.choice(qubits, 2, replace=False)
            made.append(Gate("cx", int(target), int(control)))
        else:
            made.append(Gate(["rx", "ry", "rz"][rng.integers(3)], int(rng.integers(qubits))))
    return Circuit(qubits, tuple(made))


def angles(p, seed=0, sets=None):
    return np.random.default_rng(seed).uniform(-4, 4, (p.angles,) if sets is None else (sets, p.angles))


def state(made, values):
    """The state by dense matrices, gate by gate."""
    psi, values = np.eye(2**made.qubits)[0].astype(complex), iter(values)
    for g in made.gates:
        if g.turns:
            pauli = PAULIS[g.kind[1].upper()]
            parts = [(g.qubit, _turn(pauli, next(values)))]
            psi = reduce(np.kron, [dict(parts).get(q, np.eye(2)) for q in range(made.qubits)]) @ psi
        else:
            stay = reduce(np.kron, [np.diag([1, 0]) if q == g.control else np.eye(2) for q in range(made.qubits)])
            moved = {g.control: np.diag([0, 1]), g.qubit: PAULIS["X"]}
            psi = (stay + reduce(np.kron, [moved.get(q, np.eye(2)) for q in range(made.qubits)])) @ psi
    return psi


def _turn(pauli, angle):
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


def path(text):
    return program(Circuit(4, tuple(gate(word) for word in text.split())))


BOTH = pytest.mark.parametrize("backend", ["numba", "numpy"])


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
@BOTH
def test_energies_are_those_of_dense_matrices(qubits, backend):
    hamiltonian = paulis(qubits, seed=qubits)
    dense, engine = matrix(hamiltonian), simulator(hamiltonian, backend=backend)
    for seed in range(8):
        made = circuit(qubits, 14, seed)
        sets = angles(program(made), seed, sets=3)
        psis = [state(made, values) for values in sets]
        wanted = [(psi.conj() @ dense @ psi).real for psi in psis]
        np.testing.assert_allclose(engine.energy(program(made), sets), wanted, rtol=0, atol=1e-12)


@settings(max_examples=30)
@given(
    words=st.lists(
        st.sampled_from([f"{k}{q}" for k in ("rx", "ry", "rz") for q in range(3)] + ["cx0-1", "cx2-0", "cx1-2"])
    ),
    seed=st.integers(0, 99),
)
def test_any_circuit_has_the_energy_and_slopes_of_its_shifts(words, seed):
    p = program(Circuit(3, tuple(gate(word) for word in words)))
    values, engine = angles(p, seed), simulator(paulis(3, seed))
    energies, slopes = engine.gradient(p, values)
    np.testing.assert_allclose(energies, engine.energy(p, values), rtol=0, atol=1e-12)
    for k, unit in enumerate(np.eye(p.angles)):
        shifted = engine.energy(p, np.stack([values + SHIFT * unit, values - SHIFT * unit]))
        assert slopes[0, k] == pytest.approx((shifted[0] - shifted[1]) / 2, abs=1e-9)


@BOTH
def test_gradients_agree_with_central_differences(backend):
    engine, p = simulator(paulis(5, terms=30), backend=backend), program(circuit(5, 30, seed=3))
    values = angles(p)
    near = np.concatenate([values + 1e-5 * np.eye(p.angles), values - 1e-5 * np.eye(p.angles)])
    plus, minus = np.split(engine.energy(p, near), 2)
    np.testing.assert_allclose(engine.gradient(p, values)[1][0], (plus - minus) / 2e-5, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("qubits", "letters"), [(2, "IXYZ"), (4, "IXZ"), (6, "IXYZ"), (8, "IXYZ")])
def test_compiled_and_numpy_simulators_agree(qubits, letters):
    hamiltonian = paulis(qubits, terms=40, letters=letters)
    engines = [simulator(hamiltonian, backend=backend) for backend in ("numba", "numpy")]
    made = circuit(qubits, 10 * qubits, seed=qubits)
    p, values = program(made), angles(program(made), sets=4)
    energies, slopes = zip(*(engine.gradient(p, values) for engine in engines), strict=True)
    np.testing.assert_allclose(energies[0], energies[1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=0, atol=1e-12)
    paths = [program(circuit(qubits, length, seed)) for length in range(6) for seed in range(4)]
    (first, used), (second, wanted) = (engine.extensions(p, values[0], paths) for engine in engines)
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-11)
    assert used == wanted


def test_single_precision_is_close_and_angles_stay_double():
    hamiltonian, p = paulis(6, terms=40), program(circuit(6, 40))
    values = angles(p, sets=2)
    exact, slopes = simulator(hamiltonian).gradient(p, values)
    for backend in ("numba", "numpy"):
        close, near = simulator(hamiltonian, precision="float32", backend=backend).gradient(p, values)
        assert close.dtype == near.dtype == np.float64
        np.testing.assert_allclose(close, exact, rtol=0, atol=1e-4)
        np.testing.assert_allclose(near, slopes, rtol=0, atol=1e-4)
        assert not np.array_equal(close, exact)


def test_circuits_without_gates_or_without_angles():
    engine, dense = simulator(H2), matrix(H2)
    empty = program(Circuit(2))
    assert engine.energy(empty, np.zeros(0)) == pytest.approx(dense[0, 0])
    energies, slopes = engine.gradient(program(Circuit(2, (gate("cx0-1"),))), np.zeros((2, 0)))
    assert energies == pytest.approx([dense[0, 0]] * 2)
    assert slopes.shape == (2, 0)
    assert engine.minimise(empty, np.zeros(0), tolerance=1e-6, iterations=10).gradients == 1


@BOTH
def test_minimising_ends_where_the_gradient_vanishes_and_above_the_ground_state(backend):
    hamiltonian = paulis(4, seed=5, terms=20)
    ground, engine = np.linalg.eigvalsh(matrix(hamiltonian))[0], simulator(hamiltonian, backend=backend)
    for seed in range(5):
        p = program(circuit(4, 25, seed))
        start = angles(p, seed)
        found = engine.minimise(p, start, tolerance=1e-7, iterations=1000)
        energies, slopes = engine.gradient(p, found.angles)
        assert found.energy == pytest.approx(energies[0], abs=1e-12)
        assert ground - 1e-12 <= found.energy < engine.energy(p, start)[0]
        assert np.abs(slopes).max() <= 1e-6
        assert (found.energies, found.gradients > 5) == (0, True)


@pytest.mark.parametrize(
    ("name", "ground"),  # exact energies by sparse diagonalisation with SciPy
    [("h2-3q", -1.1372701747), ("lih-4q", -7.7890888981), ("lih-6q", -7.8448790930), ("h2o-8q", -74.9723355815)],
)
def test_no_energy_is_below_the_ground_state_of_a_molecule(name, ground):
    hamiltonian = read_shipped(name)
    engine, energies = simulator(hamiltonian), []
    for seed in range(6):
        p = program(circuit(hamiltonian.qubits, 10 * hamiltonian.qubits, seed, cnots=0.3))
        energies.append(engine.minimise(p, angles(p, seed), tolerance=1e-6, iterations=300).energy)
    assert ground - 1e-9 <= min(energies) < ground + 0.3


def test_minimising_reaches_the_exact_energy_of_hydrogen():
    p = program(Circuit(2, (gate("rx0"), gate("ry1"), gate("cx1-0"))))
    found = simulator(H2).minimise(p, np.array([3.0, 3.0]), tolerance=1e-8, iterations=100)
    assert found.energy == pytest.approx(np.linalg.eigvalsh(matrix(H2))[0], abs=1e-10)


def test_minimising_is_as_good_as_scipy():
    engine, worse = simulator(paulis(4, seed=1, terms=30)), 0
    for seed in range(20):
        p = program(circuit(4, 20, seed))
        start = angles(p, seed)

        def value_and_slope(x, p=p):
            energies, slopes = engine.gradient(p, x)
            return energies[0], slopes[0]

        peer = minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-7})
        worse += engine.minimise(p, start, tolerance=1e-7, iterations=1000).energy > peer.fun + 1e-6
    assert worse <= 6  # either one ends in the better of two valleys now and then


def test_minimising_keeps_to_its_number_of_line_searches():
    engine, p = simulator(paulis(4, terms=30)), program(circuit(4, 30))
    start = angles(p)
    none, one, all_ = (engine.minimise(p, start, tolerance=1e-8, iterations=k) for k in (0, 1, 1000))
    np.testing.assert_array_equal(none.angles, start)
    assert none.gradients == 1
    assert none.energy > one.energy > all_.energy
    assert 2 <= one.gradients < all_.gradients


def test_bfgs_minimises_what_is_no_circuit():
    from automl.trainers.circuits.simulator.line_search import VALUE
    from automl.trainers.circuits.simulator.minimise import BEST, EVALUATIONS, POINT, SLOPE, advance, begin

    vectors, numbers = begin(np.array([-1.2, 1.0, 0.3]), 1e-9, 500, 1e-15)
    running = True
    while running:  # a valley that bends: (1 - x)^2 + 10 (y - x^2)^2 + z^4
        x, y, z = vectors[POINT]
        vectors[SLOPE] = 2 * (x - 1) - 40 * x * (y - x * x), 20 * (y - x * x), 4 * z**3
        running = advance(vectors, numbers, (1 - x) ** 2 + 10 * (y - x * x) ** 2 + z**4)
    np.testing.assert_allclose(vectors[BEST], [1, 1, 0], atol=2e-3)
    assert numbers[VALUE] < 1e-11
    assert numbers[EVALUATIONS] < 120


def test_paths_are_judged_at_their_best_angles():
    hamiltonian, prefix = paulis(4, seed=2, terms=25), program(circuit(4, 12, seed=2))
    engine, values = simulator(hamiltonian), angles(program(circuit(4, 12, seed=2)))
    texts = ["", "cx1-2", "ry3", "cx0-1 rx1", "rz2 cx2-0", "rx0 ry1", "ry1 cx1-3 rx3", "rx0 ry1 cx1-0 rz0"]
    paths = [path(text) for text in texts]
    energies, used = engine.extensions(prefix, values, paths)
    assert used == 1 + 1 + 3 + 3 + 3 + 9 + 9 + (1 + 3 * 3 * 2)
    for energy, extra in zip(energies, paths, strict=True):
        joined = _joined(prefix, extra)
        grid = np.array(list(itertools.product(np.linspace(-np.pi, np.pi, 13), repeat=extra.angles)))
        grid = np.hstack([np.tile(values, (len(grid), 1)), grid])
        starts = grid[np.argsort(engine.energy(joined, grid))[:3]]
        best = min(_polished(engine, joined, start, prefix.angles) for start in starts)
        assert energy == pytest.approx(best, abs=1e-9 if extra.angles < 3 else 0.3)
        assert energy >= best - 1e-9


def _joined(prefix, extra):
    codes = extra.codes.copy()
    codes[codes[:, 3] >= 0, 3] += prefix.angles
    return Program(4, np.concatenate([prefix.codes, codes]), prefix.angles + extra.angles)


def _polished(engine, joined, start, fixed):
    if len(start) == fixed:
        return engine.energy(joined, start)[0]

    def value_and_slope(x):
        energies, slopes = engine.gradient(joined, np.concatenate([start[:fixed], x]))
        return energies[0], slopes[0, fixed:]

    return minimize(value_and_slope, start[fixed:], jac=True, method="BFGS", options={"gtol": 1e-8}).fun


def test_no_paths_take_no_energies():
    energies, used = simulator(H2).extensions(program(Circuit(2)), np.zeros(0), [])
    assert (energies.shape, used) == ((0,), 0)


def test_too_many_qubits_are_refused_with_the_memory_they_would_take():
    with pytest.raises(UsageError, match=r"13 qubits cannot be simulated without noise.*256 KiB.*limit is 12"):
        simulator(Hamiltonian(13, {"Z" * 13: 1.0}))
    with pytest.raises(UsageError, match=r"9 qubits cannot be simulated with noise.*4 MiB.*limit is 8"):
        simulator(Hamiltonian(9, {"Z" * 9: 1.0}), noise(9))
    with pytest.raises(UsageError, match="describes 3 qubits, the problem has 2"):
        simulator(H2, noise(3))


def noise(qubits):
    """No noise at all, written as noise."""
    return GateNoise(
        qubits,
        np.broadcast_to(np.eye(4), (3, qubits, 4, 4)),
        np.broadcast_to(np.eye(16), (qubits, qubits, 16, 16)),
        np.tile([0.0, 1.0], (qubits, 1)),
    )


def test_numba_is_imported_when_needed_and_its_code_is_kept_between_processes():
    simulator(H2).minimise(program(circuit(2, 4)), angles(program(circuit(2, 4))), tolerance=1e-6, iterations=5)
    told = """
import sys, numpy as np
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.simulator import simulator
from automl.trainers.circuits.simulator.program import program
assert "numba" not in sys.modules
engine = simulator(Hamiltonian(2, {"XZ": 1.0}))
engine.minimise(program(Circuit(2, (gate("ry0"),))), np.zeros(1), tolerance=1e-6, iterations=5)
from automl.trainers.circuits.simulator.state_search import minimise
print(dict(minimise.stats.cache_hits), dict(minimise.stats.cache_misses))
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    hits, misses = done.stdout.split("} {")
    assert ": 1" in hits
    assert misses.strip() == "}"
