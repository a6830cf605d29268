"""Noise of machines that Qiskit knows, against Aer; skipped where Qiskit is not installed, but for what needs none."""

import json
import sys

import numpy as np
import pytest
from circuits_evolved import energy

from automl.core.errors import MissingExtra, UnknownName, UsageError
from automl.search_spaces.circuits import Circuit, gate
from automl.trainers.circuits.noise import channels
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.noise.specification import read_noise


def test_without_qiskit_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    with pytest.raises(MissingExtra, match=r"automl-search\[quantum\]"):
        read_noise("qiskit:FakeMumbaiV2", 3)


@pytest.fixture(scope="module")
def ourense():
    pytest.importorskip("qiskit_aer")
    pytest.importorskip("qiskit_ibm_runtime")
    from automl.trainers.circuits.noise.from_qiskit import named_backend

    return named_backend("FakeOurenseV2")


def aer(circuit, angles, model, terms):
    """Return the energy of a circuit translated to rz, sx and cx, as Aer simulates it; qubits keep their numbers."""
    from qiskit import transpile
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    from automl.trainers.circuits.formats.to_qiskit import to_qiskit

    translated = to_qiskit(circuit, angles)
    translated = transpile(translated, basis_gates=["rz", "sx", "x", "cx"], optimization_level=0)
    translated.save_density_matrix(label="state")
    state = AerSimulator(method="density_matrix", noise_model=model).run(translated).result().data()["state"]
    operator = SparsePauliOp.from_list([(string[::-1], weight) for string, weight in terms.items()])
    return np.trace(np.asarray(state) @ operator.to_matrix()).real


def test_a_fake_backend_gives_the_energies_of_aer(ourense):
    from qiskit_aer.noise import NoiseModel

    from automl.trainers.circuits.noise.from_qiskit import from_backend

    machine = from_backend(ourense, 3)
    assert machine.coupling == ((0, 1), (1, 2))
    names = "rx0 ry1 cx1-0 rz0 ry2 cx1-2 rx1 cx0-1 ry0 rz2 rx2 cx2-1"
    circuit = Circuit(3, tuple(map(gate, names.split())))
    angles = [0.4, -1.3, 2.2, 0.9, -0.6, 1.9, -2.8, 0.7]
    terms = {"XXI": 0.7, "ZIZ": -0.4, "YZX": 0.9, "IZI": 1.1}
    silent = GateNoise(3, machine.noise.rotations, machine.noise.cnots, GateNoise.none(3).readout)
    expected = aer(circuit, angles, NoiseModel.from_backend(ourense), terms)
    assert energy(circuit, angles, silent, terms) == pytest.approx(expected, abs=1e-7)
    assert abs(energy(circuit, angles, GateNoise.none(3), terms) - expected) > 1e-2
    assert 0.9 < machine.noise.readout[0, 1] < 1


def test_its_record_needs_no_qiskit(ourense, monkeypatch):
    machine = read_noise("qiskit:FakeOurenseV2@3,1,4", 3)
    assert machine.coupling == ((0, 1), (0, 2))
    record = json.dumps(machine.record)
    for module in ("qiskit", "qiskit_aer", "qiskit_ibm_runtime"):
        monkeypatch.setitem(sys.modules, module, None)
    again = read_noise(record, 3)
    np.testing.assert_array_equal(again.noise.cnots, machine.noise.cnots)
    np.testing.assert_array_equal(again.noise.rotations, machine.noise.rotations)
    assert again.coupling == machine.coupling


def test_a_noise_model_of_our_own_gates_is_taken_as_it_is():
    aer_noise = pytest.importorskip("qiskit_aer.noise")
    from automl.trainers.circuits.noise.from_qiskit import from_noise_model

    model = aer_noise.NoiseModel()
    model.add_all_qubit_quantum_error(aer_noise.depolarizing_error(0.04, 1), ["rx", "ry", "rz"])
    damped = aer_noise.amplitude_damping_error(0.2).expand(aer_noise.depolarizing_error(0.1, 1))
    model.add_all_qubit_quantum_error(damped, ["cx"])
    model.add_readout_error([[0.9, 0.1], [0.3, 0.7]], [1])
    machine = from_noise_model(model, 2)
    assert machine.coupling is None
    np.testing.assert_allclose(machine.noise.rotations[2, 1], channels.depolarising(0.03), atol=1e-12)
    expected = channels.tensor(channels.amplitude_damping(0.2), channels.depolarising(0.075))
    np.testing.assert_allclose(machine.noise.cnots[1, 0], expected, atol=1e-9)
    np.testing.assert_allclose(machine.noise.readout, [[0, 1], [0.2, 0.6]], atol=1e-12)


@pytest.mark.parametrize("native", [("ecr", (0, 1)), ("cz", (1, 0)), ("cx", (1, 0))])
def test_a_cnot_is_compiled_to_what_the_pair_has(native):
    aer_noise = pytest.importorskip("qiskit_aer.noise")
    from automl.trainers.circuits.noise.from_qiskit import from_noise_model

    kind, pair = native
    model = aer_noise.NoiseModel(basis_gates=["rz", "sx", "x", kind])
    model.add_quantum_error(aer_noise.depolarizing_error(0.1, 2), [kind], list(pair))
    machine = from_noise_model(model, 2)
    assert machine.coupling == ((0, 1),)
    np.testing.assert_allclose(machine.noise.cnots[0, 1], np.diag([1.0] + [0.9] * 15), atol=1e-12)
    model.add_all_qubit_quantum_error(aer_noise.depolarizing_error(0.01, 1), ["sx"])
    more = from_noise_model(model, 2).noise.cnots[0, 1]
    assert 0.8 < np.diag(more)[1:].min() < 0.9


def test_qiskits_bad_input_is_explained(ourense):
    from automl.trainers.circuits.noise.from_qiskit import from_backend, from_noise_model

    aer_noise = pytest.importorskip("qiskit_aer.noise")
    with pytest.raises(UnknownName, match="Did you mean 'FakeOurenseV2'"):
        read_noise("qiskit:FakeOurense2", 3)
    with pytest.raises(UsageError, match="has 5 qubits"):
        from_backend(ourense, 6)
    with pytest.raises(UsageError, match="in pieces"):
        from_backend(ourense, 2, use=[0, 4])
    with pytest.raises(UsageError, match="'pulses' must be 1 or 2"):
        from_backend(ourense, 2, pulses=3)
    model = aer_noise.NoiseModel()
    model.add_all_qubit_quantum_error(aer_noise.depolarizing_error(0.1, 1), ["u3"])
    with pytest.raises(UsageError, match="errors of u3"):
        from_noise_model(model, 2)
