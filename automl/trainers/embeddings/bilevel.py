"""The search step: alphas minimise the loss on held-out rows, weights the loss on training rows.

    min over alpha of L_search(w*(alpha), alpha), where w*(alpha) = argmin over w of L_train(w, alpha)

Adam steps on the weights, and after each, or every other, a plain gradient step on alpha: it has a thousandth of the
parameters, and needs no more than steps enough for a mean. First order: w* is taken for the weights as they
are after their step. Second order: w* is one gradient step ahead, w - xi grad L_train(w, alpha), and alpha's gradient
goes through that step (DARTS, section 2.3, without its finite differences).

Every row of alpha (one block) has its gradient divided by its mean absolute value: hot blocks have gradients orders of
magnitude larger than cold ones, and would decide alone. alpha stays in [0, 1].

Where columns are principal axes, L_search has no L2 penalty: it is there to keep the weights from fitting their rows
too well, and on rows that they do not see that is measured. With it, alpha would shrink the embeddings a second time.
Where columns are the coordinates that training happened to find, it has: none of these is worth more than another, so
without a price of keeping them all alpha would choose none.

Deviation: an epoch ends with the mean of alpha over its steps. Divided by their size, gradients of columns that make no
difference are signs of noise, and alpha walks at random; a mean of the walk is less so (Polyak and Juditsky 1992).

Cheng, Shen and Huang: Differentiable neural input search for recommender systems. arXiv 2006.04466, 2020.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call, grad

from automl.trainers.embeddings.descent import Descent, Loss
from automl.trainers.embeddings.placed import Part

TINY = 1e-8
"""Added to the mean absolute gradient of a row, as in the authors' code."""
REACH = 0.5
"""How far an epoch can move an average alpha of a block, whose range is 1, where no learning rate is set.

Published is a rate per step, 0.01, on epochs of about 1,000 steps. Data whose epochs have 10 would hardly move alpha
with it, so the steps are as large as their number allows.
"""


@dataclass(frozen=True, slots=True)
class Search:
    """Settings of the search step; see `EmbeddingsTrainer`."""

    alpha_lr: float | None
    l1: float
    order: int
    normalise: bool
    average: bool = False
    every: int = 1
    penalised: bool = False

    def rate(self, steps: int) -> float:
        """Return the size of the steps of alpha, of which an epoch has so many."""
        return REACH / steps if self.alpha_lr is None else self.alpha_lr


class Bilevel:
    """Pairs of steps.

    Args:
        descent: steps of the weights.
        search: settings.
        held: the rows of data that alpha learns from; begun anew when they end, so that an epoch is as long as the
            training rows make it.
        batch_size: rows of a step of alpha.
    """

    def __init__(self, descent: Descent, search: Search, held: Part, batch_size: int) -> None:
        alpha = descent.loss.recommender.tables.alpha
        assert alpha is not None
        self.descent, self.search, self.held, self.batch_size = descent, search, held, batch_size
        self.alpha = alpha.requires_grad_(False)  # the steps of the weights need no gradient for it

    def epoch(self, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Take a step for every batch of training rows, and those of alpha; return the sum of the rows' losses."""
        moves = math.ceil(len(batches) / self.search.every)
        rate = self.search.rate(moves)
        total, walked = torch.zeros((), device=self.alpha.device), torch.zeros_like(self.alpha)
        held_out, priced = self._cycle(), self.search.penalised
        for number, (ids, labels) in enumerate(batches):
            if number % self.search.every:
                total += self.descent.step(ids, labels)
                continue
            held = next(held_out)
            if self.search.order == 2:
                gradient = second_order(self.descent.loss, (ids, labels), held, xi=self._xi(), penalised=priced)
                total += self.descent.step(ids, labels)
            else:
                total += self.descent.step(ids, labels)
                gradient = first_order(self.descent.loss, held, penalised=priced)
            move(self.alpha, gradient, self.search, rate)
            walked += self.alpha
        if self.search.average:
            self.alpha.copy_(walked / moves)
        return total

    def _xi(self) -> float:
        """Return the step that is looked ahead: the learning rate of the weights, as in DARTS."""
        return float(self.descent.optimizers[0].param_groups[0]["lr"])

    def _cycle(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.held.shuffled().batches(self.batch_size)


def first_order(loss: Loss, held: tuple[Tensor, Tensor], *, penalised: bool = False) -> Tensor:
    """Return the gradient (blocks, K) of the loss on held-out rows, penalised or not, at the weights as they are."""
    alpha = loss.recommender.tables.alpha
    assert alpha is not None
    alpha.requires_grad_(True)
    found: Tensor = torch.autograd.grad(loss(*held, penalised=penalised), alpha)[0]
    alpha.requires_grad_(False)
    return found


def second_order(
    loss: Loss, batch: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor], *, xi: float, penalised: bool = False
) -> Tensor:
    """Return the gradient (blocks, K) of the loss on held-out rows at the weights one gradient step ahead.

    Args:
        loss: of weights and alpha.
        batch: training rows (B, F) and labels (B,) of the step ahead.
        held: held-out rows and labels.
        xi: size of the step ahead; 0 gives the first-order gradient.
        penalised: whether the loss on held-out rows is.
    """
    named = {name: parameter.detach() for name, parameter in loss.named_parameters()}
    key = "recommender.tables.alpha"
    alpha = named.pop(key)
    stepping = {name for name, parameter in loss.named_parameters() if parameter.requires_grad}
    weights = {name: tensor for name, tensor in named.items() if name in stepping}
    fixed = {name: tensor for name, tensor in named.items() if name not in stepping}

    def at(weights: dict[str, Tensor], alpha: Tensor, rows: tuple[Tensor, Tensor], *, penalised: bool) -> Tensor:
        found: Tensor = functional_call(loss, {**fixed, **weights, key: alpha}, rows, {"penalised": penalised})
        return found

    def ahead(alpha: Tensor) -> Tensor:
        slopes = grad(at)(weights, alpha, batch, penalised=True)
        moved = {name: weights[name] - xi * slope for name, slope in slopes.items()}
        return at(moved, alpha, held, penalised=penalised)

    found: Tensor = grad(ahead)(alpha)
    return found


@torch.no_grad()
def move(alpha: Tensor, gradient: Tensor, search: Search, rate: float) -> None:
    """Take a gradient step of alpha in place.

    The L1 penalty is part of what is normalised, as in AutoSrh (TKDE 2022).
    """
    gradient = gradient + search.l1 * alpha.sign()
    if search.normalise:
        gradient = gradient / (gradient.abs().mean(1, keepdim=True) + TINY)
    alpha.sub_(rate * gradient).clamp_(0.0, 1.0)
