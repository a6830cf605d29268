"""Space circuits as a whole: settings, check, JSON, words for people, and how fast it is."""

import json
import re
import time

import numpy as np
import pytest
from circuits_dense import circuit, spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.choices import at_random, run
from automl.core.domains import Integers, Options
from automl.core.errors import InvalidCandidate, UsageError
from automl.core.space import Bounded, Growable, Inheritable, LookAhead, Perturbable, Sequential
from automl.search_spaces.circuits import Circuit, CircuitSpace, Gate, extensions, gate

SEEDS = st.integers(0, 2**32)


def test_its_capabilities():
    space = CircuitSpace()
    assert all(isinstance(space, kind) for kind in (Sequential, Bounded, Perturbable, LookAhead, Inheritable))
    assert not isinstance(space, Growable)


@pytest.mark.parametrize("text", ["rx0", "rz11", "cx0-1", "cx10-2"])
def test_gates_are_text_and_back(text):
    assert str(gate(text)) == text


@pytest.mark.parametrize("text", ["", "rx", "rw0", "cx0", "cx0-1 ", "rx0-1", "RX0", 3, None, ["rx0"]])
def test_strange_gates_are_refused(text):
    with pytest.raises(InvalidCandidate, match="is no gate"):
        gate(text)


# Settings


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"qubits": 0}, "1 to 12, got 0"),
        ({"qubits": 13}, r"0\.5 GiB"),
        ({"qubits": 16}, "32 GiB"),
        ({"qubits": 10**6}, "got 1000000"),
        ({"max_gates": 0}, "max_gates must be one or more"),
        ({"survey_depth": 0}, "survey_depth must be one or more"),
        ({"masking": "papers"}, "masking must be one of commuting, paper, none, got 'papers'"),
        ({"symmetry": "all"}, "symmetry must be one of"),
        ({"encoding": "graph"}, "encoding must be one of"),
        ({"lower_bound": float("nan")}, "finite"),
        ({"coupling": ("0-1", "2-3")}, "does not connect qubit 2, 3 with qubit 0"),
        ({"coupling": ()}, "does not connect qubit 1, 2, 3"),
        ({"coupling": ("0-1", "1-4")}, "names qubit 4"),
        ({"coupling": ("0-1", "1-1")}, "with itself"),
        ({"coupling": ("0,1",)}, "no pair of qubits"),
        ({"coupling": ((0, 1),)}, "no pair of qubits"),
    ],
)
def test_strange_settings_are_refused_with_a_reason(setting, message):
    with pytest.raises(UsageError, match=message):
        CircuitSpace(**setting)


def test_coupling_maps_may_repeat_themselves():
    once, twice = CircuitSpace(qubits=2, coupling=("0-1",)), CircuitSpace(qubits=2, coupling=("0-1", "1 - 0"))
    assert once.alphabet() == twice.alphabet()
    assert CircuitSpace(qubits=1, coupling=()).alphabet() == CircuitSpace(qubits=1).alphabet()


def test_the_bound_is_the_setting():
    assert CircuitSpace(lower_bound=-1.99).bound() == -1.99
    assert CircuitSpace().bound() is None


# Check, load, dump


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (Circuit(3), "has 3 qubits, the space has 2"),
        (Circuit(2, tuple(gate(f"r{axis}0") for axis in "xyxyxy")), "6 gates, more than max_gates=5"),
        (Circuit(2, (Gate("rx", 2),)), "rx2 is no gate on 2 qubits"),
        (Circuit(2, (Gate("cx", 1, 1),)), "cx1-1 is no gate on 2 qubits"),
        (Circuit(2, (Gate("cx", 1),)), "is no gate"),
        (Circuit(2, (gate("rx1"), gate("rx0"))), "not in the normal order of symmetry 'commuting', which is rx0 rx1"),
        (Circuit(2, (), -1), "survey"),
    ],
)
def test_strange_circuits_are_refused_with_a_reason(candidate, message):
    with pytest.raises(InvalidCandidate, match=re.escape(message)):
        CircuitSpace(qubits=2, max_gates=5).check(candidate)


def test_qubits_that_are_not_coupled_cannot_have_a_cnot():
    space = CircuitSpace(qubits=3, coupling=("0-1", "1-2"))
    with pytest.raises(InvalidCandidate, match=r"cx2-0 joins qubits 2 and 0, which are not coupled.*0-1, 1-2"):
        space.check(circuit(space, "rx2 cx2-0"))
    with pytest.raises(InvalidCandidate, match="not coupled"):
        space.apply(circuit(space, "rx2"), gate("cx2-0"))


@pytest.mark.parametrize(
    "strange",
    [
        None,
        [],
        "rx0",
        {"qubits": 2},
        {"qubits": 2, "gates": "rx0"},
        {"qubits": "2", "gates": []},
        {"qubits": True, "gates": []},
        {"qubits": 2, "gates": ["rx9"]},
        {"qubits": 2, "gates": [7]},
        {"qubits": 2, "gates": [], "survey": -1},
        {"qubits": 2, "gates": [], "survey": 0.5},
    ],
)
def test_json_of_something_else_is_refused(strange):
    with pytest.raises(InvalidCandidate):
        CircuitSpace(qubits=2).load(strange)


def test_json_is_small():
    space = CircuitSpace(qubits=2)
    candidate = circuit(space, "rx0 cx0-1")
    assert space.dump(candidate) == {"qubits": 2, "gates": ["rx0", "cx0-1"]}
    assert space.dump(space.survey(candidate)) == {"qubits": 2, "gates": ["rx0", "cx0-1"], "survey": 1}


@settings(max_examples=40)
@given(spaces(), SEEDS)
def test_whatever_is_built_belongs_to_the_space_and_survives_json(space, seed):
    candidate, trace = run(space.build, at_random(np.random.default_rng(seed)))
    space.check(candidate)
    assert space.load(json.loads(json.dumps(space.dump(candidate)))) == candidate
    assert len(candidate.gates) == trace["gates"].value


def test_the_program_asks_for_the_number_of_gates_and_then_gate_by_gate():
    space = CircuitSpace(qubits=2, max_gates=6)
    answers = {"gates": 3, "gate0": "rx0", "gate1": "cx0-1", "gate2": "ry1"}
    candidate, trace = run(space.build, lambda name, domain, allowed: answers[name])
    assert space.key(candidate) == "rx0 cx0-1 ry1"
    assert list(trace) == list(answers)
    assert trace["gates"].domain == Integers(1, 6)
    assert trace["gate0"].domain == trace["gate2"].domain == Options(tuple(map(str, space.alphabet())))


# Words


def test_one_line_says_what_a_circuit_is():
    space = CircuitSpace()
    assert space.describe(circuit(space, "rx0 ry2 cx2-3")) == "4 qubits, 1 cx, 2 rotations, depth 2: rx0 ry2 cx2-3"
    assert space.describe(space.root()) == "4 qubits, 0 cx, 0 rotations, depth 0: no gates"
    long = CircuitSpace(masking="none").load({"qubits": 4, "gates": ["rx0", "ry0"] * 20})
    assert space.describe(long).endswith("ry0 and 16 more")
    assert len(space.describe(long)) < 160


def test_keys_are_the_gates():
    space = CircuitSpace()
    assert space.key(circuit(space, "ry2 rx0")) == "rx0 ry2"
    assert space.key(space.root()) == "-"
    assert space.key(space.survey(space.root())) == "- survey1"


# Cost


def test_it_is_cheap():
    """Order, check, dump and key of 20 gates: measured 50 microseconds, promised 150; the rest is for slow machines."""
    space = CircuitSpace(qubits=4)
    candidate = walked_to(space, 20)
    numbers = space.rules.order.numbers(candidate.gates)
    assert (
        fastest(
            lambda: (space.rules.circuit(numbers), space.check(candidate), space.dump(candidate), space.key(candidate))
        )
        < 600e-6
    )


def test_a_survey_of_two_moves_is_listed_quickly():
    """80 gates follow in 8 qubits and about 5,600 paths of two: measured 20 milliseconds."""
    candidate = walked_to(CircuitSpace(qubits=8), 20)
    assert fastest(lambda: extensions(candidate, 2), repeats=3) < 0.4


def walked_to(space, gates):
    candidate, rng = space.root(), np.random.default_rng(0)
    while len(candidate.gates) < gates:
        moves = space.moves(candidate)
        candidate = space.apply(candidate, moves[int(rng.integers(len(moves)))])
    return candidate


def fastest(what, repeats=50):
    def seconds():
        start = time.process_time()
        what()
        return time.process_time() - start

    return min(seconds() for _ in range(repeats))
