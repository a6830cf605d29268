"""Energies from shots: groups of terms, distributions of bit strings, means and variances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import UsageError
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import gate
from automl.trainers.circuits.noise.channels import GateNoise, confusion, depolarising
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.shots import Shots
from automl.trainers.circuits.shots_groups import groups, split
from automl.trainers.circuits.simulator.pauli_reference import PauliReference
from automl.trainers.circuits.simulator.program import Program, program
from automl.trainers.circuits.simulator.state_reference import StateReference

HAMILTONIAN = Hamiltonian(
    3, {"III": -1.5, "ZZI": 0.7, "IZZ": -0.4, "XXI": 0.5, "YIY": -0.3, "XIX": 0.2, "IYI": 0.6, "ZII": 0.1}
)
GATES = ["ry0", "rx1", "cx0-1", "rz1", "ry2", "cx1-2", "rx2", "ry1", "cx2-0", "rz0", "rx0"]
CODE = program(Circuit(3, tuple(gate(text) for text in GATES)))
ANGLES = np.linspace(-2.0, 2.5, CODE.angles)
SHOTS, REPEATS = 600, 1500


def noise() -> GateNoise:
    """Return noise of the gates, and of a readout that differs from qubit to qubit and favours 0."""
    return GateNoise(
        3,
        np.tile(depolarising(0.02), (3, 3, 1, 1)),
        np.tile(depolarising(0.05, qubits=2), (3, 3, 1, 1)),
        np.array([confusion(0.02, 0.08), confusion(0.0, 0.1), confusion(0.05, 0.05)]),
    )


def exact(code: Program, machine: GateNoise | None) -> float:
    """Return the energy without shots."""
    reference = StateReference(HAMILTONIAN) if machine is None else PauliReference(HAMILTONIAN, machine)
    return float(reference.energy(code, ANGLES)[0])


@pytest.mark.parametrize("machine", [None, noise()], ids=["perfect", "noisy"])
@pytest.mark.parametrize("model", ["sampled", "gaussian"])
def test_mean_and_variance_are_exact(machine: GateNoise | None, model: str) -> None:
    shots = Shots(HAMILTONIAN, machine, shots=SHOTS, model=model, backend="numpy")  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    found = np.array([shots.energy(CODE, ANGLES, rng) for _ in range(REPEATS)])
    deviation = shots.deviation(CODE, ANGLES)
    assert abs(found.mean() - exact(CODE, machine)) < 4 * deviation / math.sqrt(REPEATS)
    assert found.std() == pytest.approx(deviation, rel=4 / math.sqrt(2 * REPEATS))


def test_the_published_model_has_the_coefficients_as_deviations() -> None:
    shots = Shots(HAMILTONIAN, shots=100, model="gaussian", backend="numpy")
    squares = sum(value**2 for string, value in HAMILTONIAN.terms.items() if string != "III")
    assert shots.deviation(CODE, ANGLES) == pytest.approx(math.sqrt(squares / 100))
    assert shots.deviation(CODE, ANGLES, share=0.25) == pytest.approx(2 * math.sqrt(squares / 100))


def test_variance_of_one_term_is_that_of_a_coin() -> None:
    """A lone Z on RY(a)|0>: each shot is 1 or -1 with mean cos a, so the variance is sin^2 a / shots."""
    shots = Shots(Hamiltonian(1, {"Z": 2.0}), shots=50, backend="numpy")
    code = program(Circuit(1, (gate("ry0"),)))
    assert shots.deviation(code, np.array([0.7])) == pytest.approx(2 * math.sin(0.7) / math.sqrt(50))
    assert shots.energy(code, np.array([0.0]), np.random.default_rng(0)) == 2.0


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
def test_distributions_have_the_exact_mean(seed: int, qubits: int, noisy: bool) -> None:
    rng = np.random.default_rng(seed)
    hamiltonian = Hamiltonian(
        qubits, {"".join(rng.choice(list("IXYZ"), qubits)): float(rng.normal()) for _ in range(9)}
    )
    texts = [f"{rng.choice(['rx', 'ry', 'rz'])}{rng.integers(qubits)}" for _ in range(10)]
    texts[5:6] = ["cx{}-{}".format(*rng.choice(qubits, 2, replace=False))] if qubits > 1 else []
    code = program(Circuit(qubits, tuple(gate(text) for text in texts)))
    angles = rng.uniform(-3, 3, code.angles)
    machine = GateNoise.depolarising(qubits, 0.01, 0.1) if noisy else None
    shots, terms = Shots(hamiltonian, machine, shots=100, backend="numpy"), groups(hamiltonian)
    chances = shots.probabilities(code, angles)
    assert np.allclose(chances.sum(axis=1), 1)
    assert (chances >= 0).all()
    reference = StateReference(hamiltonian) if machine is None else PauliReference(hamiltonian, machine)
    mean = terms.constant + float((chances * terms.values).sum())
    assert mean == pytest.approx(float(reference.energy(code, angles)[0]), abs=1e-12)


def test_a_group_is_measured_in_one_basis() -> None:
    found = groups(HAMILTONIAN)
    assert found.constant == -1.5
    assert found.weights.sum() == pytest.approx(2.8)
    assert len(found.bases) < len(HAMILTONIAN.terms) - 1
    assert found.bases.min() >= 1
    # every term is the mean of its group's values against its own signs
    for string, value in HAMILTONIAN.terms.items():
        if string != "III":
            mask = sum(4 >> k for k, letter in enumerate(string) if letter != "I")
            signs = 1.0 - 2.0 * (np.bitwise_count(np.arange(8) & mask) & 1)
            fits = [all(c in ("I", "IXYZ"[b]) for c, b in zip(string, basis, strict=True)) for basis in found.bases]
            assert np.isclose((found.values @ signs / 8)[fits], value).any()


def test_shots_are_split_by_weight_and_none_is_lost() -> None:
    assert split(102, np.array([3.0, 1.0])).tolist() == [76, 26]
    counts = split(1000, np.array([5.0, 3.0, 1e-9]))
    assert counts.sum() == 1000
    assert counts[2] == 1
    assert counts[0] / counts[1] == pytest.approx(5 / 3, rel=0.01)


def test_same_generator_same_estimate() -> None:
    shots = Shots(HAMILTONIAN, noise(), shots=SHOTS, backend="numpy")
    first, again, other = (shots.energy(CODE, ANGLES, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_both_backends_sample_the_same_distribution() -> None:
    compiled, plain = (Shots(HAMILTONIAN, noise(), shots=SHOTS, backend=backend) for backend in ("auto", "numpy"))
    np.testing.assert_allclose(
        compiled.probabilities(CODE, ANGLES), plain.probabilities(CODE, ANGLES), rtol=0, atol=1e-14
    )


def test_too_few_shots_are_refused() -> None:
    with pytest.raises(UsageError, match="too few"):
        Shots(HAMILTONIAN, shots=2, backend="numpy")
    shots = Shots(HAMILTONIAN, shots=20, backend="numpy")
    with pytest.raises(UsageError, match="at least"):
        shots.energy(CODE, ANGLES, np.random.default_rng(0), share=0.1)


def test_a_hamiltonian_of_the_identity_needs_no_shots() -> None:
    shots = Shots(Hamiltonian(3, {"III": 2.0}), shots=5, backend="numpy")
    assert shots.energy(CODE, ANGLES, np.random.default_rng(0)) == 2.0
    assert shots.deviation(CODE, ANGLES) == 0.0
