"""The encoder of EAS: one embedding per word, read by a bidirectional LSTM (sizes of the released code)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from automl.controllers._eas.parameters import Parameters
from automl.controllers._eas.questions import Sentence

EMBEDDING = 16
EMBEDDING_BOUND = 3**0.5  # uniform with variance 1, as released
UNITS = 50  # per direction
ENCODED = 2 * UNITS
EMPTY = ("",)
"""What is read of a candidate without a word."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder says about n sentences.

    Attributes:
        words: [n, longest, 100], an encoding of each word in its context; zero beyond a sentence's end.
        hidden: [n, 100], the last hidden state of the forward and of the backward LSTM.
        cell: [n, 100], their last cell state.
    """

    words: Tensor
    hidden: Tensor
    cell: Tensor


class Encoder:
    """Reads sentences of words, one word per layer; the vocabulary grows as words are met."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._lstm = parameters.lstm("encoder", nn.LSTM, EMBEDDING, UNITS, bidirectional=True)

    def __call__(self, sentences: Sequence[Sentence]) -> Encoded:
        """Encode sentences."""
        sentences = [sentence or EMPTY for sentence in sentences]
        lengths = [len(sentence) for sentence in sentences]
        embedded = self._embed(sentences, max(lengths))
        if len(sentences) == 1:  # sampling: packing would take as long as the LSTM itself
            outputs, (hidden, cell) = self._lstm(embedded)
            words = outputs.transpose(0, 1)
        else:
            packed = pack_padded_sequence(embedded, torch.tensor(lengths), enforce_sorted=False)
            outputs, (hidden, cell) = self._lstm(packed)
            words, _ = pad_packed_sequence(outputs, batch_first=True)
        return Encoded(words, hidden.transpose(0, 1).flatten(1), cell.transpose(0, 1).flatten(1))

    def _embed(self, sentences: Sequence[Sentence], longest: int) -> Tensor:
        """Return [longest, n, 16]."""
        place = {word: i for i, word in enumerate(dict.fromkeys(word for s in sentences for word in s))}
        ids = torch.zeros(longest, len(sentences), dtype=torch.long)
        for i, sentence in enumerate(sentences):
            ids[: len(sentence), i] = torch.tensor([place[word] for word in sentence])
        table = torch.stack([self._parameters.get(f"word/{word}", (EMBEDDING,), EMBEDDING_BOUND) for word in place])
        return table[ids]
