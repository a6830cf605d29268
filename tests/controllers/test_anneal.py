import math

import numpy as np
import pytest

from automl.controllers.anneal import Anneal
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.search_spaces.circuits import CircuitSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.trainers.circuits import CircuitsTrainer

ENERGY = Objectives.parse(["min:priced_energy"])


@pytest.fixture(scope="module")
def h2():
    return CircuitsTrainer("h2-2q", gate_price=1e-4, cnot_price=1e-4)


class TestAnnealContract(ControllerContract):
    every = 3

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Anneal(space, objectives, seed, steps=12, leaps=2, settle=5)

    @pytest.fixture
    def space(self):
        return CircuitSpace(qubits=2)

    @pytest.fixture
    def trainer(self, h2):
        return h2


class Walker:
    """A walk on circuits of six qubits, where neighbours abound; the test decides their energies."""

    def __init__(self, objectives=ENERGY, **settings):
        self.space = CircuitSpace(qubits=6)
        self.controller = Anneal(self.space, objectives, 0, **settings)
        self.told = 0

    def step(self, energy, progress=0.0, **metrics):
        (proposal,) = self.controller.ask(1, progress)
        number, self.told = self.told, self.told + 1
        outcome = None if energy is None else Outcome({"priced_energy": energy, **metrics})
        error = Failure("raised", "") if energy is None else None
        closed = self.controller.tell([Result(number, proposal, outcome, error)])
        return proposal, set(closed)


def test_a_walk_starts_at_the_root_without_weights():
    proposal, closed = Walker().step(0.0)
    assert (proposal.trial, proposal.step, proposal.parent) == (0, 0, None)
    assert proposal.candidate == CircuitSpace(qubits=6).root()
    assert not closed


def test_better_neighbours_are_followed_and_their_weights_inherited():
    walker = Walker()
    parents = [walker.step(-float(number))[0].parent for number in range(6)]
    assert parents == [None, 0, 1, 2, 3, 4]


def test_a_cold_walk_stays_where_it_is_rather_than_go_up():
    walker = Walker(hottest=1e-9, coldest=1e-9)
    walker.step(0.0)
    assert {walker.step(1.0)[0].parent for _ in range(8)} == {0}


def test_a_hot_walk_goes_anywhere():
    walker = Walker(hottest=1e9, coldest=1e9)
    parents = [walker.step(float(number))[0].parent for number in range(6)]
    assert parents == [None, 0, 1, 2, 3, 4]


def test_worse_ones_are_followed_as_often_as_metropolis_says():
    loss, temperature, followed, tries = 0.5, 1.0, 0, 600
    walker = Walker(hottest=temperature, coldest=temperature, steps=10 * tries)
    here = 0.0
    walker.step(here)
    for number in range(1, tries):
        walker.step(here + loss)
        parent = next(iter(walker.controller.parents()))
        followed, here = (followed + 1, here + loss) if parent == number else (followed, here)
    share = math.exp(-loss / temperature)
    assert abs(followed / tries - share) < 4 * math.sqrt(share * (1 - share) / tries)


def test_no_neighbour_is_proposed_twice_from_one_place():
    walker = Walker(hottest=1e-9, coldest=1e-9)
    walker.step(0.0)
    keys = [walker.space.key(walker.step(1.0)[0].candidate) for _ in range(6)]
    assert len(set(keys)) == 6


def test_a_walk_without_leaps_ends_when_all_around_has_been_tried():
    walker = Walker(hottest=1e-9, coldest=1e-9, steps=10_000, leaps=0)
    walker.step(0.0)
    closed, seen = set(), set()
    while not closed:
        proposal, closed = walker.step(1.0)
        seen.add(walker.space.key(proposal.candidate))
    assert closed == {0}
    assert len(seen) == walker.told - 1 < 10_000
    assert walker.step(0.0)[0].trial == 1


def test_a_walk_without_leaps_ends_after_its_steps_and_the_next_one_starts():
    walker = Walker(steps=4, leaps=0)
    assert [walker.step(-float(number))[1] for number in range(4)] == [set(), set(), set(), {0}]
    proposal, _ = walker.step(0.0)
    assert (proposal.trial, proposal.step, proposal.parent) == (1, 0, None)


def leaper(leaps):
    """A walk that has cooled on its first three steps, at energy -2."""
    walker = Walker(steps=3, leaps=leaps, settle=3, hottest=1e-9, coldest=1e-9)
    for number in range(3):
        walker.step(-float(number))
    return walker


def test_a_walk_that_has_cooled_leaps_and_goes_on_where_that_leads_however_bad_it_is():
    walker = leaper(5)
    leap, _ = walker.step(9.0)
    assert (leap.step, leap.parent) == (3, 2)
    assert leap.candidate.cnots >= 1
    assert walker.step(8.0)[0].parent == 3
    assert walker.step(7.0)[0].parent == 4
    assert walker.step(6.0)[0].parent == 5
    assert walker.step(9.0)[0].parent == 2, "back, as the leap led nowhere better"


def test_a_leap_that_leads_to_a_better_place_is_kept():
    walker = leaper(5)
    for energy in (9.0, 8.0, 7.0, -3.0):
        walker.step(energy)
    assert [walker.step(9.0)[0].parent for _ in range(5)] == [6, 7, 8, 9, 6]


def test_a_walk_ends_after_so_many_leaps_in_vain():
    walker = leaper(2)
    closed = [walker.step(9.0)[1] for _ in range(8)]
    assert closed == [set()] * 7 + [{0}]


def test_after_a_leap_the_walk_cools_again():
    walker = Walker(steps=2, settle=11, hottest=1.0, coldest=1e-3)
    for energy in (0.0, -1.0, 0.0):
        walker.step(energy)
    (walk,) = walker.controller._walks.values()
    seen = []
    for _ in range(10):
        walker.step(9.0)
        seen.append(walk.temperature)
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == pytest.approx(0.1)
    assert seen[-1] == pytest.approx(0.1 * 0.01 ** (9 / 11))


def test_a_failed_leap_is_tried_again():
    walker = leaper(5)
    walker.step(None)
    assert walker.step(9.0)[0].parent == 2


def test_the_walk_that_the_budget_cuts_short_cools_in_time():
    walker = Walker(steps=1000, hottest=1.0, coldest=1e-3)
    walker.step(0.0, progress=0.5)
    (walk,) = walker.controller._walks.values()
    walker.controller.ask(1, 0.75)
    assert walk.temperature == pytest.approx(math.sqrt(1e-3))
    walker.controller.tell([])
    walk.pending = False
    walker.controller.ask(1, 1.0)
    assert walk.temperature == pytest.approx(1e-3)


def test_limits_come_before_the_objective():
    walker = Walker(Objectives.parse(["min:priced_energy", "cnots<=1"]), hottest=1e9, coldest=1e9)
    walker.step(0.0, cnots=0.0)
    walker.step(-5.0, cnots=3.0)
    assert walker.step(0.0, cnots=0.0)[0].parent == 0


def test_a_failed_neighbour_is_passed_over_and_a_failed_root_ends_the_walk():
    walker = Walker()
    walker.step(0.0)
    walker.step(None)
    assert walker.step(-1.0)[0].parent == 0
    assert Walker().step(None)[1] == {0}


def test_several_places_walk_side_by_side():
    controller = Anneal(CircuitSpace(qubits=2), ENERGY, 0)
    assert [p.trial for p in controller.ask(3, 0.0)] == [0, 1, 2]


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"settle": 0}, {"leaps": -1}, {"hottest": 1e-6}, {"coldest": 0.0}, {"hottest": math.inf}]
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(UsageError):
        Anneal(CircuitSpace(qubits=2), ENERGY, 0, **bad)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_the_ground_state_of_hydrogen(h2, seed):
    space = CircuitSpace(qubits=2)
    course = follow(Anneal(space, ENERGY, seed, steps=300), space, h2, 300)
    best = min((r for r in course.results if r.outcome), key=lambda r: r.outcome.metrics["priced_energy"])
    assert best.outcome.metrics["error"] < 1e-8
    assert best.outcome.metrics["cnots"] <= 1
    assert np.isfinite(best.outcome.cost)
