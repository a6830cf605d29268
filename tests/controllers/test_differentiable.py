import numpy as np
import pytest
from quadratics import SIDE, Mask, MaskSpace, MaskTrainer

from automl.controllers._dnis.budgets import parse_budgets
from automl.controllers.differentiable import Differentiable
from automl.core.errors import Incompatible, InvalidCandidate, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Failure, Outcome, Result
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow

LOSS = Objectives.parse(["min:loss", "min:size"])


class TestDifferentiableContract(ControllerContract):
    draws, ends = False, True

    @pytest.fixture
    def make(self):
        return Differentiable

    @pytest.fixture
    def space(self):
        return MaskSpace()

    @pytest.fixture
    def trainer(self):
        return MaskTrainer()


def course(trainer=None, *, space=None, evaluations=40, drive=None, **settings):
    space = space or MaskSpace()
    controller = Differentiable(space, LOSS, 0, **{"seeds": 1, **settings})
    return controller, follow(controller, space, trainer or MaskTrainer(), evaluations, **(drive or {}))


def stages(course):
    return [p.candidate.stage for p in course.proposals if p.trial == 0]


def found(course):
    """Losses by budget and rule."""
    return {
        (r.proposal.choices["budget"].value, r.proposal.choices["rule"].value): r.outcome.metrics["loss"]
        for r in course.results
        if r.proposal.trial and r.outcome
    }


def test_the_relaxed_run_comes_first_and_then_a_trial_per_budget_and_rule():
    _, done = course()
    assert done.finished
    assert stages(done) == ["wide"] * 4 + ["soft"] * 4
    assert [p.parent for p in done.proposals[:8]] == [None, *range(7)]
    plans = [p for p in done.proposals if p.trial]
    assert [(p.trial, p.step, p.effort) for p in plans] == [(n, 0, 1.0) for n in range(1, 10)]
    assert [(p.choices["budget"].value, p.choices["rule"].value) for p in plans] == [
        (budget, rule) for budget in ("1/4", "1/8", "1/16") for rule in ("learned", "truncate", "magnitude")
    ]
    assert [len(p.candidate.kept) for p in plans] == [4] * 3 + [2] * 3 + [1] * 3
    assert {p.choices["rule"].value: p.parent for p in plans} == {"learned": 7, "truncate": 3, "magnitude": 3}
    assert done.closed == list(range(10))


def test_what_was_learned_beats_the_cheap_cut_and_chance_on_a_real_problem():
    losses, trainer, rng = found(course(budgets=("1/2", "1/4", "1/8"))[1]), MaskTrainer(), np.random.default_rng(0)
    for budget, size in (("1/2", 8), ("1/4", 4), ("1/8", 2)):
        masks = [Mask(tuple(sorted(rng.permutation(SIDE)[:size].tolist()))) for _ in range(50)]
        chance = [trainer.train(m, effort=1.0, weights=None, seed=0, report=None).metrics["loss"] for m in masks]
        assert losses[budget, "learned"] < 0.9 * losses[budget, "truncate"]
        assert losses[budget, "learned"] < np.quantile(chance, 0.1)


def test_plans_run_side_by_side_and_segments_do_not():
    _, done = course(drive={"workers": 4})
    sizes = [len(event.proposals) for event in done.events if hasattr(event, "proposals") and event.proposals]
    assert sizes == [1] * 8 + [4, 4, 1]


def test_controls_can_be_chosen():
    assert {rule for _, rule in found(course(controls=())[1])} == {"learned"}
    assert {rule for _, rule in found(course(controls=("magnitude",))[1])} == {"learned", "magnitude"}
    with pytest.raises(UsageError, match="'pep' is no control of 'learned'"):
        Differentiable(MaskSpace(), LOSS, 0, controls=("pep",))
    with pytest.raises(Incompatible, match="knows no rule 'magnitud'"):
        Differentiable(MaskSpace(), LOSS, 0, controls=("magnitud",))


def test_a_wide_stage_that_nobody_reads_is_forgotten():
    for controls, kept in (((), set()), (("truncate",), {3})):
        _, done = course(controls=controls)
        asked = [event for event in done.events if hasattr(event, "parents")]
        assert asked[6].parents == kept | {5}
        assert asked[8].parents == kept | {7}
        assert asked[-1].parents == set()


def test_a_stage_ends_after_so_many_segments():
    assert stages(course(segments=2)[1]) == ["wide"] * 2 + ["soft"] * 2


def test_a_stage_is_cut_short_so_that_the_budgets_get_their_share():
    _, done = course(MaskTrainer(settles_after=99), evaluations=20)
    # of 20 evaluations the stages may use 0.3 each; the progress known is that before the segment
    assert stages(done) == ["wide"] * 7 + ["soft"] * 6
    assert len(found(done)) == 7
    assert (
        stages(course(MaskTrainer(settles_after=99), evaluations=20, relaxed_share=0.2)[1])
        == ["wide"] * 3 + ["soft"] * 2
    )


def test_a_failed_segment_is_repeated_once():
    _, done = course(drive={"faults": lambda n: "fail" if n in (2, 6) else None})
    assert stages(done) == ["wide"] * 5 + ["soft"] * 5
    assert [p.parent for p in done.proposals[:10]] == [None, 0, 1, 1, 3, 4, 5, 5, 7, 8]
    assert [p.step for p in done.proposals[:10]] == list(range(10))
    assert len(found(done)) == 9


@pytest.mark.parametrize(
    ("failing", "rules", "untrained"),
    [
        ({2, 3}, {"truncate", "magnitude"}, {"untrained/learned/1/4"}),
        ({6, 7}, {"learned", "truncate", "magnitude"}, set()),
        ({0, 1}, set(), {f"untrained/{rule}/1/4" for rule in ("learned", "truncate", "magnitude")}),
    ],
)
def test_a_run_that_fails_twice_ends_with_what_there_is(failing, rules, untrained):
    controller, done = course(budgets=("1/4",), drive={"faults": lambda n: "fail" if n in failing else None})
    assert done.finished
    assert {rule for _, rule in found(done)} == rules
    assert set(controller.diagnostics()) == {"segments"} | untrained
    assert 0 in done.closed


def test_a_late_segment_is_ignored():
    space, trainer = MaskSpace(), MaskTrainer()
    controller = Differentiable(space, LOSS, 0)
    (first,) = controller.ask(1, 0.0)
    (again,) = controller.ask(1, 0.0)
    assert (again.step, again.candidate) == (1, first.candidate)
    outcome = trainer.train(first.candidate, effort=1.0, weights=None, seed=0, report=None)
    assert not controller.tell([Result(0, first, outcome)])
    assert not controller.parents()
    controller.tell([Result(1, again, outcome)])
    assert controller.parents() == {1}


def test_budgets_too_small_are_left_out_and_named():
    controller, done = course(space=MaskSpace(least=2), budgets=("1/8", "1/16", "1"))
    assert {budget for budget, _ in found(done)} == {"1/8", "1"}
    assert {name for name in controller.diagnostics() if name != "segments"} == {
        f"too_small/{rule}/1/16" for rule in ("learned", "truncate", "magnitude")
    }


def test_a_rule_that_names_another_reason_is_left_out_for_it():
    class Silent(InvalidCandidate):
        reason = "unmeasured"

    class Space(MaskSpace):
        def discretise(self, relaxed, extras, budget, rule):
            if rule == "magnitude":
                raise Silent("Nobody measured it.")
            return super().discretise(relaxed, extras, budget, rule)

    controller, _ = course(space=Space(), budgets=("1/4",))
    assert {name for name in controller.diagnostics() if name != "segments"} == {"unmeasured/magnitude/1/4"}


def test_budgets_all_too_small_are_an_error():
    with pytest.raises(UsageError, match=r"No budget is large enough.*2 coordinates are the least"):
        course(space=MaskSpace(least=2), budgets=("1/16",))


def test_a_failed_plan_is_a_closed_trial():
    controller = Differentiable(MaskSpace(), LOSS, 0, segments=1, budgets=("1/4",), controls=())
    extras = {"importance": [1.0] * SIDE}
    for number in range(2):
        (segment,) = controller.ask(1, 0.0)
        controller.tell([Result(number, segment, Outcome({"loss": 1.0, "size": 16.0}, extras=extras))])
    (plan,) = controller.ask(3, 0.0)
    assert list(controller.tell([Result(2, plan, error=Failure("raised", "no"))])) == [1]
    assert not controller.ask(3, 0.0)


@pytest.mark.parametrize("settings", [{"segments": 0}, {"relaxed_share": 0.0}, {"budgets": ()}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError):
        Differentiable(MaskSpace(), LOSS, 0, **settings)


def test_budgets_are_shares_numbers_and_bytes():
    assert parse_budgets(("1/4", "0.125", 0.5, "4096", "42kB", " 4MB", "2KiB", 7)) == {
        "1/4": 0.25, "0.125": 0.125, "0.5": 0.5, "4096": 4096, "42kB": 42_000, "4MB": 4e6, "2KiB": 2048, "7": 7.0,
    }  # fmt: skip
    for wrong in ("1/0", "0", "-1", "many", "4 TB", "nan", ""):
        with pytest.raises(UsageError, match="is not a budget"):
            parse_budgets((wrong,))
    with pytest.raises(UsageError, match="different"):
        parse_budgets(("1/4", "0.25"))


class Spared(MaskSpace):
    """Magnitude stands in for truncation, which cannot be read at small budgets."""

    spares = {"magnitude": "truncate"}

    def discretise(self, relaxed, extras, budget, rule):
        if rule == "truncate" and budget < 0.2:
            raise InvalidCandidate("too small to truncate")
        return super().discretise(relaxed, extras, budget, rule)


def test_a_spare_rule_is_read_where_the_other_cannot_be():
    _, done = course(space=Spared())
    assert set(found(done)) == {
        ("1/4", "learned"), ("1/4", "truncate"), ("1/8", "learned"), ("1/8", "magnitude"), ("1/16", "learned"),
        ("1/16", "magnitude"),
    }  # fmt: skip


def test_a_spare_rule_that_is_asked_for_is_read_everywhere():
    _, done = course(space=Spared(), controls=("truncate", "magnitude"), budgets=("1/4",))
    assert set(found(done)) == {("1/4", rule) for rule in ("learned", "truncate", "magnitude")}
