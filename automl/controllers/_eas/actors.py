"""The two actors of EAS, each with one head per name of question.

Net2Wider answers what is asked of every word (`widen/3`) from that word's encoding: one shared linear layer
and a sigmoid, so the answers of one step are independent. Net2Deeper answers what is asked of the whole net
(`deepen/block`, `deepen/after`, `deepen/kernel`) one after the other with an LSTM that starts from the
encoder's last state and reads each answer before the next question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from automl.controllers._eas.encoder import EMBEDDING, EMBEDDING_BOUND, ENCODED, Encoded
from automl.controllers._eas.parameters import Parameters
from automl.controllers._eas.questions import Question

HEAD_BOUND = ENCODED**-0.5
State: TypeAlias = tuple[Tensor, Tensor]


def _linear(parameters: Parameters, name: str, inputs: Tensor, outputs: int) -> Tensor:
    weight = parameters.get(f"{name}/weight", (outputs, ENCODED), HEAD_BOUND)
    bias = parameters.get(f"{name}/bias", (outputs,), 0.0)
    return nn.functional.linear(inputs, weight, bias)


class Net2Wider:
    """Answers questions about single words."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def logits(self, name: str, size: int, words: Tensor) -> Tensor:
        """Return logits [..., size] from encodings [..., 100].

        The first option's logit is zero: of two options the second then has the paper's sigmoid of one
        linear output.
        """
        free = _linear(self._parameters, f"wider/{name}", words, size - 1)
        return torch.cat([torch.zeros_like(free[..., :1]), free], dim=-1)


class Net2Deeper:
    """Answers questions about the whole net, in sequence."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._cell = parameters.lstm("decoder", nn.LSTMCell, EMBEDDING, ENCODED)

    def begin(self, encoded: Encoded) -> State:
        """Return the decoder's state before the first question, for n nets."""
        return encoded.hidden, encoded.cell

    def advance(self, state: State, previous: Sequence[Question | None]) -> State:
        """Read the previous answer of each net (None before the first question)."""
        advanced: State = self._cell(self._embed(previous), state)
        return advanced

    def logits(self, name: str, size: int, hidden: Tensor) -> Tensor:
        """Return logits [n, size] from hidden states [n, 100]."""
        return _linear(self._parameters, f"deeper/{name}", hidden, size)

    def _embed(self, previous: Sequence[Question | None]) -> Tensor:
        """Return [n, 16]: a learned vector per (question, answer), zero where nothing was asked before."""
        sizes = {q.name: q.size for q in previous if q}
        tables = [torch.zeros(1, EMBEDDING, dtype=self._parameters.dtype)]
        first = {}
        for name, size in sizes.items():
            first[name] = sum(len(table) for table in tables)
            tables.append(self._parameters.get(f"answer/{name}", (size, EMBEDDING), EMBEDDING_BOUND))
        return torch.cat(tables)[[first[q.name] + q.answer if q else 0 for q in previous]]
