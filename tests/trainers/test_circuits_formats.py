"""Finished circuits: their state and energy, the formats of other tools, and drawings."""

import json
import math
import pickle
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidCandidate, MissingExtra, UnknownName, UsageError
from automl.search_spaces.circuits import Circuit, Gate, gate
from automl.trainers.circuits.bound import BoundCircuit
from automl.trainers.circuits.formats.known_gates import KNOWN
from automl.trainers.circuits.formats.layers import short
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
TERMS = {"ZIX": 0.4, "XYI": -0.7, "YZZ": 1.1, "IIY": 0.3, "III": -2.0}


def bound(names, angles=(), qubits=3, terms=None):
    hamiltonian = None if terms is None else Hamiltonian(qubits, terms)
    return BoundCircuit.of(Circuit(qubits, tuple(map(gate, names.split()))), angles, hamiltonian)


@st.composite
def circuits(draw, qubits=3, most=12):
    single = st.builds(Gate, st.sampled_from(["rx", "ry", "rz"]), st.integers(0, qubits - 1))
    pairs = st.permutations(range(qubits)).map(lambda order: Gate("cx", order[0], order[1]))
    gates = draw(st.lists(single | pairs, max_size=most))
    angle = st.floats(-20, 20) | st.sampled_from([0.0, 1e-9, -1e-17, math.pi, math.pi / 2, 1e12])
    count = sum(each.turns for each in gates)
    return BoundCircuit.of(Circuit(qubits, tuple(gates)), draw(st.lists(angle, min_size=count, max_size=count)))


def dense(terms):
    """Return the matrix of a Hamiltonian, by Kronecker products from the left."""
    total = 0
    for string, weight in terms.items():
        matrix = np.ones((1, 1))
        for letter in string:
            matrix = np.kron(matrix, PAULIS[letter])
        total = total + weight * matrix
    return total


def unitary(each, angle, qubits):
    """Return the matrix of one gate: a rotation, or (1 + Z_c + X_t - Z_c X_t) / 2."""

    def string(letters):
        return "".join(letters.get(qubit, "I") for qubit in range(qubits))

    if each.turns:
        pauli = dense({string({each.qubit: each.kind[1].upper()}): 1.0})
        return math.cos(angle / 2) * np.eye(2**qubits) - 1j * math.sin(angle / 2) * pauli
    c, t = each.wires
    return dense({string({}): 0.5, string({c: "Z"}): 0.5, string({t: "X"}): 0.5, string({c: "Z", t: "X"}): -0.5})


# State and energy


@settings(max_examples=40)
@given(circuits())
def test_state_and_energy_are_those_of_dense_matrices(found):
    state, rest = np.eye(8)[0], iter(found.angles)
    for each in found.circuit.gates:
        state = unitary(each, next(rest) if each.turns else 0.0, 3) @ state
    np.testing.assert_allclose(found.state(), state, atol=1e-12)
    assert found.energy(TERMS) == pytest.approx((state.conj() @ dense(TERMS) @ state).real, abs=1e-12)


def test_qubit_zero_is_the_most_significant_bit():
    np.testing.assert_allclose(np.abs(bound("rx0", [math.pi]).state()), np.eye(8)[4], atol=1e-15)
    np.testing.assert_allclose(np.abs(bound("rx0 cx0-2", [math.pi]).state()), np.eye(8)[5], atol=1e-15)


def test_its_own_hamiltonian_is_the_default():
    found = bound("ry0 cx0-1", [0.5], terms={"ZZI": 1.0, "ZII": 2.0})
    assert found.energy() == pytest.approx(1 + 2 * math.cos(0.5))
    assert found.energy({"IZI": 1.0}) == pytest.approx(math.cos(0.5))
    assert found.energy(Hamiltonian(3, {"XXI": 1.0})) == pytest.approx(math.sin(0.5))
    with pytest.raises(UsageError, match="without a Hamiltonian"):
        bound("").energy()
    with pytest.raises(UsageError, match="'ZZ' is no Pauli string"):
        found.energy({"ZZ": 1.0})


def test_it_is_frozen_comparable_and_travels():
    found = bound("ry0 cx0-1", np.array([0.5]))
    assert found == bound("ry0 cx0-1", [0.5]) != bound("ry0 cx0-1", [0.6])
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(AttributeError):
        found.angles = ()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: bound("ry0", []), UsageError, "1 rotations, but 0 angles"),
        (lambda: bound("ry0", [math.nan]), UsageError, "not finite"),
        (lambda: bound("ry3", [0.1]), InvalidCandidate, "ry3 is no gate of a circuit with 3 qubits"),
        (lambda: bound("cx1-1"), InvalidCandidate, "cx1-1 is no gate"),
        (lambda: bound("", terms={"ZZZZ": 1.0}), UsageError, "no Pauli string"),
    ],
)
def test_what_is_no_circuit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# OpenQASM and JSON


@given(circuits())
def test_programs_and_json_read_back_exactly(found):
    assert BoundCircuit.from_qasm(found.qasm2()) == found
    assert BoundCircuit.from_qasm(found.qasm3()) == found
    assert BoundCircuit.from_json(found.to_json()) == found


@given(circuits())
def test_version_2_keeps_its_grammar(found):
    """A real has a point before its exponent; each statement ends with a semicolon."""
    real = r"-?\d+\.\d*(e[-+]?\d+)?"
    statement = re.compile(rf"r[xyz]\({real}\) q\[\d\];|cx q\[\d\], q\[\d\];")
    head, *body = found.qasm2().splitlines()[:3], *found.qasm2().splitlines()[3:]
    assert head == ["OPENQASM 2.0;", 'include "qelib1.inc";', "qreg q[3];"]
    assert all(statement.fullmatch(line) for line in body)
    assert len(body) == len(found.circuit.gates)


def test_json_keeps_the_hamiltonian():
    found = bound("ry0", [0.5], terms={"ZZI": 1.0})
    assert BoundCircuit.from_json(found.to_json()).energy() == found.energy()
    assert json.loads(found.to_json())["gates"] == ["ry0"]


PROGRAM = """
OPENQASM 2.0;
include "qelib1.inc";
// two registers, and one comment
qreg a[2]; qreg b[1]; creg c[2];
h a;            /* on both */
cx a[0], b[0];
rx(-pi/4 + 1e-3) a[1];
u3(0.3, 2*pi/3, -(0.2)) b[0];
barrier a;
CX a, b[0];
"""


def test_a_program_of_plain_gates_is_read():
    found = BoundCircuit.from_qasm(PROGRAM)
    assert " ".join(map(str, found.circuit.gates)) == "ry0 rx0 ry1 rx1 cx0-2 rx1 rz2 ry2 rz2 cx0-2 cx1-2"
    half = math.pi / 2
    expected = [half, math.pi, half, math.pi, -math.pi / 4 + 1e-3, -0.2, 0.3, 2 * math.pi / 3]
    np.testing.assert_allclose(found.angles, expected)


MATRICES = {
    "id": np.eye(2),
    **{name: PAULIS[name.upper()] for name in "xyz"},
    **{name: np.diag([1, turn]) for name, turn in {"s": 1j, "sdg": -1j, "t": 1j**0.5, "tdg": (-1j) ** 0.5}.items()},
    "h": np.array([[1, 1], [1, -1]]) / math.sqrt(2),
    "sx": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "sxdg": np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
    "p(0.7)": np.diag([1, np.exp(0.7j)]),
    "u2(0.3,1.1)": np.array([[1, -np.exp(1.1j)], [np.exp(0.3j), np.exp(1.4j)]]) / math.sqrt(2),
    "U(0.8,0.3,1.1)": np.array(
        [
            [math.cos(0.4), -np.exp(1.1j) * math.sin(0.4)],
            [np.exp(0.3j) * math.sin(0.4), np.exp(1.4j) * math.cos(0.4)],
        ]
    ),
    "cz": np.diag([1, 1, 1, -1]),
    "swap": np.eye(4)[[0, 2, 1, 3]],
    "cnot": np.eye(4)[[0, 1, 3, 2]],
}


@pytest.mark.parametrize("name", MATRICES)
def test_known_gates_are_their_matrices_up_to_a_phase(name):
    matrix = MATRICES[name]
    qubits = len(matrix) // 2
    operands = ", ".join(f"q[{qubit}]" for qubit in range(qubits))
    found = BoundCircuit.from_qasm(f"OPENQASM 3.0; qubit[{qubits}] q; {name} {operands};")
    total, rest = np.eye(2**qubits), iter(found.angles)
    for each in found.circuit.gates:
        total = unitary(each, next(rest) if each.turns else 0.0, qubits) @ total
    assert abs(np.trace(matrix.conj().T @ total)) == pytest.approx(2**qubits)


def test_every_known_gate_is_tested():
    synonyms = {"u": "U", "u3": "U", "u1": "p", "phase": "p", "cx": "cnot", "CX": "cnot"}
    tested = {name.partition("(")[0] for name in MATRICES} | {"rx", "ry", "rz"}
    assert {synonyms.get(name, name) for name in KNOWN} == tested


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("measure a -> c;", "no measurements.*Remove them"),
        ("bit[2] c = measure a;", "no measurements"),
        ("reset a[0];", "no resets"),
        ("gate foo q { x q; }", "no definitions of gates"),
        ("if (c == 1) x a[0];", "no classical control"),
        ("ctrl @ x a[0], a[1];", "no modifiers"),
        ("input float t;", "no parameters without a value"),
        ("rx a[0];", r"takes 1 angle\(s\), here it has 0"),
        ("rx(theta) a[0];", "'theta' is no angle"),
        ("rx(1/0) a[0];", "'1/0' is no angle"),
        ("rx(1e999) a[0];", "not finite"),
        ("rx(2**9) a[0];", "no angle"),
        ("rx(__import__('os')) a[0];", "no angle"),
        ("x a[2];", r"'a\[2\]' does not exist: 'a' has 2 qubits"),
        ("x d;", r"'d' is no qubit.*a\[2\]"),
        ("cx a[0], a[0];", "one qubit twice"),
        ("cx a[0];", "acts on 2 qubits, here on 1"),
        ("qreg b[3]; cx a, b;", "different sizes"),
        ("qreg a[3];", "declared twice"),
        ("x a[0]", "does not end with a semicolon"),
        ("@@;", "Cannot read the statement '@@'"),
    ],
)
def test_what_cannot_be_represented_is_named(statement, message):
    with pytest.raises(UsageError, match=message):
        BoundCircuit.from_qasm(f"OPENQASM 2.0; qreg a[2]; {statement}")


def test_unknown_gates_suggest_the_nearest():
    with pytest.raises(UnknownName, match=r"'ccx'. Did you mean 'cx'.*Decompose"):
        BoundCircuit.from_qasm("OPENQASM 2.0; qreg a[3]; ccx a[0], a[1], a[2];")


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (BoundCircuit.from_qasm, "qreg q[2];", "no OpenQASM program"),
        (BoundCircuit.from_qasm, "OPENQASM 3.0;", "declares no qubits"),
        (BoundCircuit.from_json, "{", "no JSON"),
        (BoundCircuit.from_json, "[]", "is no circuit"),
        (BoundCircuit.from_json, '{"format": "automl-circuit", "version": 9}', "version 9"),
        (BoundCircuit.from_json, '{"format": "automl-circuit", "version": 1, "qubits": 2}', "lacks 'gates'"),
        (
            BoundCircuit.from_json,
            '{"format": "automl-circuit", "version": 1, "qubits": 2, "gates": 3, "angles": []}',
            "damaged",
        ),
    ],
)
def test_other_files_are_refused(read, text, message):
    with pytest.raises(UsageError, match=message):
        read(text)


# Drawings


def test_angles_are_short():
    pi = math.pi
    shown = [short(angle) for angle in (0.0, pi, -pi / 2, 3 * pi / 4, 2 * pi / 3, -2 * pi, 1e-5, 0.3, -1.2345)]
    assert shown == ["0", "π", "−π/2", "3π/4", "2π/3", "−2π", "0", "0.300", "−1.234"]
    assert short(math.pi / 2 + 1e-3) == "1.572"
    assert short(-1e12) == "−1e+12"


def test_a_drawing_is_what_it_says():
    found = bound("ry0 cx0-2 rz1 cx2-1 rx2", [math.pi / 2, 0.3, -1.0])
    assert found.draw().splitlines() == [
        "q0 ──RY(π/2)─●─────────────────────────",
        "             │",
        "q1 ──────────┼─RZ(0.300)─⊕─────────────",
        "             │           │",
        "q2 ──────────⊕───────────●─RX(−1.000)──",
    ]
    assert str(found) == found.draw()


@given(circuits(most=20), st.integers(30, 90))
def test_drawings_keep_their_width_and_all_gates(found, width):
    text = found.draw(width)
    assert max(map(len, text.splitlines())) <= width
    gates = found.circuit
    assert text.count("R") == gates.rotations
    assert text.count("●") == text.count("⊕") == gates.cnots


@given(circuits(most=20), st.integers(200, 1200))
def test_pictures_are_well_formed_and_hold_all_gates(found, width):
    root = ElementTree.fromstring(found.svg(width))
    space = "{http://www.w3.org/2000/svg}"
    across, down = int(root.get("width")), int(root.get("height"))
    assert across <= width
    assert len(root.findall(f".//{space}rect")) == found.circuit.rotations
    assert len(root.findall(f".//{space}circle")) == 2 * found.circuit.cnots
    for row in root.findall(f"{space}g"):
        left, top = map(int, re.findall(r"\d+", row.get("transform")))
        for box in row.iter(f"{space}rect"):
            assert left + int(box.get("x")) + int(box.get("width")) <= across
            assert top + int(box.get("y")) + int(box.get("height")) <= down


def test_no_gate_stands_under_the_line_of_another():
    found = bound("cx0-2 rx1", [1.0])
    first, second = (found.draw().splitlines()[2].index(mark) for mark in "┼R")
    assert first < second


def test_empty_circuits_are_drawn():
    assert bound("").draw().startswith("q0 ────")
    assert ElementTree.fromstring(bound("")._repr_svg_()).get("role") == "img"


# Other libraries


@pytest.mark.parametrize(("package", "method"), [("qiskit", "to_qiskit"), ("pennylane", "to_pennylane")])
def test_without_them_the_extra_is_named(package, method, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"automl-search\[quantum\]"):
        getattr(bound("ry0", [0.1]), method)()


EXAMPLE = ("ry0 cx0-1 rx1 rz2 cx2-0 ry2 rz0 cx1-2 rx0", [0.7, -1.3, 2.1, 0.4, -0.9, 1.8])


def test_qiskit_has_the_same_energy():
    pytest.importorskip("qiskit")
    from qiskit import qasm2
    from qiskit.quantum_info import SparsePauliOp, Statevector

    found = bound(*EXAMPLE, terms=TERMS)
    operator = SparsePauliOp.from_list([(string[::-1], weight) for string, weight in TERMS.items()])
    for circuit in (found.to_qiskit(), qasm2.loads(found.qasm2(), strict=True)):
        energy = Statevector(circuit).expectation_value(operator).real
        assert energy == pytest.approx(found.energy(), abs=1e-10)
    back = BoundCircuit.from_qasm(qasm2.dumps(found.to_qiskit()))
    assert back.energy(TERMS) == pytest.approx(found.energy(), abs=1e-10)


def test_qiskit_reads_version_3():
    pytest.importorskip("qiskit")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit import qasm3

    found = bound(*EXAMPLE)
    assert qasm3.loads(found.qasm3()) == found.to_qiskit()


def test_pennylane_has_the_same_energy():
    qml = pytest.importorskip("pennylane")
    found = bound(*EXAMPLE, terms=TERMS)
    ansatz = found.to_pennylane()
    words = [qml.pauli.string_to_pauli_word(string, wire_map={0: 0, 1: 1, 2: 2}) for string in TERMS]

    @qml.qnode(qml.device("default.qubit", wires=3))
    def energy(*angles):
        ansatz(*angles)
        return qml.expval(qml.Hamiltonian(list(TERMS.values()), words))

    assert float(energy()) == pytest.approx(found.energy(), abs=1e-10)
    other = [0.1] * 6
    assert float(energy(other)) == pytest.approx(bound(EXAMPLE[0], other).energy(TERMS), abs=1e-10)
    with pytest.raises(UsageError, match="6 angles"):
        ansatz([0.1])
