import pytest
from quadratics import MaskSpace, MaskTrainer

from automl.controllers.pep import Pep
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow

LOSS = Objectives.parse(["min:loss"])


class TestPepContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def make(self):
        return Pep

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


def course(trainer=None, *, drive=None, **settings):
    space = MaskSpace()
    controller = Pep(space, LOSS, 0, **{"seeds": 1, **settings})
    return controller, follow(controller, space, trainer or MaskTrainer(), 80, **(drive or {}))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_budget_is_proposed_as_soon_as_what_is_kept_fits(workers):
    controller, done = course(budgets=("1/2", "1/4", "2"), drive={"workers": workers})
    assert done.finished
    kept = {r.id: r.outcome.extras for r in done.results if r.proposal.trial == 0}
    for proposal in (p for p in done.proposals if p.trial):
        name = proposal.choices["budget"].value
        measure, most = ("size", 2.0) if name == "2" else ("share", {"1/2": 0.5, "1/4": 0.25}[name])
        first = next(number for number, extras in kept.items() if extras[measure] <= most)
        assert proposal.parent == first
        assert len(proposal.candidate.kept) == {"1/2": 8, "1/4": 4, "2": 2}[name]
    assert [p.choices["budget"].value for p in done.proposals if p.trial] == ["1/2", "1/4", "2"]
    assert set(controller.diagnostics()) == {"segments"}
    assert sorted(done.closed) == [0, 1, 2, 3]
    assert not controller.parents()


def test_the_run_goes_on_beside_its_plans():
    _, done = course(drive={"workers": 3})
    both = [event for event in done.events if hasattr(event, "proposals") and len(event.proposals) > 1]
    assert any({p.trial == 0 for p in event.proposals} == {True, False} for event in both)


def test_budgets_never_reached_are_named():
    controller, done = course(budgets=("3/4", "1/16"), segments=8)
    assert [p.trial for p in done.proposals].count(0) == 8
    assert set(controller.diagnostics()) == {"segments", "unreached/pep/1/16"}
    assert done.finished
    assert 0 in done.closed


def test_a_failing_run_names_what_it_did_not_reach():
    controller, done = course(budgets=("1/4",), drive={"faults": lambda n: "fail" if n in (1, 2) else None})
    assert [p.parent for p in done.proposals] == [None, 0, 0]
    assert set(controller.diagnostics()) == {"segments", "unreached/pep/1/4"}


def test_sizes_need_a_trainer_that_reports_them():
    with pytest.raises(UsageError, match=r"does not report the size that is kept.*budgets=1/4"):
        course(MaskTrainer(reports_size=False), budgets=("8",))
    _, done = course(MaskTrainer(reports_size=False), budgets=("1/2",))
    assert done.finished
