import pytest

from automl.controllers.evolution import Evolution
from automl.core.choices import replay, run
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Outcome, Result
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.testing.towers import TowerSpace, TowerTrainer

ACCURACY = Objectives.parse(["max:val_accuracy"])


class TestEvolutionContract(ControllerContract):
    every = 3

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Evolution(space, objectives, seed, population=6, sample=3)


def refuse(name, domain, allowed):
    raise AssertionError(f"{name} was not replayed")


def test_a_child_is_one_of_the_last_candidates_with_one_choice_changed():
    controller = Evolution(TowerSpace(), ACCURACY, 0, population=5, sample=2)
    proposals = follow(controller, controller.space, TowerTrainer(), 40).proposals
    for i, child in enumerate(proposals[5:], start=5):
        recent = [proposal.choices for proposal in proposals[i - 5 : i]]
        changes = [
            [name for name in parent if name in child.choices and parent[name] != child.choices[name]]
            for parent in recent
        ]
        assert any(len(changed) == 1 for changed in changes)
        assert child.candidate not in [proposals[i - 1 - k].candidate for k in range(5)]


def test_the_choices_of_a_proposal_build_its_candidate():
    controller = Evolution(TowerSpace(), ACCURACY, 0, population=4, sample=2)
    for proposal in follow(controller, controller.space, TowerTrainer(), 20).proposals:
        assert run(controller.space.build, replay(proposal.choices, refuse))[0] == proposal.candidate


def test_the_population_is_the_most_recent_successes():
    controller = Evolution(TowerSpace(), ACCURACY, 0, population=4, sample=2)
    course = follow(controller, controller.space, TowerTrainer(), 20, faults=lambda i: "fail" if i % 4 == 1 else None)
    scores = [result.metrics["val_accuracy"] for result in course.results if result.outcome]
    assert [one["score"][0] for one in controller.state_dict()["alive"]] == scores[-4:]


def parents(objectives, metrics):
    """Let a population of two, the second with these metrics, breed; return whose blocks the children have."""
    controller = Evolution(TowerSpace(), Objectives.parse(objectives), 0, population=2, sample=2)
    first, second = controller.ask(2, 0.0)
    usual = {"val_accuracy": 0.5, "params": 1000.0}
    controller.tell(
        [Result(0, first, Outcome(usual)), Result(1, second, Outcome(usual | metrics))],
    )
    shared = {
        tuple(sum(child.choices.get(name) == choice for name, choice in p.choices.items()) for p in (first, second))
        for child in controller.ask(5, 0.0)
    }
    return {"first" if one > two else "second" for one, two in shared}


def test_the_better_breeds():
    assert parents(["max:val_accuracy"], {"val_accuracy": 0.6}) == {"second"}
    assert parents(["max:val_accuracy"], {"val_accuracy": 0.4}) == {"first"}
    assert parents(["min:params"], {"params": 999.0}) == {"second"}
    assert parents(["max:val_accuracy", "min:params"], {"val_accuracy": 0.6, "params": 900.0}) == {"second"}


def test_limits_come_before_objectives():
    beyond = {"val_accuracy": 0.9, "params": 1001.0}
    assert parents(["max:val_accuracy", "params<=1000"], beyond) == {"first"}
    assert parents(["max:val_accuracy", "params<=900"], {"val_accuracy": 0.1, "params": 950.0}) == {"second"}


@pytest.mark.parametrize("settings", [{"population": 1}, {"sample": 0}, {"population": 5, "sample": 6}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError):
        Evolution(TowerSpace(), ACCURACY, 0, **settings)
