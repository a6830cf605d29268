"""The contract of a search space, and the capabilities a controller may ask for on top of it."""

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from automl.core.choices import Choose
from automl.core.domains import Value
from automl.core.records import Json, Weights

C = TypeVar("C")
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class SearchSpace(ABC, Generic[C]):
    """A program that asks questions and builds a candidate from the answers.

    Two methods to write, three with defaults. The life of a candidate:

        candidate, trace = run(space.build, answer)    # the controller answers, the trace is kept
        space.check(candidate)                          # the study refuses what the space refuses
        text = space.dump(candidate)                    # into the ledger ...
        space.load(text) == candidate                   # ... and back, without loss
        space.key(candidate)                            # equal for candidates that mean the same

    A candidate is a frozen, hashable description, never a tensor. `build` gives each name one fixed domain (put depth
    and context into the name: `layer3/width`) and keeps limits inside the program, through `allowed`, not by rejection.
    A space is constructed with keyword settings; those named like the trainer's `facts` are filled in from the data.

        class LineSpace(SearchSpace[Line]):
            def build(self, choose):
                return Line(slope=choose("slope", Reals(-1.0, 1.0)), steps=choose("steps", range(1, 9)))
            def load(self, json):
                return Line(**json)
    """

    default_controller: ClassVar[str] = "surrogate"
    """The controller that a search uses when none is named."""
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of settings, for `--set profile=NAME`."""

    @abstractmethod
    def build(self, choose: Choose) -> C:
        """Build a candidate from answers.

        Choices whose names are equal after the last "/" (`layer0/activation`, `layer1/activation`) form a class, which
        some controllers learn or rewrite as a whole (`automl.core.choices.group_of`).
        """

    @abstractmethod
    def load(self, json: Any) -> C:
        """Read a candidate back from the JSON of `dump`.

        Raises:
            InvalidCandidate: if the JSON describes none.
        """

    def check(self, candidate: C) -> None:
        """Refuse a candidate that is not of this space.

        Raises:
            InvalidCandidate: saying what is wrong, why, and what would be right.
        """
        return None

    def require(self) -> None:
        """Refuse a search that could not be run here; the engine asks before it writes anything.

        The constructor does not: a space is made as well where what was found elsewhere is read.

        Raises:
            MissingExtra: if a package is not installed.
        """
        return None

    def dump(self, candidate: C) -> Json:
        """Write a candidate as JSON, without loss; a dataclass field by field unless overridden."""
        plain: Json = _plain(candidate)
        return plain

    def describe(self, candidate: C) -> str:
        """Return a candidate in one short line, for tables and titles."""
        return json.dumps(self.dump(candidate), separators=(",", ":")).replace('"', "")

    def key(self, candidate: C) -> str:
        """Return the identity of a candidate up to the symmetries of the space."""
        return _encode(self.dump(candidate))


@cache
def _fields(cls: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields, None for any other class."""
    return tuple(field.name for field in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else None


def _plain(value: Any) -> Any:
    """Return dataclasses as dicts and sequences as lists, all the way down, and copy nothing else."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    kind: Any = type(value)
    names = _fields(kind)
    return value if names is None else {name: _plain(getattr(value, name)) for name in names}


@runtime_checkable
class Growable(Protocol[C]):
    """A space whose candidates grow by edits that keep the function of the trained network.

    `grow` is a program of one edit. Its first question is `edit`; later names end in `/i` where they speak of word i of
    `words(parent)`. A policy encodes the words and answers by position; any other controller answers at random. Names
    and domains do not depend on the parent, only `allowed` does. `edits` lists what `grow` would allow as `edit`.
    """

    def root(self) -> C:
        """Return the smallest candidate, where growth starts."""

    def edits(self, parent: C) -> Sequence[str]:
        """Return the names of the edits that are possible within the limits; empty if the candidate is full."""

    def grow(self, parent: C, choose: Choose) -> C:
        """Return a child of `parent` by one edit."""

    def words(self, candidate: C) -> Sequence[str]:
        """Return the candidate as a sentence, one word per layer."""


@runtime_checkable
class Sequential(Protocol[C]):
    """A space whose candidates are built move by move.

    A move is hashable and means the same everywhere. `alphabet` lists all moves there ever are, in one order, so that a
    policy can have one output for each; `moves` lists those that are legal now, in the same order.
    """

    def root(self) -> C:
        """Return the empty candidate."""

    def alphabet(self) -> Sequence[Any]:
        """Return every move there is."""

    def moves(self, candidate: C) -> Sequence[Any]:
        """Return the legal moves; empty if the candidate is full."""

    def apply(self, candidate: C, move: Any) -> C:
        """Return the candidate after one move."""

    def observe(self, candidate: C) -> npt.NDArray[np.float64]:
        """Return the candidate as an array that a policy can read; its shape is the same for all candidates."""


@runtime_checkable
class Bounded(Protocol):
    """A space that knows a value no candidate can get beyond, such as a lower bound of an energy."""

    def bound(self) -> float | None:
        """Return the bound of the trainer's first metric, whether it can be reached or not; None if none is known."""


@runtime_checkable
class Perturbable(Protocol[C]):
    """A space in which every candidate has neighbours: the same but for one small change.

    `perturb` is a program of one change, like `Growable.grow` but without a promise about the function: something is
    added, removed or replaced. Names and domains do not depend on the parent, only `allowed` does.

    A space whose candidates lie in valleys, between which no path of small changes leads at a bearable cost, may ask
    `reach` first, `near` or `far`: far is a large change, after which small ones find the floor of another valley.
    """

    def root(self) -> C:
        """Return the candidate where a walk starts."""

    def perturb(self, parent: C, choose: Choose) -> C:
        """Return a neighbour of `parent`."""


@runtime_checkable
class LookAhead(Protocol[C]):
    """A space that can ask for a look at all that could follow a candidate, measured as one batch.

    Measuring `survey(candidate)` measures the candidate and reports, in the outcome's extras, what its extensions would
    give; `outlook` reads that report.
    """

    def survey(self, candidate: C) -> C:
        """Return the candidate, marked so that its measurement includes its extensions."""

    def outlook(self, candidate: C, extras: Mapping[str, Json]) -> Sequence[tuple[Sequence[Any], float]]:
        """Return the extensions as (moves, predicted value of the trainer's first metric), in the report's order."""


@runtime_checkable
class Relaxable(Protocol[C]):
    """A space with continuous candidates that contain all others, such as a supernet with mixed operations.

    A relaxed run trains the stages of `relax(rule)`, one after the other. A stage is measured in segments: each
    inherits the weights of the one before, until the extras of an outcome say `{"settled": true}`. From the extras of
    the last segment `discretise` reads an ordinary candidate for any budget, which inherits that segment's weights.

        for stage in space.relax(rule):                     # embeddings: warm start, then the search
            while not extras["settled"]: extras = measure(stage)
        space.discretise(stage, extras, 1 / 8, rule)        # a plain candidate of an eighth of the size

    A stage may be cut short before it has settled, where a study runs out of budget: so every segment reports what
    `discretise` needs, and returns weights that an ordinary candidate can inherit. Where a candidate is read on the
    way, whenever what is kept has come down to a budget (`pep`), every segment also reports `share`, how much of the
    relaxed candidate's size is still kept, and the same as `size`.

    Rules are the ways to read a relaxed run. The first is the one that was learned; the others are its controls, which
    need fewer stages: theirs are the first ones of the first rule's. A space may name rules in `spares`, a mapping:
    such a rule is read of its own accord only where nothing can be read by the rule that it is mapped to.
    """

    rules: Sequence[str]
    """Names of the rules; the learned one first."""

    def relax(self, rule: str) -> Sequence[C]:
        """Return the stages that a rule needs, in order."""

    def discretise(self, relaxed: C, extras: Mapping[str, Json], budget: float, rule: str) -> C:
        """Return the best ordinary candidate within `budget`.

        Args:
            relaxed: the last stage of the rule.
            extras: what its last segment reported.
            budget: a share of the relaxed candidate's size up to 1, else the size itself.
            rule: how to read it.

        Raises:
            InvalidCandidate: if nothing fits into the budget.
        """


@runtime_checkable
class Budgeted(Protocol[Out]):
    """A space in which rules of thumb know a candidate for every budget, without any training."""

    thumbs: Sequence[str]
    """Names of the rules of thumb."""

    def sized(self, budget: float, thumb: str) -> Out:
        """Return the candidate of a rule within `budget`.

        Args:
            budget: a share of the largest candidate's size up to 1, else the size itself.
            thumb: the rule.

        Raises:
            InvalidCandidate: if nothing fits into the budget.
        """


@runtime_checkable
class Defaulting(Protocol):
    """A space that knows what one would take without a search.

    Controllers that sample (`random`, `evolution`, `bayesian`, `surrogate`) or rewrite the best so far (`conservative`)
    propose its defaults as their first trials: the search starts where its user stands, and never ends below.
    """

    def defaults(self) -> Sequence[Mapping[str, Value]]:
        """Return one mapping for each default candidate: the answers by the names of `build`."""


@runtime_checkable
class Inheritable(Protocol[In]):
    """A space that knows which of a parent's weights a child can use.

    This is the only edge along which weights move: growth, sharing, a resumed run. `inherit` is deterministic, never
    aliases its input, and returns only arrays that are right; the trainer initialises or calibrates what is missing.
    """

    def inherit(self, child: In, parent: In, weights: Weights) -> Weights | None:
        """Return the child's weights made from the parent's, or None if nothing carries over."""


CAPABILITIES: tuple[type, ...] = (
    Growable, Sequential, Bounded, Perturbable, LookAhead, Relaxable, Budgeted, Defaulting, Inheritable,
)  # fmt: skip
