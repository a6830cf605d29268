import pytest
from quadratics import MaskSpace, MaskTrainer

from automl.controllers.mde import Mde
from automl.core.objectives import Objectives
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow


class TestMdeContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def make(self):
        return Mde

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


def test_one_proposal_per_budget():
    space = MaskSpace()
    course = follow(Mde(space, Objectives.parse(["min:loss"]), 0, seeds=1), space, MaskTrainer(), 30)
    assert course.finished
    assert [p.candidate.kept for p in course.proposals] == [(0, 4, 8, 12), (0, 8), (0,)]
    assert {p.choices["rule"].value for p in course.proposals} == {"mde"}
