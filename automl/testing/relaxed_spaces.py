"""The contract of a space that can be relaxed, or knows rules of thumb for budgets; a part of `SpaceContract`.

class TestMine(SpaceContract):
    @pytest.fixture
    def size(self, space):
        return lambda candidate: ...                     # in the unit of budgets

    @pytest.fixture
    def extras(self, space):
        return lambda stage: {"importance": ...}         # what the last segment of a stage would report
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

import pytest

from automl.core.errors import InvalidCandidate
from automl.core.records import Json
from automl.core.space import Budgeted, Inheritable, Relaxable, SearchSpace
from automl.testing.arrays import MakeWeights, inherits_cleanly, same_arrays

MakeExtras: TypeAlias = Callable[[Any], Mapping[str, Json]]
"""Makes what a trainer would report after the last segment of a stage."""
SizeOf: TypeAlias = Callable[[Any], float]
"""Returns the size of a candidate in the unit of budgets."""

_NOTHING = 1e-12
"""A share of the largest candidate in which no candidate fits."""
_ROUNDING = 1e-9


class RelaxedContract:
    """What `SpaceContract` asks of spaces that are `Relaxable` or `Budgeted`."""

    budgets: ClassVar[tuple[float, ...]] = (1.0, 0.5, 0.25, 1 / 16)
    """Shares that are tried; the first must be enough for every rule."""

    @pytest.fixture
    def weights(self) -> MakeWeights:
        """Return what makes weights for a candidate, shaped as its trainer would return them."""
        pytest.skip("no weights to inherit")

    @pytest.fixture
    def extras(self) -> MakeExtras:
        """Return what makes the extras of the last segment of a stage."""
        return lambda stage: {}

    @pytest.fixture
    def size(self) -> SizeOf:
        """Return what says the size of a candidate, relaxed or not, in the unit of budgets."""
        pytest.skip("no size to compare with a budget")

    # Relaxable

    def test_stages_are_candidates(self, space: Any) -> None:
        for rule in _rules(space):
            stages = list(space.relax(rule))
            assert stages, f"rule '{rule}' has no stage"
            assert list(space.relax(rule)) == stages
            assert len({space.key(stage) for stage in stages}) == len(stages), "a stage that is another one"
            for stage in stages:
                _belongs(space, stage)

    def test_controls_train_what_the_first_rule_trains(self, space: Any) -> None:
        """Or something else from the start, and then they are no controls of it."""
        learned, *others = ([*map(space.key, space.relax(rule))] for rule in _rules(space))
        for stages in others:
            assert stages == learned[: len(stages)] or stages[0] != learned[0]

    def test_what_is_read_fits_into_its_budget(self, space: Any, extras: MakeExtras, size: SizeOf) -> None:
        for rule in _rules(space):
            stage = space.relax(rule)[-1]
            for budget, most in _budgets(self.budgets, size(stage)):
                found = _read(space, extras, rule, budget)
                assert found is not None or budget != self.budgets[0], f"rule '{rule}' finds nothing for {budget:g}"
                if found is None:
                    continue
                _belongs(space, found)
                assert found == _read(space, extras, rule, budget), f"rule '{rule}' finds another one each time"
                assert space.key(found) != space.key(stage), f"rule '{rule}' returns what is relaxed"
                assert size(found) <= most * (1 + _ROUNDING), f"rule '{rule}' exceeds a budget of {budget:g}"

    def test_a_budget_in_which_nothing_fits_is_refused_with_a_hint(self, space: Any, extras: MakeExtras) -> None:
        for rule in _rules(space):
            stage = space.relax(rule)[-1]
            with pytest.raises(InvalidCandidate) as refused:
                space.discretise(stage, extras(stage), _NOTHING, rule)
            _teaches(refused.value)

    def test_a_segment_inherits_all_of_the_one_before(self, space: Any, weights: MakeWeights) -> None:
        for stage in _inheriting(space):
            given = weights(stage)
            same_arrays(inherits_cleanly(space, stage, stage, given), given)

    def test_a_stage_inherits_from_the_one_before(self, space: Any, weights: MakeWeights) -> None:
        _inheriting(space)
        for rule in _rules(space):
            for parent, child in itertools.pairwise(space.relax(rule)):
                assert inherits_cleanly(space, child, parent, weights(parent)) is not None

    def test_what_is_read_inherits_from_what_it_was_read_from(
        self, space: Any, extras: MakeExtras, weights: MakeWeights
    ) -> None:
        _inheriting(space)
        for rule, budget in itertools.product(_rules(space), self.budgets):
            child, parent = _read(space, extras, rule, budget), space.relax(rule)[-1]
            if child is not None:
                assert inherits_cleanly(space, child, parent, weights(parent)) is not None

    # Budgeted

    def test_rules_of_thumb_keep_their_budget(self, space: Any, size: SizeOf) -> None:
        for thumb in _thumbs(space):
            for budget, most in _budgets(self.budgets, _largest(space, size)):
                try:
                    found = space.sized(budget, thumb)
                except InvalidCandidate:
                    assert budget != self.budgets[0], f"rule '{thumb}' finds nothing for {budget:g}"
                    continue
                _belongs(space, found)
                assert found == space.sized(budget, thumb)
                assert size(found) <= most * (1 + _ROUNDING), f"rule '{thumb}' exceeds a budget of {budget:g}"

    def test_rules_of_thumb_refuse_a_budget_in_which_nothing_fits(self, space: Any) -> None:
        for thumb in _thumbs(space):
            with pytest.raises(InvalidCandidate) as refused:
                space.sized(_NOTHING, thumb)
            _teaches(refused.value)


def _rules(space: Any) -> list[str]:
    if not isinstance(space, Relaxable):
        pytest.skip("the space cannot be relaxed")
    return list(space.rules)


def _thumbs(space: Any) -> list[str]:
    if not isinstance(space, Budgeted):
        pytest.skip("the space knows no rule of thumb")
    return list(space.thumbs)


def _inheriting(space: Any) -> list[Any]:
    """Return the stages of all rules of a space that inherits."""
    stages = [stage for rule in _rules(space) for stage in space.relax(rule)]
    if not isinstance(space, Inheritable):
        pytest.skip("the space does not inherit weights")
    return stages


def _read(space: Any, extras: MakeExtras, rule: str, budget: float) -> Any:
    """Return what a rule reads; None if the budget is too small for it."""
    stage = space.relax(rule)[-1]
    try:
        return space.discretise(stage, extras(stage), budget, rule)
    except InvalidCandidate:
        return None


def _belongs(space: SearchSpace[Any], candidate: Any) -> None:
    """Check that a candidate is of the space, and survives JSON."""
    space.check(candidate)
    again = space.load(json.loads(json.dumps(space.dump(candidate), allow_nan=False)))
    assert again == candidate
    assert hash(again) == hash(candidate)
    assert space.key(again) == space.key(candidate)
    assert "\n" not in space.describe(candidate)


def _budgets(shares: tuple[float, ...], largest: float) -> Iterator[tuple[float, float]]:
    """Yield budgets, as shares and once as a size, with the size that each allows."""
    yield from ((share, share * largest) for share in shares)
    if largest / 3 > 1:
        yield largest / 3, largest / 3


def _largest(space: Any, size: SizeOf) -> float:
    """Return the size of the largest candidate."""
    if isinstance(space, Relaxable):
        return size(space.relax(space.rules[0])[-1])
    return max(size(space.sized(1.0, thumb)) for thumb in space.thumbs)


def _teaches(error: InvalidCandidate) -> None:
    assert error.message, "an error that does not say what is wrong"
    assert error.hint, "an error that does not say what budget would do"
