import pytest
from quadratics import MaskSpace, MaskTrainer

from automl.controllers.mde import Mde
from automl.controllers.uniform import Uniform
from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow

LOSS = Objectives.parse(["min:loss"])


class TestUniformContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def make(self):
        return Uniform

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


def test_a_grid_from_large_to_small_trained_from_scratch():
    space = MaskSpace()
    controller = Uniform(space, LOSS, 0, seeds=1)
    course = follow(controller, space, MaskTrainer(), 30, workers=2)
    assert course.finished
    assert [len(p.candidate.kept) for p in course.proposals] == [16, 8, 4, 2, 1]
    assert all(p.parent is None and p.choices["rule"].value == "uniform" for p in course.proposals)
    assert [p.choices["budget"].value for p in course.proposals] == ["1", "1/2", "1/4", "1/8", "1/16"]
    assert controller.diagnostics() == {"too_small/uniform/1/32": 1.0}
    losses = [result.outcome.metrics["loss"] for result in course.results]
    assert losses == sorted(losses)


def test_budgets_all_too_small_are_an_error():
    with pytest.raises(UsageError, match=r"No budget is large enough.*1 coordinates are the least"):
        Uniform(MaskSpace(), LOSS, 0, budgets=("1/32",)).ask(1, 0.0)


def test_a_space_without_the_rule_of_thumb_is_refused():
    space = MaskSpace()
    space.thumbs = ("mde",)
    with pytest.raises(Incompatible, match="knows no rule 'uniform'; it knows mde"):
        Uniform(space, LOSS, 0)
    assert [p.candidate.kept for p in Mde(space, LOSS, 0).ask(9, 0.0)] == [(0, 4, 8, 12), (0, 8), (0,)]
