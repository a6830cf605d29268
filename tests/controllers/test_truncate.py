import pytest
from quadratics import MaskSpace, MaskTrainer

from automl.controllers.magnitude import Magnitude
from automl.controllers.truncate import Truncate
from automl.core.errors import Incompatible
from automl.core.objectives import Objectives
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow

LOSS = Objectives.parse(["min:loss"])


class MaskContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


class TestTruncateContract(MaskContract):
    @pytest.fixture
    def make(self):
        return Truncate


@pytest.mark.parametrize("controller", [Truncate, Magnitude])
def test_only_the_stages_of_the_rule_are_trained(controller):
    space = MaskSpace()
    course = follow(controller(space, LOSS, 0, seeds=1), space, MaskTrainer(), 30)
    assert course.finished
    assert [p.candidate.stage for p in course.proposals] == ["wide"] * 4 + ["plain"] * 3
    assert [p.parent for p in course.proposals[4:]] == [3, 3, 3]


def test_a_cut_is_better_than_nothing_and_magnitude_better_than_a_cut():
    space, trainer = MaskSpace(), MaskTrainer()
    losses = {
        controller: [
            r.outcome.metrics["loss"]
            for r in follow(
                controller(space, LOSS, 0, budgets=("1", "1/2", "1/4"), seeds=1), space, trainer, 30
            ).results[4:]
        ]
        for controller in (Truncate, Magnitude)
    }
    assert losses[Truncate] == sorted(losses[Truncate])
    assert losses[Magnitude][0] == losses[Truncate][0]
    assert all(m < t for m, t in zip(losses[Magnitude][1:], losses[Truncate][1:], strict=True))


def test_a_space_without_the_rule_is_refused():
    space = MaskSpace()
    space.rules = ("learned",)
    with pytest.raises(Incompatible, match="knows no rule 'truncate'; it knows learned"):
        Truncate(space, LOSS, 0)
