import numpy as np
import pytest

from automl.controllers.random import Random
from automl.core.choices import at_random, run
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.space import SearchSpace
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow
from automl.testing.towers import TowerSpace, TowerTrainer

ACCURACY = Objectives.parse(["max:val_accuracy"])


class TestRandomContract(ControllerContract):
    @pytest.fixture
    def make(self):
        return Random


class TestRandomGrowthContract(ControllerContract):
    evaluations = 20

    @pytest.fixture
    def make(self):
        return lambda space, objectives, seed: Random(space, objectives, seed, source="grow", edits="any*3")


def grow(edits, **settings):
    controller = Random(TowerSpace(), ACCURACY, 1, source="grow", edits=edits)
    return follow(controller, controller.space, TowerTrainer(), 12, **settings).proposals


def test_growth_starts_from_the_trained_root_every_time():
    root, *children = grow("widen*4,deepen*5")
    assert root.candidate == TowerSpace().root()
    assert root.parent is None
    assert {child.parent for child in children} == {0}


def test_growth_follows_the_plan_in_its_order():
    for child in grow("widen*4,deepen*5")[1:]:
        edits = [choice.value for name, choice in child.choices.items() if name.endswith("/edit")]
        assert edits == ["widen"] * 4 + ["deepen"] * 5
        assert sum(len(block) for block in child.candidate.blocks) == 4 + 5


def test_a_number_of_edits_leaves_their_kind_to_chance():
    kinds = {
        tuple(choice.value for name, choice in child.choices.items() if name.endswith("/edit"))
        for child in grow("any*3")[1:]
    }
    assert len(kinds) > 3
    assert all(len(kind) == 3 for kind in kinds)


def test_the_root_is_trained_once_although_places_are_free():
    proposals = grow("any*2", workers=4)
    assert [proposal.parent for proposal in proposals].count(None) == 1


def test_a_lost_root_is_trained_again():
    proposals = grow("any*2", workers=4, faults=lambda number: "lose" if number == 0 else None)
    assert [proposal.parent for proposal in proposals[:3]] == [None, None, 1]


@pytest.mark.parametrize("edits", ["", "widen*0", "*3", "widen*2 deepen", "widenn*2"])
def test_a_schedule_of_edits_that_cannot_be_read_is_refused(edits):
    with pytest.raises(UsageError, match=r"schedule|Did you mean"):
        Random(TowerSpace(), ACCURACY, 0, source="grow", edits=edits)


class _Flat(SearchSpace):
    def build(self, choose):
        return choose("x", (1, 2))

    def load(self, json):
        return json


def test_a_space_that_cannot_grow_is_refused_for_growth():
    with pytest.raises(Incompatible, match="grow"):
        Random(_Flat(), ACCURACY, 0, source="grow")


def test_a_space_with_defaults_is_searched_from_them():
    from automl.controllers.bayesian import Bayesian
    from automl.controllers.evolution import Evolution

    class Known(TowerSpace):
        def defaults(self):
            return [{name: choice.value for name, choice in wanted.items()}]

    _, wanted = run(TowerSpace().build, at_random(np.random.default_rng(5)))
    for kind in (Random, Evolution, Bayesian):
        first, second = kind(Known(), ACCURACY, 1).ask(2, 0.0)
        assert {name: choice.value for name, choice in first.choices.items()} == Known().defaults()[0]
        assert second.candidate != first.candidate
