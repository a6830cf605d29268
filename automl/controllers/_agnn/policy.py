"""A policy that reads words and answers questions, one after the other, with an LSTM and one softmax per question.

Before each question the cell reads the previous answer and the name of what is asked. Questions of one class and size
share their softmax and the vectors of their answers; the name tells them apart.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.controllers._agnn.lstm import Memory, Step, advance, retreat, start
from automl.controllers._agnn.parameters import Array, Gradients, Parameters
from automl.controllers._agnn.words import Sentence, Word


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and squashing of a policy.

    Attributes:
        units: of the LSTM and of its embeddings.
        bound: the first weights are uniform between -bound and bound.
        temperature: logits are divided by it.
        tanh_constant: then they are squashed to `tanh_constant * tanh(logit)`; 0 leaves them as they are.
    """

    units: int
    bound: float
    temperature: float
    tanh_constant: float


@dataclass(frozen=True, slots=True)
class Answered:
    """What the way back needs of one word."""

    word: Word
    previous: Word | None
    step: Step
    hidden: Array
    probabilities: Array | None
    slope: Array | None
    """Derivative of the squashed logits with respect to the plain ones."""


class Policy:
    """Answers the questions of one class of actions, or of a whole program.

    Args:
        shape: its size.
        seed: seed of the first weights, not negative.
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape = shape
        self.parameters = Parameters(seed, shape.bound)
        self.version = 0
        """How often it has learned."""

    def log_likelihood(self, sentence: Sentence) -> float:
        """Return log P of the decided answers, each after the words before it."""
        found = [(one.word.answer, one.probabilities) for one in self._read(sentence)]
        return sum(math.log(p[answer]) for answer, p in found if p is not None)

    def gradients(self, sentence: Sentence, weight: float) -> Gradients:
        """Return the gradient of weight * log P(decided answers), by name of parameter."""
        return self._back(self._read(sentence), weight)

    def learn(self, sentence: Sentence, advantage: float, lr: float) -> None:
        """Take one step of REINFORCE (Williams 1992): make the decided answers likelier, or less so."""
        self.parameters.ascend(self.gradients(sentence, advantage), lr)
        self.version += 1

    def state_dict(self) -> dict[str, Any]:
        """Return everything learned."""
        return self.parameters.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.parameters.load_state_dict(state)
        self.version += 1

    def listen(self, heard: Sentence) -> Listener:
        """Return the policy in conversation, after it has read some words."""
        return Listener(self, heard)

    def _read(self, sentence: Sentence) -> list[Answered]:
        memory, previous, answered = start(self.shape.units), None, list[Answered]()
        for word in sentence:
            memory, step = self.advance(word.name, previous, memory)
            p, slope = self.softmax(word, memory.hidden) if word.decided else (None, None)
            answered.append(Answered(word, previous, step, memory.hidden, p, slope))
            previous = word
        return answered

    def advance(self, name: str, previous: Word | None, memory: Memory) -> tuple[Memory, Step]:
        """Read the previous answer and the name of the next question."""
        given = self._name(name)
        if previous is not None:
            given = given + self._tokens(previous)[previous.answer]
        return advance(*self._cell(), given, memory)

    def softmax(self, word: Word, hidden: Array) -> tuple[Array, Array]:
        """Return the probabilities of a word's alternatives, zero where not open, and the slope of the squashing."""
        weight, bias = self._decoder(word)
        logits = (weight @ hidden + bias) / self.shape.temperature
        slope = np.full(word.size, 1.0 / self.shape.temperature)
        if self.shape.tanh_constant:
            squashed = np.tanh(logits)
            logits, slope = self.shape.tanh_constant * squashed, self.shape.tanh_constant * slope * (1 - squashed**2)
        if len(word.open) < word.size:
            masked, places = np.full(word.size, -np.inf), list(word.open)
            masked[places] = logits[places]
            logits = masked
        exponentials = np.exp(logits - logits.max())
        return exponentials / exponentials.sum(), slope

    def _back(self, answered: Sequence[Answered], weight: float) -> Gradients:
        """Go back through a sentence and return the gradients by name of parameter."""
        found: Gradients = {}
        units = self.shape.units
        hidden, cell = np.zeros(units), np.zeros(units)
        cell_weight, cell_bias = self._cell()
        of_weight, of_bias = np.zeros_like(cell_weight), np.zeros_like(cell_bias)
        for one in reversed(answered):
            if one.probabilities is not None:
                hidden = hidden + self._back_softmax(one, weight, found)
            gates, read, cell = retreat(cell_weight, one.step, hidden, cell)
            of_weight += np.outer(gates, one.step.read)
            of_bias += gates
            given, hidden = read[:units], read[units:]
            _add(found, f"name/{one.word.name}", given)
            if one.previous is not None:
                _row(found, f"token/{one.previous.kind}", self._tokens(one.previous), one.previous.answer, given)
        return found | {"cell/weight": of_weight, "cell/bias": of_bias}

    def _back_softmax(self, one: Answered, weight: float, found: Gradients) -> Array:
        """Add the gradients of a decision's softmax; return that of the hidden state it was made from."""
        assert one.probabilities is not None
        assert one.slope is not None
        logits = -weight * one.probabilities
        logits[one.word.answer] += weight
        plain = logits * one.slope
        _add(found, f"decoder/{one.word.kind}", np.outer(plain, one.hidden))
        _add(found, f"bias/{one.word.kind}", plain)
        back: Array = plain @ self._decoder(one.word)[0]
        return back

    def _cell(self) -> tuple[Array, Array]:
        units = self.shape.units
        weight = self.parameters.get("cell/weight", (4 * units, 2 * units))
        return weight, self.parameters.get("cell/bias", (4 * units,), zero=True)

    def _name(self, name: str) -> Array:
        return self.parameters.get(f"name/{name}", (self.shape.units,))

    def _tokens(self, word: Word) -> Array:
        return self.parameters.get(f"token/{word.kind}", (word.size, self.shape.units))

    def _decoder(self, word: Word) -> tuple[Array, Array]:
        weight = self.parameters.get(f"decoder/{word.kind}", (word.size, self.shape.units))
        return weight, self.parameters.get(f"bias/{word.kind}", (word.size,), zero=True)


class Listener:
    """A policy in the middle of a sentence: asks are answered, answers are heard."""

    def __init__(self, policy: Policy, heard: Sentence) -> None:
        self.heard = heard
        self._policy = policy
        self._memory, self._previous = start(policy.shape.units), None
        for word in heard:
            self._memory, _ = policy.advance(word.name, self._previous, self._memory)
            self._previous = word
        self.said: list[Word] = []
        """The words since."""
        self.entropy = 0.0
        """Of the decisions since, in nats."""
        self._read = 0
        """How many of them the cell has read."""

    def again(self) -> Listener:
        """Return a copy, so that the same words need not be read twice."""
        twin = copy.copy(self)
        twin.said = list(self.said)
        return twin

    @property
    def sentence(self) -> Sentence:
        """All words, those that were heard first and those since."""
        return (*self.heard, *self.said)

    def entropy_on(self, words: Sequence[Word]) -> float:
        """Return the summed entropy of the answers to these questions, each after the answers that the words have."""
        memory, previous, total = self._memory, self._previous, 0.0
        for word in words:
            memory, _ = self._policy.advance(word.name, previous, memory)
            total += entropy_of(self._policy.softmax(word, memory.hidden)[0])
            previous = word
        return total

    def answer(self, asked: Word, rng: np.random.Generator | None) -> Word:
        """Return a question with the policy's answer, drawn with `rng`; None keeps the answer it has."""
        if rng is not None:
            self._catch_up(asked)
            p, _ = self._policy.softmax(asked, self._memory.hidden)
            self.entropy += entropy_of(p)
            asked = Word(asked.name, asked.size, drawn(p, rng), asked.open, decided=True)
            self._previous = asked
        self.said.append(asked)
        return asked

    def _catch_up(self, asked: Word) -> None:
        """Read what was only heard since the last decision, and the name of what is asked now."""
        for word in (*self.said[self._read :], asked):
            self._memory, _ = self._policy.advance(word.name, self._previous, self._memory)
            self._previous = word
        self._read = len(self.said) + 1


def entropy_of(probabilities: Array) -> float:
    """Return the entropy of a distribution in nats."""
    positive = probabilities[probabilities > 0.0]
    return -float(positive @ np.log(positive))


def drawn(probabilities: Array, rng: np.random.Generator) -> int:
    """Return an index drawn with these probabilities, never one of probability zero."""
    total = probabilities.cumsum()
    return int(total.searchsorted(rng.random() * total[-1], side="right"))


def _add(found: Gradients, name: str, gradient: Array) -> None:
    if name in found:
        found[name] = found[name] + gradient
    else:
        found[name] = gradient


def _row(found: Gradients, name: str, like: Array, row: int, gradient: Array) -> None:
    if name not in found:
        found[name] = np.zeros_like(like)
    found[name][row] += gradient
