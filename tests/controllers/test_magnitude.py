import pytest
from quadratics import MaskSpace, MaskTrainer

from automl.controllers.magnitude import Magnitude
from automl.core.objectives import Objectives
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow


class TestMagnitudeContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def make(self):
        return Magnitude

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


def test_the_largest_are_kept():
    space, trainer = MaskSpace(), MaskTrainer()
    course = follow(Magnitude(space, Objectives.parse(["min:loss"]), 0, budgets=("1/2",), seeds=1), space, trainer, 30)
    importance = course.results[3].outcome.extras["importance"]
    kept = course.proposals[-1].candidate.kept
    assert min(importance[i] for i in kept) >= max(importance[i] for i in range(16) if i not in kept)
