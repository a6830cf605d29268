import pytest

from automl.controllers.greedy import Greedy
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Result
from automl.search_spaces.circuits import CircuitSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.trainers.circuits import CircuitsTrainer

ENERGY = Objectives.parse(["min:priced_energy"])


@pytest.fixture(scope="module")
def h2():
    return CircuitsTrainer("h2-2q")


class TestGreedyContract(ControllerContract):
    every = 3

    @pytest.fixture
    def make(self):
        return Greedy

    @pytest.fixture
    def space(self):
        return CircuitSpace(qubits=2)

    @pytest.fixture
    def trainer(self, h2):
        return h2


class Construction:
    """A construction on two qubits; the test decides energies and what the extensions promise."""

    def __init__(self, **settings):
        self.space = CircuitSpace(qubits=2)
        self.controller = Greedy(self.space, ENERGY, 0, **settings)
        self.told = 0

    def step(self, energy, promised=None):
        (proposal,) = self.controller.ask(1, 0.0)
        number, self.told = self.told, self.told + 1
        outlook = {str(move): energy for move in self.space.moves(proposal.candidate)}
        outlook.update(promised or {})
        outcome = Outcome({"priced_energy": energy}, extras={"outlook": outlook})
        return proposal, set(self.controller.tell([Result(number, proposal, outcome)]))


def texts(proposal):
    return [str(gate) for gate in proposal.candidate.gates]


def test_every_proposal_asks_for_its_extensions():
    construction = Construction()
    assert all(construction.step(-float(number))[0].candidate.survey == 1 for number in range(4))


def test_the_first_trial_takes_what_promises_most():
    construction = Construction()
    construction.step(0.0, {"rx0": -0.1, "ry1": -0.3, "rx1": -0.2})
    proposal, _ = construction.step(-0.3)
    assert texts(proposal) == ["ry1"]
    assert (proposal.trial, proposal.step, proposal.parent) == (0, 1, 0)


def test_later_trials_draw_among_what_promises_nearly_as_much():
    construction = Construction(choice=0.5, patience=1)
    taken = set()
    for _ in range(30):
        construction.step(0.0, {"rx0": -0.1, "ry1": -0.3, "rx1": -0.2})
        proposal, closed = construction.step(0.0)
        assert closed == {proposal.trial}
        taken.add(texts(proposal)[0])
        if proposal.trial == 0:
            assert texts(proposal) == ["ry1"]
    assert taken == {"ry1", "rx1"}


def test_where_nothing_gains_it_goes_on_for_a_while_then_the_trial_ends():
    construction = Construction(patience=3)
    closings = [construction.step(0.0)[1] for _ in range(4)]
    assert closings == [set(), set(), set(), {0}]


def test_where_nothing_gains_it_takes_any():
    construction = Construction()
    promised = {"rx0": 0.05, "ry0": 0.08, "rx1": 0.3, "ry1": 0.3}
    taken = set()
    for _ in range(40):
        construction.step(0.0, promised)
        taken.add(texts(construction.step(1.0)[0])[0])
        construction.controller._open.clear()
    assert taken == {str(move) for move in construction.space.moves(construction.space.root())}


def test_a_full_candidate_ends_the_trial():
    construction = Construction()
    construction.space = construction.controller.space = CircuitSpace(qubits=2, max_gates=1)
    construction.step(0.0, {"rx0": -0.1})
    assert construction.step(-0.1)[1] == {0}


@pytest.mark.parametrize("bad", [{"choice": -0.1}, {"choice": 1.1}, {"patience": 0}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(UsageError):
        Greedy(CircuitSpace(qubits=2), ENERGY, 0, **bad)


def test_it_finds_the_ground_state_of_hydrogen(h2):
    space = CircuitSpace(qubits=2)
    course = follow(Greedy(space, ENERGY, 0), space, h2, 200)
    assert min(r.outcome.metrics["error"] for r in course.results if r.outcome) < 1e-8
