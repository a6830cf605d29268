import numpy as np
import pytest

from automl.controllers.surrogate import Surrogate
from automl.core.domains import Reals
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.core.space import SearchSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import drive, follow
from automl.testing.towers import TowerSpace, TowerTrainer

ACCURACY = Objectives.parse(["max:val_accuracy"])


class TestSurrogateContract(ControllerContract):
    evaluations = 15
    every = 8

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Surrogate(space, objectives, seed, startup=5)


class Bowl(SearchSpace):
    """Numbers, a name, and a question that only one of the names brings with it."""

    def build(self, choose):
        kind = choose("kind", ("round", "steep", "flat"))
        place = [choose("x", Reals(-5.0, 5.0)), choose("lr", Reals(1e-6, 1.0, log=True)), choose("width", range(8, 65))]
        return (kind, *place, choose("depth", (1, 2, 4, 8)) if kind == "steep" else 0)

    def load(self, json):
        return tuple(json)


def height(candidate):
    kind, x, lr, width, depth = candidate
    offset = {"round": 1.0, "steep": 0.0, "flat": 2.0}[kind]
    depths = abs(np.log2(depth) - 2.0) if depth else 0.0
    return -(offset + depths + (x - 1.3) ** 2 + (np.log10(lr) + 3.0) ** 2 + ((width - 40) / 16) ** 2)


def search(controller, evaluations, value=height):
    found = []
    for number in range(evaluations):
        (proposal,) = controller.ask(1, number / evaluations)
        found.append(value(proposal.candidate))
        controller.tell([Result(number, proposal, Outcome({"value": found[-1]}))])
    return found


def bowl(objectives=("max:value",), **settings):
    return Surrogate(Bowl(), Objectives.parse(list(objectives)), 0, **settings)


def test_it_finds_the_floor_of_a_bowl_with_numbers_names_and_a_conditional_question():
    assert max(search(bowl(), 60)) > -0.01


def test_the_unit_of_the_objective_and_its_height_do_not_matter():
    plain = bowl()
    search(plain, 25)
    scaled = bowl()
    search(scaled, 25, lambda candidate: 1e6 * height(candidate) + 1e3)
    one, other = plain.ask(1, 0.5)[0].candidate, scaled.ask(1, 0.5)[0].candidate
    assert one[0] == other[0]
    assert one[1:] == pytest.approx(other[1:], rel=1e-3, abs=1e-3)


def test_nothing_is_proposed_twice_while_there_is_anything_new():
    class Few(SearchSpace):
        def build(self, choose):
            return (choose("a", ("x", "y", "z")), choose("b", range(5)))

        def load(self, json):
            return tuple(json)

    controller = Surrogate(Few(), Objectives.parse(["max:value"]), 0, startup=4)
    candidates = []
    for number in range(20):
        (proposal,) = controller.ask(1, 0.0)
        candidates.append(proposal.candidate)
        controller.tell([Result(number, proposal, Outcome({"value": float(len(proposal.candidate))}))])
    assert len(set(candidates[:15])) == 15
    assert set(candidates[15:]) <= set(candidates[:15])


def test_proposals_in_flight_are_apart():
    controller = bowl(startup=5)
    search(controller, 15)
    assert len({proposal.candidate for proposal in controller.ask(6, 0.5)}) == 6


def test_a_limit_is_kept():
    objectives = Objectives.parse(["max:val_accuracy", "params<=3000"])
    controller = Surrogate(TowerSpace(), objectives, 0, startup=5)
    results = drive(controller, controller.space, TowerTrainer(), 40)
    late = [result.metrics["params"] <= 3000 for result in results[25:]]
    assert sum(late) >= 12


def test_two_objectives_get_a_front_on_both_sides():
    def value(candidate):
        return candidate[1]

    controller = Surrogate(Bowl(), Objectives.parse(["min:left", "min:right"]), 0, startup=5)
    ends = []
    for number in range(40):
        (proposal,) = controller.ask(1, 0.0)
        x = value(proposal.candidate)
        metrics = {"left": (x + 2.0) ** 2, "right": (x - 2.0) ** 2}
        ends.append(x)
        controller.tell([Result(number, proposal, Outcome(metrics))])
    inside = [x for x in ends[20:] if -2.2 <= x <= 2.2]
    assert len(inside) >= 14
    assert min(inside) < -1.0 < 1.0 < max(inside)


def test_failures_are_avoided():
    controller = bowl(startup=5)
    failed = 0
    for number in range(40):
        (proposal,) = controller.ask(1, 0.0)
        broken = proposal.candidate[0] == "steep"  # where the floor of the bowl is
        failed += broken and number >= 20
        outcome = None if broken else Outcome({"value": height(proposal.candidate)})
        error = Failure("raised", "Too steep.") if broken else None
        controller.tell([Result(number, proposal, outcome, error)])
    assert failed <= 6


def test_the_first_trials_are_the_defaults_of_the_space():
    class Known(Bowl):
        def defaults(self):
            return [{"kind": "flat", "x": 0.5}]

    first = Surrogate(Known(), Objectives.parse(["max:value"]), 0).ask(1, 0.0)[0].candidate
    assert first[:2] == ("flat", 0.5)


def test_a_space_of_one_candidate_is_searched():
    class One(SearchSpace):
        def build(self, choose):
            return (choose("only", ("this",)),)

        def load(self, json):
            return tuple(json)

    controller = Surrogate(One(), Objectives.parse(["max:value"]), 0, startup=1)
    assert search(controller, 4, lambda candidate: 0.0) == [0.0] * 4


def test_a_constant_objective_is_survived():
    assert len(set(search(bowl(startup=5), 15, lambda candidate: 1.0))) == 1


def test_what_is_not_a_number_counts_as_failed():
    controller = bowl(startup=3)
    search(controller, 12, lambda candidate: float("nan") if candidate[1] > 0.0 else height(candidate))
    assert controller.state_dict()["beliefs"]["merits"].count(None) >= 1


def test_diagnostics_say_how_noisy_the_landscape_is_believed_to_be():
    controller = Surrogate(TowerSpace(), ACCURACY, 0, startup=5)
    follow(controller, controller.space, TowerTrainer(), 20)
    assert 0.0 < controller.diagnostics()["noise"] < 1.0


def test_a_start_of_nothing_is_refused():
    with pytest.raises(UsageError, match="startup"):
        bowl(startup=0)
