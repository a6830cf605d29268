"""Noise of circuits: matrices of channels, specifications, and machines that Qiskit knows."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from circuits_evolved import ONE, X, Z, energy
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import InvalidCandidate, UnknownName, UsageError
from automl.search_spaces.circuits import Circuit, gate
from automl.trainers.circuits.noise import channels
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.noise.kraus import checked, from_kraus, paulis
from automl.trainers.circuits.noise.specification import read_noise

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "circuits-noise.md"
probability = st.floats(0, 1)


def decay(p):
    return [np.diag([1, np.sqrt(1 - p)]), np.array([[0, np.sqrt(p)], [0, 0]])]


# Channels


@given(probability)
def test_channels_are_those_of_their_kraus_operators(p):
    kept = np.sqrt(1 - p)
    np.testing.assert_allclose(channels.bit_flip(p), from_kraus([kept * ONE, np.sqrt(p) * X]), atol=1e-14)
    np.testing.assert_allclose(channels.phase_flip(p), from_kraus([kept * ONE, np.sqrt(p) * Z]), atol=1e-14)
    np.testing.assert_allclose(channels.amplitude_damping(p), from_kraus(decay(p)), atol=1e-14)
    for qubits in (1, 2):
        identity, *errors = paulis(qubits)
        kraus = [kept * identity, *(np.sqrt(p / len(errors)) * error for error in errors)]
        np.testing.assert_allclose(channels.depolarising(p, qubits=qubits), from_kraus(kraus), atol=1e-14)


@given(probability, probability)
def test_the_control_is_the_slow_factor(p, q):
    both = [np.kron(a, b) for a in decay(p) for b in (np.sqrt(1 - q) * ONE, np.sqrt(q) * Z)]
    product = channels.tensor(channels.amplitude_damping(p), channels.phase_flip(q))
    np.testing.assert_allclose(product, from_kraus(both), atol=1e-14)


def test_channels_compose_in_the_order_they_act():
    both = channels.compose([channels.amplitude_damping(0.3), channels.bit_flip(0.2)])
    np.testing.assert_allclose(both, channels.bit_flip(0.2) @ channels.amplitude_damping(0.3))
    assert np.abs(both - channels.compose([channels.bit_flip(0.2), channels.amplitude_damping(0.3)])).max() > 0.05
    np.testing.assert_array_equal(channels.compose([], qubits=2), np.eye(16))


@given(st.floats(1, 100), st.floats(0.01, 2), st.floats(0, 50), probability)
def test_relaxation_is_a_channel_and_a_semigroup(t1, share, time, excited):
    half = channels.relaxation(t1, share * t1, time / 2, excited=excited)
    whole = channels.relaxation(t1, share * t1, time, excited=excited)
    np.testing.assert_allclose(half @ half, whole, atol=1e-12)
    checked(whole, "relaxation")


def test_relaxation_decays_with_t1_and_dephases_with_t2():
    matrix = channels.relaxation(100.0, 50.0, 100.0)
    excited, plus = [1, 0, 0, -1], [1, 1, 0, 0]
    assert (1 - (matrix @ excited)[3]) / 2 == pytest.approx(np.exp(-1))
    assert (matrix @ plus)[1] == pytest.approx(np.exp(-2))
    assert (channels.relaxation(1.0, 1.0, 1e9, excited=0.2) @ plus)[3] == pytest.approx(0.6)
    np.testing.assert_array_equal(channels.relaxation(np.inf, np.inf, 5.0), np.eye(4))


@given(probability, probability, probability)
def test_readout_is_the_confusion_of_zero_and_one(one_for_zero, zero_for_one, ones):
    offset, factor = channels.confusion(one_for_zero, zero_for_one)
    read_zero = (1 - ones) * (1 - one_for_zero) + ones * zero_for_one
    assert offset + factor * (1 - 2 * ones) == pytest.approx(2 * read_zero - 1, abs=1e-12)


def test_qiskits_parameter_mixes_in_the_mixed_state():
    for qubits, everything in ((1, 4), (2, 16)):
        p = channels.from_qiskit_parameter(0.3, qubits=qubits)
        expected = np.diag([1.0] + [0.7] * (everything - 1))
        np.testing.assert_allclose(channels.depolarising(p, qubits=qubits), expected)


def test_quick_forms():
    noise = GateNoise.depolarising(3, 0.03, 0.15)
    assert noise.rotations.shape == (3, 3, 4, 4)
    assert noise.cnots.shape == (3, 3, 16, 16)
    np.testing.assert_allclose(noise.rotations[2, 1], np.diag([1, 0.96, 0.96, 0.96]))
    assert noise.cnots[0, 2, 7, 7] == pytest.approx(0.84)
    np.testing.assert_array_equal(GateNoise.none(2).cnots[1, 0], np.eye(16))
    np.testing.assert_array_equal(noise.readout, [[0, 1]] * 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: channels.depolarising(-0.1), "between 0 and 1, got -0.1"),
        (lambda: channels.bit_flip(1.5), "bit flip must be between 0 and 1"),
        (lambda: channels.phase_flip(float("nan")), "between 0 and 1, got nan"),
        (lambda: channels.confusion(0.1, 2), r"p\(0\|1\) must be between"),
        (lambda: channels.relaxation(1.0, 2.1, 1.0), "T2 is at most 2 T1"),
        (lambda: channels.relaxation(1.0, 1.0, -1.0), "duration >= 0"),
        (lambda: GateNoise.depolarising(2, 0.1, 1.1), "between 0 and 1, got 1.1"),
        (lambda: from_kraus([0.9 * ONE]), "loses trace"),
        (lambda: from_kraus([np.eye(3)]), r"\(K, 2, 2\) or \(K, 4, 4\)"),
        (lambda: checked(np.diag([1, 1, 1, -1]), "it"), "not completely positive"),
        (lambda: checked(np.diag([0.999, 1, 1, 1]), "it"), "loses trace"),
        (lambda: checked([["a"]], "it"), "real numbers"),
    ],
)
def test_what_is_no_channel_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


# Specifications


@pytest.fixture(scope="module")
def example():
    """The example of the guide."""
    text = re.search(r"<!-- example -->\n```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(text[1])


def test_the_example_says_what_the_guide_says(example):
    machine = read_noise(example, 4)
    noise = machine.noise
    assert machine.coupling == ((0, 1), (1, 2), (1, 3))
    np.testing.assert_allclose(noise.readout, [[0, 0.96], [0, 0.96], [0.04, 0.94], [0, 0.96]])
    usual = channels.relaxation(110e3, 90e3, 36) @ channels.depolarising(3e-4)
    np.testing.assert_allclose(noise.rotations[:, 0], [usual] * 3, atol=1e-14)
    own = channels.relaxation(110e3, 60e3, 36) @ channels.depolarising(5e-4)
    np.testing.assert_allclose(noise.rotations[1, 2], own, atol=1e-14)

    def cnot(p2, nanoseconds):
        waits = channels.relaxation(110e3, 90e3, nanoseconds)
        return channels.tensor(waits, waits) @ channels.depolarising(p2, qubits=2)

    np.testing.assert_allclose(noise.cnots[0, 1], cnot(0.008, 400), atol=1e-14)
    np.testing.assert_allclose(noise.cnots[1, 0], cnot(0.008, 440), atol=1e-14)
    np.testing.assert_allclose(noise.cnots[1, 3], cnot(0.012, 400), atol=1e-14)
    np.testing.assert_allclose(noise.cnots[3, 1], cnot(0.012, 400), atol=1e-14)


def test_a_file_its_text_and_its_content_are_the_same(example, tmp_path):
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(example), encoding="utf-8")
    first = read_noise(file, 4)
    for given_as in (str(file), json.dumps(example), example, first.record):
        again = read_noise(given_as, 4)
        np.testing.assert_array_equal(again.noise.cnots, first.noise.cnots)
        assert again.record == json.loads(json.dumps(first.record))


RECORDED = {
    "defaults": {
        **{"p1": 3e-3, "bit_flip": 0.004, "phase_flip": 0.006, "amplitude_damping": 0.01},
        **{"rotation_ns": 360, "cnot_ns": 4000, "readout": 0.02, "t1_us": 110, "t2_us": 90},
    },
    "qubits": {
        "1": {"t1_us": 80, "t2_us": 120},
        "2": {"p1": 5e-3, "t1_s": 95e-6, "t2_s": 60e-6, "readout": [0.01, 0.05]},
    },
    "pairs": {"0-1": {"p2": 8e-3}, "2-1": {"p2": 12e-3}, "1>0": {"cnot_ns": 7000}},
}


def test_energies_are_those_of_aer():
    """Computed with qiskit-aer 0.18.2: density matrix of a NoiseModel of the same channels, then confused readout.

    Qiskit drops Kraus operators below 1e-8 where it composes errors, so it agrees no better than that.
    """
    names = "ry0 rx1 cx0-1 rz1 ry2 cx2-1 cx1-0 rx0 ry1"
    circuit = Circuit(3, tuple(map(gate, names.split())))
    angles = [0.7, -1.1, 0.4, 2.0, 0.9, -0.3]
    terms = {"ZII": 0.3, "XYI": -0.7, "ZZZ": 0.5, "IXZ": 1.1, "YIX": 0.2}
    noise = read_noise(RECORDED, 3).noise
    assert energy(circuit, angles, noise, terms) == pytest.approx(-0.06878255450795143, abs=1e-8)
    perfect = GateNoise(3, noise.rotations, noise.cnots, GateNoise.none(3).readout)
    assert energy(circuit, angles, perfect, terms) == pytest.approx(-0.09830382174129497, abs=1e-8)


def test_a_larger_machine_lends_the_qubits_in_use(example):
    machine = read_noise({**example, "use": [2, 1, 3]}, 3)
    whole = read_noise(example, 4)
    assert machine.coupling == ((0, 1), (1, 2))
    np.testing.assert_array_equal(machine.noise.rotations, whole.noise.rotations[:, [2, 1, 3]])
    np.testing.assert_array_equal(machine.noise.cnots[1, 2], whole.noise.cnots[1, 3])


def test_virtual_rz_has_no_noise_and_a_pair_overrides_flips():
    content = {
        "defaults": {"p1": 0.1, "virtual_rz": True, "bit_flip": 0.1},
        "pairs": {"0-1": {"bit_flip": 0.0, "p2": 0.2}},
    }
    noise = read_noise(content, 3).noise
    np.testing.assert_array_equal(noise.rotations[2], [np.eye(4)] * 3)
    assert noise.rotations[1, 0, 1, 1] < 1
    np.testing.assert_allclose(noise.cnots[1, 0], channels.depolarising(0.2, qubits=2))
    np.testing.assert_allclose(noise.cnots[1, 2], channels.tensor(channels.bit_flip(0.1), channels.bit_flip(0.1)))


def test_given_matrices_are_taken_as_they_are():
    damping = channels.amplitude_damping(0.3)
    both = channels.tensor(damping, np.eye(4))
    content = {
        "qubits": {"1": {"rotation_ptm": dict.fromkeys(("rx", "ry", "rz"), damping.tolist())}},
        "pairs": {"0>1": {"cnot_ptm": both.tolist()}},
    }
    noise = read_noise(content, 2).noise
    np.testing.assert_array_equal(noise.rotations[:, 1], [damping] * 3)
    np.testing.assert_array_equal(noise.cnots[0, 1], both)
    np.testing.assert_array_equal(noise.cnots[1, 0], np.eye(16))


def test_a_machine_refuses_cnots_between_qubits_that_are_not_coupled(example):
    machine = read_noise(example, 4)
    machine.check(Circuit(4, (gate("cx1-0"), gate("cx0-1"))))
    with pytest.raises(InvalidCandidate, match=r"cannot run cx0-2.*0-1, 1-2, 1-3"):
        machine.check(Circuit(4, (gate("rx0"), gate("cx0-2"))))
    read_noise({}, 3).check(Circuit(3, (gate("cx0-2"),)))


def wrong(**entries):
    return {"defaults": entries}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wrong(p1=-0.1), r"'defaults.p1'.*greater than or equal to 0, got -0.1"),
        (wrong(p2=1.1), r"'defaults.p2'.*less than or equal to 1"),
        (wrong(p1="0.1"), "valid number, got '0.1'"),
        (wrong(p1=True), "valid number"),
        (wrong(p1=float("nan")), "finite|greater"),
        (wrong(t1_us=0), "greater than 0"),
        (wrong(readout=1.2), r"'defaults.readout'.*one probability, or two"),
        (wrong(readout=[0.1]), "one probability, or two"),
        (wrong(t1_us=10, t2_us=21, rotation_ns=1, cnot_ns=1), "qubit 0: T2 is at most 2 T1"),
        (wrong(t1_us=10, rotation_ns=1), "both T1 and T2"),
        (wrong(t1_us=10, t2_us=10, cnot_ns=1), "without 'rotation_ns'"),
        (wrong(t1_us=10, t2_us=10, rotation_ns=1), "pair 0-1: .*without 'cnot_ns'"),
        (wrong(t1_us=10, t1_s=1.0), "both given"),
        (wrong(cnot_ptm=[[1.0]]), "'cnot_ptm' must be a 16 x 16 matrix, it has 1 rows"),
        (wrong(cnot_ptm=[[0.5] * 16] * 16), "loses trace"),
        (wrong(rotation_ptm={"rx": [[1.0]], "ry": [[1.0]]}), "'defaults.rotation_ptm.rz'.*required"),
        ({"qubits": {"3": {"p1": 0.1}}}, r"'qubits' names '3', but the qubits are 0, 1, 2\..*\"use\""),
        ({"qubits": {"01": {"p1": 0.1}}}, "'qubits' names '01'"),
        ({"pairs": {"0-3": {"p2": 0.1}}}, "'pairs' names '0-3'"),
        ({"pairs": {"1-1": {"p2": 0.1}}}, "no pair of qubits"),
        ({"pairs": {"0-1": {}, "1-0": {}}}, "in both orders"),
        ({"pairs": {"0-2": {}}, "coupling": ["0-1", "1-2"]}, "not in 'coupling'"),
        ({"coupling": ["0-1"]}, "in pieces: no path of CNOTs leads from qubit 0 to 2"),
        ({"coupling": []}, "in pieces"),
        ({"coupling": ["0-1", "1-2", "2-3"]}, "'coupling' names 2-3"),
        ({"coupling": ["0:1"]}, "'0:1' is no pair"),
        ({"coupling": ["0-1", "1-2", "2-5"], "use": [0, 2, 5]}, "in pieces.* from qubit 0 to 2, 5"),
        ({"use": [0, 1]}, "'use' must name 3 different qubits"),
        ({"use": [0, 1, 1]}, "'use' must name 3 different qubits"),
        ("no/such/file.json", "Cannot read the noise specification no/such/file.json"),
        ("{]", "is not JSON"),
        ("qiskit:", "qiskit:FakeMumbaiV2"),
        ("qiskit:FakeMumbaiV2@0,x", "is no machine"),
    ],
)
def test_bad_specifications_are_explained(content, message):
    with pytest.raises(UsageError, match=message):
        read_noise(content, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"default": {}}, "'default'. Did you mean 'defaults'.*top level"),
        (wrong(T1=100), "t1_us or t1_s"),
        (wrong(bitflip=0.1), "Did you mean 'bit_flip'"),
        ({"qubits": {"0": {"p2": 0.1}}}, r"Unknown entry 'p2'.*\(in qubits.0"),
        ({"pairs": {"0-1": {"cnot_us": 1}}}, "Did you mean 'cnot_ns'"),
        ({"qiskit": "FakeMumbaiV2", "pulse": 1}, "Did you mean 'pulses'"),
    ],
)
def test_unknown_entries_suggest_the_nearest(content, message):
    with pytest.raises(UnknownName, match=message):
        read_noise(content, 3)


def test_a_list_is_no_specification(tmp_path):
    file = tmp_path / "list.json"
    file.write_text("[1]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"must be a JSON object.*holds a list"):
        read_noise(file, 2)
