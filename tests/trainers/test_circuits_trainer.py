"""The trainer of circuits: it minimises, inherits, looks ahead, keeps noise and noiselessness apart, and hands over."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from automl.core.errors import InvalidCandidate, UsageError, WeightsError
from automl.core.trainer import Exporting, Finishing, Picturing, Remarking
from automl.registry import settings_of
from automl.search_spaces.circuits import Circuit, CircuitSpace, gate
from automl.trainers.circuits import CircuitsTrainer
from automl.trainers.circuits.bound import BoundCircuit

GRADIENTS = ("bfgs", "lbfgs")
FREE = {"cnot_price": 0.0, "gate_price": 0.0}


def circuit(text, qubits=4, survey=0):
    return Circuit(qubits, tuple(gate(word) for word in text.split()), survey)


EXACT = circuit("ry0 ry1 cx1-2 rz0 cx2-0 ry1 cx2-3")
"""It holds the ground state of `h2-4q`."""
LIH = circuit("ry1 ry3 cx3-2 ry2 cx1-0 ry0 cx2-0 ry0 ry3 cx0-2 cx2-3 ry1 ry3 ry2 ry0")


def quiet(step, metrics):
    pass


def train(trainer, candidate, *, effort=1.0, angles=None, seed=0):
    weights = None if angles is None else {"angles": np.array(angles, dtype=np.float64)}
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=quiet)


def any_circuit(rng, gates=8, qubits=4):
    space = CircuitSpace(qubits=qubits, max_gates=gates)
    candidate = space.root()
    while len(candidate.gates) < gates:
        moves = space.moves(candidate)
        candidate = space.apply(candidate, moves[rng.integers(len(moves))])
    return candidate


@pytest.fixture(scope="module")
def trainer():
    return CircuitsTrainer()


@pytest.fixture(scope="module")
def lih():
    return CircuitsTrainer("lih-4q")


@pytest.fixture(scope="module")
def noisy():
    return CircuitsTrainer(p1=1e-3, p2=5e-3)


def test_it_is_everything_an_engine_may_ask_for(trainer):
    for protocol in (Finishing, Remarking, Exporting, Picturing):
        assert isinstance(trainer, protocol)
    assert next(iter(trainer.metrics)) == "priced_energy"
    assert set(trainer.oracles) | set(trainer.trade_off) <= set(trainer.metrics)


def test_the_metrics_fit_each_other_and_the_circuit(lih):
    outcome = train(lih, LIH, seed=3)
    m = outcome.metrics
    assert list(m) == list(lih.metrics)
    assert (m["cnots"], m["gates"], m["rotations"], m["depth"]) == (5, 15, 10, LIH.depth)
    assert m["priced_energy"] - m["energy"] == pytest.approx(1e-5 * 5 + 1e-5 * 15, abs=1e-12)
    assert m["error"] == pytest.approx(m["energy"] + 7.7890888981, abs=1e-9)
    assert (m["noiseless_energy"], m["noiseless_error"]) == (m["energy"], m["error"])
    by_hand = BoundCircuit.of(LIH, outcome.weights["angles"], lih.hamiltonian).energy()
    assert m["energy"] == pytest.approx(by_hand, abs=1e-11)
    assert outcome.cost == outcome.extras["energies"] + 3 * outcome.extras["gradients"] > 0


def test_the_empty_circuit_is_measured_too(trainer):
    outcome = train(trainer, Circuit(4))
    assert outcome.metrics["energy"] == pytest.approx(BoundCircuit.of(Circuit(4), [], trainer.hamiltonian).energy())
    assert outcome.weights["angles"].shape == (0,)


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_right_circuit_reaches_the_ground_state(method):
    found = CircuitsTrainer(optimizer=method).finish(EXACT, weights=None, seed=1, report=quiet)
    assert abs(found.metrics["error"]) < 1e-9


@pytest.mark.parametrize(
    "settings", [{"optimizer": "bfgs"}, {"optimizer": "lbfgs"}, {"optimizer": "cobyla", "iterations": 40}]
)
def test_an_evaluation_never_ends_above_where_it_started(settings):
    trainer, rng = CircuitsTrainer("lih-4q", **settings), np.random.default_rng(2)
    for seed in range(10 if settings["optimizer"] == "cobyla" else 40):
        candidate = any_circuit(rng)
        angles = rng.normal(0, 1, candidate.rotations) * (rng.random(candidate.rotations) < 0.7)
        before = BoundCircuit.of(candidate, angles, trainer.hamiltonian).energy()
        after = train(trainer, candidate, angles=angles, seed=seed)
        assert after.metrics["energy"] <= before + 1e-9
        assert after.metrics["energy"] >= trainer.hamiltonian.ground_energy - 1e-9


def test_a_child_inherits_and_goes_on_below_its_parent(lih):
    space, rng = CircuitSpace(), np.random.default_rng(4)
    parent = space.root()
    outcome = train(lih, parent)
    for _ in range(15):
        moves = space.moves(parent)
        child = space.apply(parent, moves[rng.integers(len(moves))])
        weights = space.inherit(child, parent, outcome.weights)
        if child.cnots == parent.cnots:
            after = train(lih, child, angles=weights["angles"])
            assert after.metrics["energy"] <= outcome.metrics["energy"] + 1e-9
            parent, outcome = child, after


def test_new_rotations_leave_the_saddle_where_they_start():
    """X on |0> has gradient 0: without a kick no circuit could be built gate by gate."""
    trainer = CircuitsTrainer({"terms": {"ZI": 1.0, "IZ": 0.5}}, **FREE)
    outcome = train(trainer, circuit("rx0 ry1", 2), angles=[0.0, 0.0])
    assert outcome.metrics["energy"] == pytest.approx(-1.5)
    np.testing.assert_allclose(np.abs(outcome.weights["angles"]), np.pi, atol=1e-5)


def test_a_saddle_of_two_angles_takes_a_kick():
    """<XX> of two rotated qubits is the product of two sines."""
    problem = {"terms": {"XX": 1.0}}
    stuck = train(CircuitsTrainer(problem, kick=0.0), circuit("ry0 ry1", 2), angles=[0.0, 0.0])
    kicked = train(CircuitsTrainer(problem), circuit("ry0 ry1", 2), angles=[0.0, 0.0])
    assert stuck.metrics["energy"] == pytest.approx(0.0)
    assert kicked.metrics["energy"] == pytest.approx(-1.0)
    assert kicked.cost > stuck.cost


def test_angles_of_another_circuit_are_refused(trainer):
    with pytest.raises(WeightsError, match="4 angles"):
        train(trainer, EXACT, angles=[0.0] * 3)


def test_the_same_seed_gives_the_same_angles_and_another_seed_others(lih):
    first, again, other = (train(lih, LIH, seed=seed).weights["angles"] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_effort_is_iterations():
    trainer = CircuitsTrainer("lih-4q", iterations=8)
    costs = [train(trainer, LIH, effort=effort, seed=1).cost for effort in (0.25, 1.0, 4.0)]
    assert costs == sorted(set(costs))


def test_noise_drives_the_search_and_noiseless_energies_stand_beside(noisy):
    outcome = train(noisy, EXACT, seed=1)
    m = outcome.metrics
    by_hand = BoundCircuit.of(EXACT, outcome.weights["angles"], noisy.hamiltonian).energy()
    assert m["noiseless_energy"] == pytest.approx(by_hand, abs=1e-11)
    assert m["error"] > m["noiseless_error"] + 5e-3
    gradient = noisy._bench().seen.gradient
    from automl.trainers.circuits.simulator.program import program

    assert np.abs(gradient(program(EXACT), outcome.weights["angles"])[1]).max() < 1e-5


def test_a_circuit_of_another_size_is_refused():
    with pytest.raises(InvalidCandidate, match=r"2 qubits, the problem h2-4q 4"):
        train(CircuitsTrainer(), circuit("rx0", 2))


def test_depolarising_noise_shrinks_what_it_should():
    """Each Pauli with p / 3: of Z is left 1 - 4 p / 3; each of 15 pairs with p / 15: 1 - 16 p / 15."""
    trainer = CircuitsTrainer({"terms": {"ZI": 1.0}}, p1=0.03, p2=0.06)
    turned = train(trainer, circuit("rx0", 2), angles=[0.0])
    assert turned.metrics["energy"] == pytest.approx(-(1 - 0.04))
    assert turned.metrics["noiseless_energy"] == pytest.approx(-1.0)
    assert train(trainer, circuit("cx0-1", 2)).metrics["energy"] == pytest.approx(1 - 0.064)


def test_a_machine_brings_its_noise_and_its_couplings(tmp_path):
    spec = {"defaults": {"p1": 1e-3, "p2": 5e-3}, "coupling": ["0-1", "1-2", "2-3"]}
    (tmp_path / "machine.json").write_text(json.dumps(spec))
    trainer = CircuitsTrainer(noise=str(tmp_path / "machine.json"))
    plain = CircuitsTrainer(p1=1e-3, p2=5e-3)
    assert trainer.facts()["coupling"] == ["0-1", "1-2", "2-3"]
    assert trainer.facts()["symmetry"] == "wires"
    assert plain.facts()["coupling"] is None
    allowed = circuit("ry0 cx0-1 ry1")
    assert train(trainer, allowed).metrics == train(plain, allowed).metrics
    with pytest.raises(InvalidCandidate, match="cx0-2"):
        train(trainer, circuit("cx0-2"))


def test_a_survey_is_what_training_the_extensions_would_give(lih):
    space, base = CircuitSpace(), circuit("ry0 ry1 cx1-0 ry2")
    outcome = train(lih, space.survey(base), seed=1)
    look = space.outlook(base, outcome.extras)
    assert {tuple(map(str, moves)) for moves, _ in look} == {(str(move),) for move in space.moves(base)}
    plain = train(lih, base, seed=1)
    assert outcome.metrics == plain.metrics
    assert outcome.cost > plain.cost
    for (move,), predicted in look:
        child = space.apply(base, move)
        after = train(lih, child, angles=space.inherit(child, base, outcome.weights)["angles"])
        assert after.metrics["priced_energy"] <= predicted + 1e-9
        if not move.turns:
            angles = outcome.weights["angles"]
            kept = Circuit(4, (*base.gates, move))
            energy = BoundCircuit.of(kept, angles, lih.hamiltonian).energy()
            assert predicted == pytest.approx(energy + 1e-5 * 5 + 1e-5 * 2, abs=1e-10)


def test_a_deeper_survey_contains_the_shallow_one(noisy):
    base = circuit("rx0 rx1")
    one, two = (train(noisy, Circuit(4, base.gates, depth), seed=1).extras["outlook"] for depth in (1, 2))
    assert set(one) < set(two)
    assert all(two[name] == pytest.approx(value, abs=1e-9) for name, value in one.items())


@pytest.mark.parametrize("inherits", [False, True])
def test_finishing_is_tight_and_never_worse(lih, inherits):
    outcome = train(lih, LIH, effort=0.02, seed=9)
    seen = []
    done = lih.finish(
        LIH, weights=outcome.weights if inherits else None, seed=1, report=lambda step, m: seen.append((step, m))
    )
    assert done.metrics["energy"] <= outcome.metrics["energy"] + 1e-12
    assert [step for step, _ in seen] == list(range(1 if inherits else 20))
    assert seen[-1][1]["energy"] == done.metrics["energy"]
    if not inherits:
        assert done.metrics["error"] < 9.4e-4, "several starts find the best this circuit can do"


def test_the_tests_of_a_finished_circuit(trainer, noisy):
    weights = trainer.finish(EXACT, weights=None, seed=0, report=quiet).weights
    assert set(trainer.test(EXACT, weights)) == {"test_energy", "test_error"}
    assert trainer.test(EXACT, weights)["test_error"] == pytest.approx(0.0, abs=1e-9)
    tested = noisy.test(EXACT, weights)
    assert tested["test_noiseless_error"] == pytest.approx(0.0, abs=1e-9)
    assert tested["test_error"] > 5e-3


def test_a_finished_circuit_needs_neither_data_nor_simulator(trainer):
    outcome = train(trainer, EXACT, seed=1)
    facts = json.loads(json.dumps(trainer.facts()))
    model = CircuitsTrainer.load(EXACT, outcome.weights, facts)
    assert model.energy() == pytest.approx(outcome.metrics["energy"], abs=1e-11)
    files = CircuitsTrainer.files(model)
    assert set(files) == {"circuit.qasm", "circuit3.qasm", "circuit.svg", "circuit.txt", "circuit.json"}
    assert BoundCircuit.from_json(files["circuit.json"]).energy() == pytest.approx(model.energy(), abs=1e-12)
    for name in ("circuit.qasm", "circuit3.qasm"):
        again = BoundCircuit.from_qasm(files[name], model.hamiltonian)
        assert again.energy() == pytest.approx(model.energy(), abs=1e-10)
    assert CircuitsTrainer.picture(model).startswith("<svg")
    assert len(CircuitsTrainer.example(facts)) == 2


@pytest.mark.parametrize("method", ["lbfgs", "cobyla", "spsa", "adam_spsa"])
def test_every_optimiser_comes_near(method):
    best = CircuitsTrainer("h2-2q", **FREE)
    other = CircuitsTrainer("h2-2q", optimizer=method, **FREE)
    two = circuit("rx0 ry1 cx1-0 ry0", 2)
    angles = [0.3, -0.2, 0.4]
    goal = train(best, two, angles=angles).metrics["energy"]
    found = train(other, two, angles=angles)
    assert found.metrics["energy"] == pytest.approx(goal, abs=2e-3)
    assert found.metrics["energy"] == pytest.approx(
        BoundCircuit.of(two, found.weights["angles"], other.hamiltonian).energy(), abs=1e-10
    )
    assert (found.extras["gradients"] > 0) == (method == "lbfgs")


def test_backends_and_precisions_agree(lih):
    angles = np.linspace(-1, 1, LIH.rotations)
    goal = lih.test(LIH, {"angles": angles})["test_energy"]
    for settings, away in (({"backend": "numpy"}, 1e-11), ({"precision": "float32"}, 1e-4)):
        other = CircuitsTrainer("lih-4q", **settings)
        assert other.test(LIH, {"angles": angles})["test_energy"] == pytest.approx(goal, abs=away)
        assert train(other, LIH, angles=angles).metrics["energy"] < goal


def test_remarks_say_what_numbers_do_not(trainer, noisy):
    product = circuit("rx0 rx1")
    said = noisy.remarks(product, train(noisy, product, angles=[3.0, 3.0]).metrics)
    assert any("no CNOT pays" in text for text in said)
    assert any("not within chemical accuracy" in text for text in said)
    said = trainer.remarks(EXACT, trainer.finish(EXACT, weights=None, seed=0, report=quiet).metrics)
    assert [text for text in said if "within chemical accuracy" in text and "not within" not in text]
    assert not any("product state" in text for text in said)


def test_other_units_are_not_compared_with_chemistry():
    chain = CircuitsTrainer("tfim-2q")
    said = chain.remarks(circuit("ry0 cx0-1", 2), train(chain, circuit("ry0 cx0-1", 2)).metrics)
    assert not any("chemical" in text or "mHa" in text for text in said)


def test_it_travels_without_its_simulators(trainer):
    train(trainer, EXACT)
    assert len(pickle.dumps(trainer)) < 20_000
    assert train(pickle.loads(pickle.dumps(trainer)), EXACT).metrics == train(trainer, EXACT).metrics


def test_the_fingerprint_knows_problem_and_noise(trainer, noisy):
    prints = [t.fingerprint() for t in (trainer, noisy, CircuitsTrainer("h2-2q"), CircuitsTrainer(p1=1e-3))]
    assert len(set(prints)) == 4
    assert CircuitsTrainer("h2-4q").fingerprint() == trainer.fingerprint()


def test_the_paper_profile_is_cobyla_without_prices():
    profile = CircuitsTrainer.profiles["paper"]
    assert set(profile) <= set(settings_of(CircuitsTrainer))
    trainer = CircuitsTrainer("h2-2q", **profile)
    outcome = train(trainer, circuit("rx0 ry1 cx1-0 ry0", 2), seed=1)
    assert outcome.metrics["priced_energy"] == outcome.metrics["energy"]
    assert 0 < outcome.cost <= 1001


@pytest.mark.parametrize(
    "bad",
    [
        {"iterations": 0},
        {"shots": 0},
        {"tolerance": 0.0},
        {"kick": -1.0},
        {"cnot_price": -1.0},
        {"gate_price": float("nan")},
        {"optimizer": "adam"},
        {"shot_model": "poisson"},
        {"precision": "float16"},
        {"backend": "cuda"},
        {"optimizer": "bfgs", "shots": 100},
        {"noise": "qiskit:FakeMumbaiV2", "p1": 0.1},
    ],
)
def test_settings_out_of_range_are_refused_by_name(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        CircuitsTrainer(**bad)


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys; import automl.trainers.circuits;"
        "print([m for m in ('numba', 'scipy', 'torch', 'qiskit', 'pydantic') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


TWO = circuit("rx0 ry1 cx1-0 ry0", 2)


@pytest.mark.parametrize("model", ["sampled", "gaussian"])
@pytest.mark.parametrize("noise", [{}, {"p1": 1e-3, "p2": 5e-3}])
def test_shots_are_what_the_search_sees(model, noise):
    trainer = CircuitsTrainer("h2-2q", shots=20_000, shot_model=model, iterations=150, **noise, **FREE)
    exact = CircuitsTrainer("h2-2q", **noise, **FREE)
    start = [0.3, -0.2, 0.4]
    outcome = train(trainer, TWO, angles=start, seed=4)
    m, weights = outcome.metrics, outcome.weights
    assert m["energy"] != trainer.test(TWO, weights)["test_energy"]
    assert m["energy"] == pytest.approx(trainer.test(TWO, weights)["test_energy"], abs=0.03)
    assert m["noiseless_energy"] == pytest.approx(
        BoundCircuit.of(TWO, weights["angles"], trainer.hamiltonian).energy(), abs=1e-10
    )
    best = train(exact, TWO, angles=start).metrics["energy"]
    assert trainer.test(TWO, weights)["test_energy"] == pytest.approx(best, abs=0.01)
    assert outcome.cost == outcome.extras["energies"] == 302
    again = train(trainer, TWO, angles=start, seed=4)
    assert again.metrics == m
    assert any("luck" in text for text in trainer.remarks(TWO, m))


def test_cheap_stages_still_measure_every_basis():
    trainer = CircuitsTrainer("lih-4q", shots=200, iterations=5)
    assert np.isfinite(train(trainer, LIH, seed=1).metrics["energy"])


def test_what_cannot_be_measured_or_simulated_is_refused_at_once():
    with pytest.raises(UsageError, match="too few"):
        CircuitsTrainer("lih-4q", shots=3)
    with pytest.raises(UsageError, match="10 qubits"):
        CircuitsTrainer("tfim-10q", p1=0.01)
