"""The contract of a search space as tests that any space can run on itself.

    class TestMine(SpaceContract):
        @pytest.fixture
        def space(self):
            return MySpace()

Tests of a capability are skipped where the space does not have it. A space that is `Inheritable` also overrides
`weights`: a function that makes (small, random) weights for a candidate. One that is `Relaxable` or `Budgeted` also
overrides `size`, and `extras` where its `discretise` reads any: see `relaxed_spaces`.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest

from automl.core.choices import Answer, Trace, at_random, replay, run
from automl.core.domains import Domain, Integers, Options, Reals, Value, dump_domain, load_domain
from automl.core.errors import InvalidCandidate
from automl.core.space import Bounded, Growable, Inheritable, LookAhead, Perturbable, SearchSpace, Sequential
from automl.testing.arrays import MakeWeights, inherits_cleanly
from automl.testing.arrays import same_arrays as same_arrays
from automl.testing.relaxed_spaces import RelaxedContract


class SpaceContract(RelaxedContract):
    """Subclass it under a name that starts with `Test` and override the fixture `space`."""

    samples: ClassVar[int] = 40
    """How many random candidates the tests look at."""
    growth: ClassVar[int] = 12
    """How many edits a random growth takes, and how many moves or changes a random walk."""

    @pytest.fixture
    def space(self) -> Any:
        """Return the space."""
        raise NotImplementedError("override the fixture 'space'")

    @pytest.fixture
    def built(self, space: SearchSpace[Any]) -> list[tuple[Any, Trace]]:
        """Return random candidates with their traces, and those of the most one-sided answers."""
        answers = [*(at_random(np.random.default_rng(seed)) for seed in range(self.samples)), *one_sided()]
        return [run(space.build, answer) for answer in answers]

    @pytest.fixture
    def grown(self, space: Any) -> list[tuple[Any, Any, Trace]]:
        """Return parents and children of random growths from the root, with the trace of each edit."""
        if not isinstance(space, Growable):
            pytest.skip("the space does not grow")
        rng = np.random.default_rng(0)
        answers = [*(at_random(rng) for _ in range(5)), *one_sided()]
        return [edit for answer in answers for edit in _growth(space, answer, self.growth)]

    @pytest.fixture
    def walked(self, space: Any) -> list[tuple[Any, Any, Trace]]:
        """Return the steps of random walks from the root: a candidate, its neighbour, the trace of the change."""
        if not isinstance(space, Perturbable):
            pytest.skip("the space has no neighbours")
        rng = np.random.default_rng(0)
        answers = [*(at_random(rng) for _ in range(5)), *one_sided(), _mixed(one_sided(), rng)]
        return [step for answer in answers for step in _walk(space, answer, self.growth)]

    def test_what_it_builds_it_accepts(self, space: SearchSpace[Any], built: list[tuple[Any, Trace]]) -> None:
        for candidate, _ in built:
            space.check(candidate)

    def test_json_is_lossless(self, space: SearchSpace[Any], built: list[tuple[Any, Trace]]) -> None:
        for candidate, _ in built:
            text = json.dumps(space.dump(candidate), allow_nan=False)
            again = space.load(json.loads(text))
            assert again == candidate
            assert type(again) is type(candidate)
            assert hash(again) == hash(candidate)
            assert json.dumps(space.dump(again)) == text

    def test_candidates_are_frozen(self, built: list[tuple[Any, Trace]]) -> None:
        candidate = built[0][0]
        hash(candidate)
        for name in [n for n in dir(candidate) if not n.startswith("_") and not callable(getattr(candidate, n))]:
            with pytest.raises((AttributeError, TypeError)):
                setattr(candidate, name, None)

    def test_the_key_is_the_identity(self, space: SearchSpace[Any], built: list[tuple[Any, Trace]]) -> None:
        for candidate, trace in built:
            key = space.key(candidate)
            assert isinstance(key, str)
            again, _ = run(space.build, replay(trace, _nobody))
            assert space.key(again) == key == space.key(space.load(space.dump(candidate)))
        assert len({space.key(candidate) for candidate, _ in built}) > 1

    def test_a_trace_builds_its_candidate_again(self, space: SearchSpace[Any], built: list[tuple[Any, Trace]]) -> None:
        for candidate, trace in built:
            again, same = run(space.build, replay(trace, _nobody))
            assert again == candidate
            assert list(same.items()) == list(trace.items())

    def test_a_name_has_one_domain(self, built: list[tuple[Any, Trace]]) -> None:
        one_domain_each(trace for _, trace in built)

    def test_domains_can_be_written_down(self, built: list[tuple[Any, Trace]]) -> None:
        for domain in one_domain_each(trace for _, trace in built).values():
            assert load_domain(json.loads(json.dumps(dump_domain(domain)))) == domain

    def test_limits_are_kept_by_offering_less(self, space: SearchSpace[Any]) -> None:
        for seed in range(self.samples):
            rng = np.random.default_rng(seed)
            sides = one_sided()
            answer = _mixed(sides, rng)
            candidate, trace = run(space.build, answer)
            space.check(candidate)
            assert all(choice.value in choice.domain for choice in trace.values())

    def test_profiles_are_settings(self, space: SearchSpace[Any]) -> None:
        profiles_are_settings(type(space))

    # Growable

    def test_growth_starts_at_the_root(self, space: Any) -> None:
        if not isinstance(space, Growable):
            pytest.skip("the space does not grow")
        space.check(space.root())  # type: ignore[attr-defined]
        assert space.root() == space.root()
        assert space.edits(space.root()), "a root that cannot grow"

    def test_children_are_candidates(self, space: Any, grown: list[tuple[Any, Any, Trace]]) -> None:
        for _, child, _ in grown:
            space.check(child)
            assert space.load(json.loads(json.dumps(space.dump(child)))) == child
        assert any(space.key(parent) != space.key(child) for parent, child, _ in grown)

    def test_every_edit_is_possible(self, space: Any, grown: list[tuple[Any, Any, Trace]]) -> None:
        for parent, _, _ in grown[:: max(1, len(grown) // 30)]:
            for edit in space.edits(parent):
                rng = np.random.default_rng(0)
                child, trace = run(partial(space.grow, parent), _first(edit, at_random(rng)))
                space.check(child)
                assert trace["edit"].value == edit

    def test_questions_are_named_as_documented(self, space: Any, grown: list[tuple[Any, Any, Trace]]) -> None:
        for parent, _, trace in grown:
            assert next(iter(trace)) == "edit"
            assert trace["edit"].value in space.edits(parent)
            ends = [name.rsplit("/", 1)[-1] for name in trace if "/" in name]
            positions = [int(end) for end in ends if end.isdecimal()]
            assert all(position < len(space.words(parent)) for position in positions)

    def test_questions_do_not_depend_on_the_parent(
        self, built: list[tuple[Any, Trace]], grown: list[tuple[Any, Any, Trace]]
    ) -> None:
        one_domain_each(trace for _, _, trace in grown)
        one_domain_each([*(trace for _, trace in built), *(trace for _, _, trace in grown)])

    def test_candidates_are_sentences(self, space: Any, grown: list[tuple[Any, Any, Trace]]) -> None:
        for _, child, _ in grown:
            sentence = list(space.words(child))
            assert sentence
            assert all(isinstance(word, str) and word for word in sentence)

    def test_growing_is_a_program(self, space: Any, grown: list[tuple[Any, Any, Trace]]) -> None:
        for parent, child, trace in grown:
            again, _ = run(partial(space.grow, parent), replay(trace, _nobody))
            assert again == child

    # Sequential

    def test_moves_lead_somewhere(self, space: Any) -> None:
        if not isinstance(space, Sequential):
            pytest.skip("the space is not built move by move")
        root = space.root()
        assert space.moves(root), "a root without a move"
        shape = np.shape(space.observe(root))
        for before, move, after in _moved(space, self.growth):
            space.check(after)  # type: ignore[attr-defined]
            assert space.apply(before, move) == after, "a move that leads to different candidates"
            seen = space.observe(after)
            assert seen.shape == shape
            assert seen.dtype == np.float64
            assert np.isfinite(seen).all()

    def test_legal_moves_are_of_the_alphabet_and_in_its_order(self, space: Any) -> None:
        if not isinstance(space, Sequential):
            pytest.skip("the space is not built move by move")
        alphabet = list(space.alphabet())
        assert alphabet == list(space.alphabet())
        assert len({*alphabet}) == len(alphabet), "a move that is listed twice"
        for before, _, _ in _moved(space, self.growth):
            places = [alphabet.index(move) for move in space.moves(before)]
            assert places == sorted(set(places))

    # Perturbable

    def test_neighbours_are_other_candidates(
        self, space: SearchSpace[Any], walked: list[tuple[Any, Any, Trace]]
    ) -> None:
        assert walked
        for before, after, _ in walked:
            space.check(after)
            assert space.key(after) != space.key(before), "a neighbour equal to the candidate"
            assert space.load(json.loads(json.dumps(space.dump(after)))) == after

    def test_questions_about_neighbours_are_always_the_same(self, walked: list[tuple[Any, Any, Trace]]) -> None:
        one_domain_each(trace for _, _, trace in walked)

    def test_walking_is_a_program(self, space: Any, walked: list[tuple[Any, Any, Trace]]) -> None:
        for before, after, trace in walked:
            again, same = run(partial(space.perturb, before), replay(trace, _nobody))
            assert again == after
            assert list(same.items()) == list(trace.items())

    def test_whatever_is_built_has_neighbours(self, space: Any, built: list[tuple[Any, Trace]]) -> None:
        if not isinstance(space, Perturbable):
            pytest.skip("the space has no neighbours")
        for seed, (candidate, _) in enumerate(built):
            after, _ = run(partial(space.perturb, candidate), at_random(np.random.default_rng(seed)))
            space.check(after)  # type: ignore[attr-defined]
            assert space.key(after) != space.key(candidate)  # type: ignore[attr-defined]

    # LookAhead

    def test_a_survey_is_measured_on_its_own(self, space: Any, built: list[tuple[Any, Trace]]) -> None:
        if not isinstance(space, LookAhead):
            pytest.skip("the space cannot look ahead")
        for candidate, _ in built:
            asked = space.survey(candidate)
            space.check(asked)  # type: ignore[attr-defined]
            assert space.survey(asked) == asked
            assert space.load(json.loads(json.dumps(space.dump(asked)))) == asked  # type: ignore[attr-defined]
            assert space.key(asked) != space.key(candidate), "a measurement without the survey would be reused"  # type: ignore[attr-defined]
            assert list(space.outlook(asked, {})) == []

    # Bounded

    def test_a_bound_is_a_number(self, space: Any) -> None:
        if not isinstance(space, Bounded):
            pytest.skip("the space knows no bound")
        bound = space.bound()
        assert bound is None or np.isfinite(bound)

    # Inheritable

    def test_a_candidate_inherits_all_of_itself(
        self, space: Any, built: list[tuple[Any, Trace]], weights: MakeWeights
    ) -> None:
        _needs_inheritance(space)
        for candidate in _smallest(space, built):
            given = weights(candidate)
            same_arrays(space.inherit(candidate, candidate, given), given)

    def test_inheritance_is_deterministic_and_never_aliases(
        self, space: Any, built: list[tuple[Any, Trace]], weights: MakeWeights
    ) -> None:
        _needs_inheritance(space)
        for child, parent in itertools.pairwise(_smallest(space, built)):
            inherits_cleanly(space, child, parent, weights(parent))

    def test_children_inherit_from_their_parents(
        self, space: Any, grown: list[tuple[Any, Any, Trace]], weights: MakeWeights
    ) -> None:
        _needs_inheritance(space)
        for parent, child, _ in grown[:: max(1, len(grown) // 30)]:
            assert inherits_cleanly(space, child, parent, weights(parent)) is not None

    def test_neighbours_inherit_cleanly(
        self, space: Any, walked: list[tuple[Any, Any, Trace]], weights: MakeWeights
    ) -> None:
        _needs_inheritance(space)
        for before, after, _ in walked[:: max(1, len(walked) // 30)]:
            inherits_cleanly(space, after, before, weights(before))


def one_sided() -> list[Answer]:
    """Return who answers always first or always last, minding what is allowed or not, as Optuna does not."""

    def side(*, last: bool, minds: bool) -> Answer:
        def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
            if minds and allowed is not None:
                return allowed[-1 if last else 0]
            if isinstance(domain, Options):
                return domain.values[-1 if last else 0]
            return _edge(domain, last=last)

        return answer

    return [side(last=last, minds=minds) for last in (False, True) for minds in (False, True)]


def one_domain_each(traces: Iterator[Trace] | Sequence[Trace]) -> Mapping[str, Domain]:
    """Check that every name is always asked from the same domain; return the domains."""
    domains: dict[str, Domain] = {}
    for trace in traces:
        for name, choice in trace.items():
            assert domains.setdefault(name, choice.domain) == choice.domain, f"'{name}' has two domains"
    return domains


def profiles_are_settings(plugin: type[Any]) -> None:
    """Check that every profile names settings that the constructor takes."""
    parameters = inspect.signature(plugin.__init__).parameters.values()
    settings = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    for name, profile in plugin.profiles.items():
        assert set(profile) <= settings, f"profile '{name}' has settings that {plugin.__name__} does not take"


def _growth(space: Any, answer: Answer, steps: int) -> Iterator[tuple[Any, Any, Trace]]:
    parent = space.root()
    for _ in range(steps):
        if not space.edits(parent):
            return
        child, trace = run(partial(space.grow, parent), answer)
        yield parent, child, trace
        parent = child


def _walk(space: Any, answer: Answer, steps: int) -> Iterator[tuple[Any, Any, Trace]]:
    before = space.root()
    for _ in range(steps):
        after, trace = run(partial(space.perturb, before), answer)
        yield before, after, trace
        before = after


def _moved(space: Any, steps: int) -> Iterator[tuple[Any, Any, Any]]:
    rng = np.random.default_rng(0)
    for _ in range(3):
        before = space.root()
        for _ in range(steps):
            moves = list(space.moves(before))
            if not moves:
                break
            move = moves[int(rng.integers(len(moves)))]
            after = space.apply(before, move)
            yield before, move, after
            before = after


def _smallest(space: SearchSpace[Any], built: list[tuple[Any, Trace]]) -> list[Any]:
    """Return a few candidates whose weights are quickly made."""
    return sorted((c for c, _ in built), key=lambda c: len(json.dumps(space.dump(c))))[:8]


def _needs_inheritance(space: Any) -> None:
    if not isinstance(space, Inheritable):
        pytest.skip("the space does not inherit weights")


def _mixed(answers: Sequence[Answer], rng: np.random.Generator) -> Answer:
    """Let another of them answer each question."""
    return lambda name, domain, allowed: answers[int(rng.integers(len(answers)))](name, domain, allowed)


def _first(edit: str, otherwise: Answer) -> Answer:
    return lambda name, domain, allowed: edit if name == "edit" else otherwise(name, domain, allowed)


def _edge(domain: Integers | Reals, *, last: bool) -> Value:
    if isinstance(domain, Reals):
        return domain.high if last else domain.low
    return domain.high - (domain.high - domain.low) % domain.step if last else domain.low


def _nobody(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
    raise InvalidCandidate(f"'{name}' was not asked before; a program must ask the same after the same answers")
