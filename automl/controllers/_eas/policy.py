"""The policy of EAS: sample the answers of an edit, and say how likely recorded answers are.

An answer that is not allowed gets probability zero and the rest is renormalised; a question with one allowed
answer is never asked and adds nothing to the log-likelihood (masking in the released code).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from automl.controllers._eas.actors import Net2Deeper, Net2Wider, State
from automl.controllers._eas.encoder import EMPTY, Encoded, Encoder
from automl.controllers._eas.parameters import Parameters
from automl.controllers._eas.questions import (
    WHOLE,
    Episode,
    Question,
    Sentence,
    Step,
    options_of,
    split_name,
)
from automl.core.domains import Domain, Value

Logits: TypeAlias = npt.NDArray[np.float64]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: these nets are too small for more, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_Owned: TypeAlias = tuple[int, Step]
"""A step and the place of its episode in the batch."""
_Scored: TypeAlias = tuple[Sequence[int], Tensor, Tensor]
"""Of some questions the places of their episodes, the log-likelihoods and the entropies."""


class Policy:
    """Encoder and actors together. Encodings are kept until `forget`, which every update has to call."""

    def __init__(self, parameters: Parameters) -> None:
        self._encoder = Encoder(parameters)
        self._wider = Net2Wider(parameters)
        self._deeper = Net2Deeper(parameters)
        self._known: dict[Any, Any] = {}

    def forget(self) -> None:
        """Drop what was computed from parameters that have changed."""
        self._known.clear()

    def answer(self, words: Sentence, rng: np.random.Generator, edit: str | None = None) -> Answering:
        """Return who answers the questions of one edit of the net `words`; `edit` is given or learned."""
        return Answering(self, words, rng, edit)

    def word_logits(self, words: Sentence, name: str, size: int) -> Logits:
        """Return the logits [len(words), size] of a question about each word."""
        logits: Logits = self._once(
            ("words", words, name, size),
            lambda: self._wider.logits(name, size, self._encode(words).words[0]).double().numpy(),
        )
        return logits

    def whole_logits(self, words: Sentence, past: tuple[Question, ...], name: str, size: int) -> Logits:
        """Return the logits [size] of a question about the whole net, after the answers `past`."""
        logits: Logits = self._once(
            ("whole", words, past, name, size),
            lambda: self._deeper.logits(name, size, self._decode(words, past)[0])[0].double().numpy(),
        )
        return logits

    def _encode(self, words: Sentence) -> Encoded:
        encoded: Encoded = self._once(("encoded", words), lambda: self._encoder([words]))
        return encoded

    def _decode(self, words: Sentence, past: tuple[Question, ...]) -> State:
        def compute() -> State:
            before = self._decode(words, past[:-1]) if past else self._deeper.begin(self._encode(words))
            return self._deeper.advance(before, [past[-1] if past else None])

        state: State = self._once(("decoded", words, past), compute)
        return state

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._known:
            with one_thread(), torch.no_grad():
                self._known[key] = compute()
        return self._known[key]

    def log_likelihood(self, episodes: Sequence[Episode]) -> tuple[Tensor, Tensor]:
        """Return the log-likelihood [n] and the entropy [n] of the answers of n episodes, with gradients."""
        steps = [(i, step) for i, episode in enumerate(episodes) for step in episode if step.questions]
        if not steps:
            return torch.zeros(len(episodes)), torch.zeros(len(episodes))
        row = {words: i for i, words in enumerate(dict.fromkeys(step.words for _, step in steps))}
        encoded = self._encoder(list(row))
        scored = [*self._score_words(steps, row, encoded), *self._score_wholes(steps, row, encoded)]
        episode = torch.tensor([i for owners, _, _ in scored for i in owners])
        blank = torch.zeros(len(episodes), dtype=encoded.words.dtype)
        log_likelihood = blank.index_add(0, episode, torch.cat([log_p for _, log_p, _ in scored]))
        return log_likelihood, blank.index_add(0, episode, torch.cat([entropy for _, _, entropy in scored]))

    def _score_words(self, steps: list[_Owned], row: dict[Sentence, int], encoded: Encoded) -> Iterator[_Scored]:
        """Score all questions about words, head by head."""
        asked: dict[tuple[str, int], list[tuple[int, int, Question]]] = defaultdict(list)
        for owner, step in steps:
            for question in step.questions:
                if question.place != WHOLE:
                    asked[question.name, question.size].append((owner, row[step.words], question))
        for (name, size), entries in asked.items():
            owners, rows, questions = zip(*entries, strict=True)
            words = encoded.words[list(rows), [question.place for question in questions]]
            yield owners, *_score(self._wider.logits(name, size, words), questions)

    def _score_wholes(self, steps: list[_Owned], row: dict[Sentence, int], encoded: Encoded) -> Iterator[_Scored]:
        """Score all questions about whole nets: one run of the decoder over all steps at once."""
        wholes = [(owner, step.words, _wholes(step)) for owner, step in steps if _wholes(step)]
        wholes.sort(key=lambda entry: -len(entry[2]))  # those that ask on are always the first
        if not wholes:
            return
        rows = [row[words] for _, words, _ in wholes]
        hidden, cell = self._deeper.begin(encoded)
        state = hidden[rows], cell[rows]
        for turn in range(len(wholes[0][2])):
            alive = [(owner, asked) for owner, _, asked in wholes if len(asked) > turn]
            previous = [asked[turn - 1] if turn else None for _, asked in alive]
            state = self._deeper.advance((state[0][: len(alive)], state[1][: len(alive)]), previous)
            heads: dict[tuple[str, int], list[int]] = defaultdict(list)
            for i, (_, asked) in enumerate(alive):
                heads[asked[turn].name, asked[turn].size].append(i)
            for (name, size), members in heads.items():
                logits = self._deeper.logits(name, size, state[0][members])
                yield (
                    tuple(alive[i][0] for i in members),
                    *_score(logits, [alive[i][1][turn] for i in members]),
                )


def _wholes(step: Step) -> tuple[Question, ...]:
    return tuple(question for question in step.questions if question.place == WHOLE)


def _score(logits: Tensor, questions: Sequence[Question]) -> tuple[Tensor, Tensor]:
    """Return the log-likelihood [q] of the answers and the entropy [q] of the masked distributions."""
    mask = np.ones(logits.shape, dtype=bool)
    for i, question in enumerate(questions):
        mask[i, question.allowed] = False
    closed = torch.from_numpy(mask)
    log_p = logits.masked_fill(closed, -torch.inf).log_softmax(dim=-1)
    answers = torch.tensor([[question.answer] for question in questions])
    entropy = -(log_p.exp() * log_p.masked_fill(closed, 0.0)).sum(dim=-1)
    return log_p.gather(1, answers)[:, 0], entropy


@dataclass(slots=True)
class Answering:
    """Answers the questions of one edit by sampling from the policy, and keeps the record."""

    policy: Policy
    words: Sentence
    rng: np.random.Generator
    edit: str | None
    _asked: list[Question] = field(default_factory=list)

    def __call__(self, name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        """Answer one question; `edit` as scheduled, everything else by the policy."""
        if name == "edit" and self.edit is not None:
            return self.edit
        options = options_of(name, domain)
        head, place = split_name(name)
        if place >= len(self.words):  # a number in its name, but not the place of a word
            head, place = name, WHOLE
        open_ = tuple(range(len(options))) if allowed is None else tuple(map(options.index, allowed))
        logits = self._logits(head, place, len(options))[list(open_)]
        weights = np.exp(logits - logits.max()).cumsum()
        drawn = int(np.searchsorted(weights, self.rng.random() * weights[-1], side="right"))
        answer = open_[min(drawn, len(open_) - 1)]
        self._asked.append(Question(head, place, len(options), open_, answer))
        return options[answer]

    def _logits(self, head: str, place: int, size: int) -> Logits:
        if place != WHOLE:
            logits: Logits = self.policy.word_logits(self.words, head, size)[place]
            return logits
        past = tuple(question for question in self._asked if question.place == WHOLE)
        return self.policy.whole_logits(self.words, past, head, size)

    def step(self) -> Step:
        """Return the record of this edit."""
        return Step(self.words or EMPTY, tuple(self._asked))
