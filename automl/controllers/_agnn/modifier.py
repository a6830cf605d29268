"""The guided architecture modifier: one encoder per class of actions, which rewrites its class in the best so far."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from automl.controllers._agnn.classes import ClassChoice, chosen, of, weights, without
from automl.controllers._agnn.edits import Scribe
from automl.controllers._agnn.explorer import Built
from automl.controllers._agnn.policy import Listener, Policy, Shape
from automl.controllers._agnn.words import Sentence, dump_sentence, load_sentence
from automl.core.choices import at_random, given, run
from automl.core.domains import Value
from automl.core.space import SearchSpace

Rewrite: TypeAlias = Literal["class", "some", "one"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the encoder of one class decided, and can be taught by the result.

    Attributes:
        sentence: the subarchitecture, then the class; the decisions are marked in it.
        entropy: of the decisions, in nats.
    """

    sentence: Sentence
    entropy: float

    def dump(self) -> list[Any]:
        """Write it as JSON."""
        return [dump_sentence(self.sentence), self.entropy]

    @classmethod
    def load(cls, json: Sequence[Any]) -> Lesson:
        """Read it back."""
        return cls(load_sentence(json[0]), json[1])


@dataclass(frozen=True, slots=True)
class Draft:
    """An offspring that may be proposed, with the lessons of the classes that were rewritten."""

    candidate: Any
    built: Built
    lessons: Mapping[str, Lesson]


@dataclass(frozen=True, slots=True)
class _Reading:
    """An encoder that has read a subarchitecture, and how undecided it is; right while neither has changed."""

    built: Built
    version: int
    listener: Listener
    entropy: float
    most: float


@dataclass(frozen=True, slots=True)
class Choosing:
    """How the modifier chooses what to rewrite.

    Attributes:
        classes: how many classes (s).
        by: how they are chosen.
        rewrite: how much of a class.
    """

    classes: int
    by: ClassChoice
    rewrite: Rewrite


class Modifier:
    """Makes offspring and learns from what became of them.

    Args:
        space: where candidates come from.
        choosing: what is rewritten.
        shape: of every encoder.
        seed: seed of the encoders' first weights.
    """

    def __init__(self, space: SearchSpace[Any], choosing: Choosing, shape: Shape, seed: int) -> None:
        self._space, self._choosing, self._shape, self._seed = space, choosing, shape, seed
        self._policies: dict[str, Policy] = {}
        self._readings: dict[str, _Reading] = {}

    def random(self, rng: np.random.Generator, answers: Mapping[str, Value] | None = None) -> Draft:
        """Return a candidate that no encoder had a part in: by the answers that are given, the others by chance."""
        kept = run(self._space.build, given(answers, at_random(rng)))[1] if answers else {}
        candidate, built = Scribe(rng, kept, (), lambda group: None).write(self._space)
        return Draft(candidate, built, {})

    def draft(self, best: Built, rng: np.random.Generator, *, whole: bool) -> Draft:
        """Return an offspring of the best so far.

        Args:
            best: m_b.
            rng: draws everything.
            whole: rewrite chosen classes as a whole, whatever is set.
        """
        readings = self._read(best)
        weight = weights({group: (r.entropy, r.most) for group, r in readings.items()}, self._choosing.by)
        groups = chosen(weight, self._choosing.classes, None if self._choosing.by == "argmax" else rng)
        rewritten = [name for group in groups for name in self._names(best, group, rng, whole=whole)]
        listeners = {group: readings[group].listener.again() for group in groups}
        candidate, built = Scribe(rng, best.trace, rewritten, listeners.get).write(self._space)
        lessons = {group: Lesson(heard.sentence, heard.entropy) for group, heard in listeners.items()}
        return Draft(candidate, built, lessons)

    def _names(self, best: Built, group: str, rng: np.random.Generator, *, whole: bool) -> list[str]:
        """Return the choices of a class that are rewritten."""
        names = [w.name for w in of(best.sentence, group)]
        if whole or self._choosing.rewrite == "class":
            return names
        count = 1 if self._choosing.rewrite == "one" else 1 + int(rng.integers(len(names)))
        return [names[int(i)] for i in rng.permutation(len(names))[:count]]

    def learn(self, group: str, lesson: Lesson, advantage: float, lr: float) -> None:
        """Teach the encoder of one class."""
        self._policy(group).learn(lesson.sentence, advantage, lr)

    def entropies(self, best: Built) -> dict[str, float]:
        """Return the decision entropy of each class in nats."""
        return {group: reading.entropy for group, reading in self._read(best).items()}

    def _read(self, best: Built) -> dict[str, _Reading]:
        """Let every encoder read its subarchitecture, unless it has."""
        groups = dict.fromkeys(w.group for w in best.sentence)
        for group in groups:
            policy, known = self._policy(group), self._readings.get(group)
            if known is None or known.built is not best or known.version != policy.version:
                asked = of(best.sentence, group)
                listener = policy.listen(without(best.sentence, group))
                most = sum(math.log(len(w.open)) for w in asked)
                self._readings[group] = _Reading(best, policy.version, listener, listener.entropy_on(asked), most)
        return {group: self._readings[group] for group in groups}

    def _policy(self, group: str) -> Policy:
        if group not in self._policies:
            self._policies[group] = Policy(self._shape, zlib.crc32(f"{self._seed}/{group}".encode()))
        return self._policies[group]

    def state_dict(self) -> dict[str, Any]:
        """Return what the encoders have learned."""
        return {group: policy.state_dict() for group, policy in self._policies.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._policies, self._readings = {}, {}
        for group, learned in state.items():
            self._policy(group).load_state_dict(learned)
