"""The contract of a controller as tests that any controller can run on itself.

    class TestMine(ControllerContract):
        @pytest.fixture
        def make(self):
            return Mine          # or: lambda space, objectives, seed: Mine(space, objectives, seed, depth=3)

The towers of `automl.testing.towers` stand in for a real system; they can be built, grown and inherited. A
controller that needs another kind of space overrides the fixtures `space` and `trainer`; a slow one sets
`evaluations` lower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pytest

from automl.core.controller import Controller
from automl.core.objectives import Objectives
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer
from automl.testing.drive import SINGLE, Asked, Course, Fault, Told, drive, follow, replayed
from automl.testing.towers import TowerSpace, TowerTrainer

__all__ = ["ControllerContract", "Make", "drive", "follow"]

Make: TypeAlias = Callable[[SearchSpace[Any], Objectives, int], Controller]

_COURSES = pytest.StashKey[dict[Any, Course]]()
_OWN = {"workers", "disorder", "fault", "period"}
"""What the tests below are repeated for; whatever else a test is repeated for may be another controller or space."""


class ControllerContract:
    """Subclass it under a name that starts with `Test` and override the fixture `make`."""

    evaluations: ClassVar[int] = 30
    """How long the searches of these tests are."""
    every: ClassVar[int] = 1
    """After every how many events a resumed search is compared with the uninterrupted one; 1: after each."""
    draws: ClassVar[bool] = True
    """False for a controller in which nothing is random: every seed gives the same proposals."""
    ends: ClassVar[bool] = False
    """True for a controller that ends by itself, when it has proposed all there is."""

    @pytest.fixture
    def make(self) -> Make:
        """Return what makes the controller from (space, objectives, seed)."""
        raise NotImplementedError

    @pytest.fixture
    def space(self) -> SearchSpace[Any]:
        """Return the space to search."""
        return TowerSpace()

    @pytest.fixture
    def trainer(self) -> Trainer:
        """Return what measures its candidates."""
        return TowerTrainer()

    @pytest.fixture(params=["one", "limited", "two"])
    def objectives(
        self, request: pytest.FixtureRequest, make: Make, space: SearchSpace[Any], trainer: Trainer
    ) -> Objectives:
        """Return the trainer's first metric; the same within a limit; the first two."""
        (name, direction), *others = trainer.metrics.items()
        first = Objectives.parse([f"{direction}:{name}"])
        if request.param == "one":
            return first
        if not others:
            pytest.skip("The trainer has one metric only.")
        if request.param == "limited":
            return Objectives.parse([f"{direction}:{name}", f"{others[0][0]}<=3000"])
        if not make(space, first, 0).many_objectives:
            pytest.skip("The controller learns from one number only.")
        return Objectives.parse([f"{direction}:{name}", f"{others[0][1]}:{others[0][0]}"])

    @pytest.fixture
    def go(
        self, make: Make, space: SearchSpace[Any], trainer: Trainer, objectives: Objectives
    ) -> Callable[..., Course]:
        """Return what runs a search with a fresh controller."""

        def go(seed: int = 0, **settings: Any) -> Course:
            return follow(make(space, objectives, seed), space, trainer, self.evaluations, **settings)

        return go

    @pytest.fixture
    def seen(self, request: pytest.FixtureRequest, go: Callable[..., Course]) -> Callable[..., Course]:
        """Return what `go` does, from another test where one has run the same search: no test changes what it sees."""
        courses, params = _courses(request.node), request.node.callspec.params
        given = sorted((name, id(value)) for name, value in params.items() if name not in _OWN)

        def seen(**settings: Any) -> Course:
            key = (*given, *sorted(settings.items()))
            if key not in courses:
                courses[key] = go(**settings)
            return courses[key]

        return seen

    def test_same_seed_same_proposals(self, go: Callable[..., Course], seen: Callable[..., Course]) -> None:
        looked_into = seen(seed=3, workers=2, snapshots=True)
        assert go(seed=3, workers=2).proposals == looked_into.proposals

    def test_another_seed_other_proposals(self, go: Callable[..., Course], seen: Callable[..., Course]) -> None:
        assert (go(seed=4).proposals != seen(workers=1).proposals) is self.draws

    @pytest.mark.parametrize("workers", [1, 3])
    def test_trials_are_numbered_without_gaps(self, seen: Callable[..., Course], workers: int) -> None:
        steps: dict[int, list[int]] = {}
        for proposal in seen(workers=workers).proposals:
            steps.setdefault(proposal.trial, []).append(proposal.step)
        assert list(steps) == list(range(len(steps)))
        assert all(path == list(range(len(path))) for path in steps.values())

    def test_proposals_are_candidates_of_the_space(self, seen: Callable[..., Course], space: SearchSpace[Any]) -> None:
        for proposal in seen(workers=1).proposals:
            space.check(proposal.candidate)
            assert space.load(space.dump(proposal.candidate)) == proposal.candidate

    def test_choices_answer_their_domains(self, seen: Callable[..., Course]) -> None:
        domains: dict[str, Any] = {}
        for proposal in seen(workers=1).proposals:
            for name, choice in proposal.choices.items():
                assert choice.value in choice.domain
                assert domains.setdefault(name, choice.domain) == choice.domain, f"two domains for {name}"

    def test_no_more_proposals_than_places(self, seen: Callable[..., Course]) -> None:
        asked = [event for event in seen(workers=4).events if isinstance(event, Asked)]
        assert any(event.n > 1 for event in asked)
        assert all(len(event.proposals) <= event.n for event in asked)

    @pytest.mark.parametrize(("workers", "disorder"), [(1, None), (4, None), (4, 0), (4, 1)])
    def test_every_trial_is_closed_once(self, seen: Callable[..., Course], workers: int, disorder: int | None) -> None:
        course = seen(workers=workers) if disorder is None else seen(workers=workers, disorder=disorder)
        told = {result.proposal.trial for result in course.results}
        assert len(course.closed) == len(set(course.closed))
        assert set(course.closed) <= told
        if all(proposal.step == 0 for proposal in course.proposals):
            assert set(course.closed) == told

    @pytest.mark.parametrize("disorder", [None, 0])
    def test_parents_are_told_successful_and_kept(self, go: Callable[..., Course], disorder: int | None) -> None:
        succeeded: set[int] = set()
        for event in go(workers=3, disorder=disorder, faults=_every(5, "fail")).events:
            if isinstance(event, Told):
                succeeded |= {result.id for result in event.results if result.outcome}
                continue
            assert event.parents <= succeeded
            inherited = {p.parent for p in event.proposals if p.parent is not None}
            assert inherited <= event.parents

    def test_repetitions_measure_what_their_trial_measured_before(
        self, go: Callable[..., Course], space: SearchSpace[Any]
    ) -> None:
        proposals = go(workers=3, disorder=1).proposals
        for number, proposal in enumerate(proposals):
            if proposal.repeats is None:
                continue
            assert proposal.repeats < number
            first = proposals[proposal.repeats]
            assert first.repeats is None
            assert first.trial == proposal.trial
            assert space.key(first.candidate) == space.key(proposal.candidate)

    @pytest.mark.parametrize("fault", ["fail", "lose"])
    @pytest.mark.parametrize("period", [1, 2, 3])
    def test_failed_and_lost_results_are_survived(self, go: Callable[..., Course], fault: Fault, period: int) -> None:
        course = go(workers=3, disorder=2, faults=_every(period, fault))
        assert len(course.proposals) == self.evaluations or period == 1 or self.has_ended(course)
        assert len(course.closed) == len(set(course.closed))

    def test_a_bad_start_is_survived(self, go: Callable[..., Course]) -> None:
        start: tuple[Fault | None, ...] = ("fail", "lose", "fail", "lose", None)
        course = go(workers=2, faults=lambda number: start[min(number, 4)])
        assert len(course.proposals) == self.evaluations or self.has_ended(course)

    def has_ended(self, course: Course) -> bool:
        """Say whether a controller that ends by itself has done so, after something."""
        return self.ends and course.finished and bool(course.proposals)

    @pytest.mark.parametrize("workers", [1, 3])
    def test_a_resumed_search_equals_the_uninterrupted_one(
        self,
        go: Callable[..., Course],
        make: Make,
        space: SearchSpace[Any],
        objectives: Objectives,
        workers: int,
    ) -> None:
        disorder = None if workers == 1 else 0
        course = go(seed=5, workers=workers, disorder=disorder, faults=_every(7, "fail"), snapshots=True)
        for done in range(1, len(course.snapshots) + 1, self.every):
            resumed = make(space, objectives, 5)
            resumed.load_state_dict(course.snapshots[done - 1])
            assert_plain(resumed.state_dict())
            assert replayed(resumed, course.events[done:]) == course.events[done:], f"after event {done}"

    def test_state_is_plain_data(self, seen: Callable[..., Course]) -> None:
        for snapshot in seen(seed=3, workers=2, snapshots=True).snapshots:
            assert_plain(snapshot)

    def test_diagnostics_are_numbers(
        self, make: Make, space: SearchSpace[Any], trainer: Trainer, objectives: Objectives
    ) -> None:
        controller = make(space, objectives, 0)
        drive(controller, space, trainer, self.evaluations)
        assert all(isinstance(value, float) for value in controller.diagnostics().values())


def _courses(item: pytest.Item) -> dict[Any, Course]:
    """Return the searches that the tests of a class have run so far; they are forgotten after its last test."""
    group = item.getparent(pytest.Class)
    assert group is not None
    if _COURSES not in group.stash:
        group.stash[_COURSES] = {}
        group.addfinalizer(lambda: group.stash.__delitem__(_COURSES))
    return group.stash[_COURSES]


def assert_plain(state: Any, where: str = "state") -> None:
    """Refuse a state with anything but dicts, lists, numbers, strings, None, and arrays of numbers."""
    if type(state) in SINGLE:
        return
    if isinstance(state, Mapping):
        for key, value in state.items():
            assert type(key) is str, f"{where} has the key {key!r}, which is no string"
            assert_plain(value, f"{where}[{key!r}]")
    elif isinstance(state, list | tuple):
        for place, value in enumerate(state):
            assert_plain(value, f"{where}[{place}]")
    elif isinstance(state, np.ndarray):
        assert state.dtype.kind in "biuf", f"{where} is an array of {state.dtype}"
    else:
        raise AssertionError(f"{where} is a {type(state).__name__}")


def _every(period: int, fault: Fault) -> Callable[[int], Fault | None]:
    return lambda number: fault if number % period == 0 else None
