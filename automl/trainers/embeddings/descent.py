"""A step of the weights: the loss, and Adam on dense or on sparse gradients.

Kingma and Ba: Adam, ICLR 2015. Lazy Adam (torch's SparseAdam) changes the moments of the rows of the batch only, so
that its step costs what the batch costs, not what the table costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.models.known import scorer_class
from automl.trainers.embeddings.recipe import Recipe
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.tasks.task import Lesson, Task

DENSE = 20
"""Updates are dense as long as the tables have at most so many rows for each that a batch reads.

Milliseconds of a step, matrix factorisation of K = 32 on one thread, dense / sparse:

    rows         256 rows of data    1,024          4,096
      2,600       2.0 /  3.5         2.8 /  5.1      6.5 /  9.8
     10,000       2.4 /  3.3         3.2 /  4.6      5.8 / 10.4
     55,000       5.8 /  3.6         5.8 /  5.4     10.3 / 11.8
    200,000      13.1 /  3.6        13.3 /  6.1     15.5 / 12.6
    500,000      59.0 /  3.1        48.5 /  5.4     71.6 / 13.2
"""


class Loss(nn.Module):
    """The loss of a batch, as one module, so that its parameters can be replaced (`torch.func.functional_call`).

    Only embeddings that the batch reads are shrunk, once for every time they are read: popular rows are shrunk more
    often, in step with how often they are fitted, rows that training never reads stay as they are, and the penalty has
    a sparse gradient wherever the loss has one (Koren, Bell and Volinsky 2009, equation 2). The penalty keeps weights
    from following the noise of single rows; a teacher's scores have none, so it goes with the share of the rows.

    Args:
        recommender: what is trained.
        task: its loss.
        l2: weight of the mean squared length of the embeddings of a row of data.
        lesson: what is learned besides; its teacher is no part of the module.
    """

    def __init__(self, recommender: Recommender, task: Task, l2: float, lesson: Lesson | None = None) -> None:
        super().__init__()
        self.recommender, self.task, self.l2, self.lesson = recommender, task, l2, lesson

    def forward(self, ids: Tensor, labels: Tensor, *, penalised: bool = True) -> Tensor:
        """Return the loss of rows (B, F) with labels (B,)."""
        l2 = self.l2 if penalised else 0.0
        if self.lesson is None:
            loss, length = self.task.loss(self.recommender, ids, labels)
        else:
            loss, length = self.task.told(self.recommender, ids, self.lesson)
            l2 *= 1.0 - self.lesson.share
        return loss + l2 * length if l2 else loss


class Descent:
    """Adam steps of the parameters that require a gradient.

    Args:
        loss: of the recommender whose weights take the steps.
        lr: learning rate at the start.
    """

    def __init__(self, loss: Loss, lr: float) -> None:
        self.loss, self.lr = loss, lr
        recommender = loss.recommender
        lazy = [recommender.tables.weight, recommender.first] if recommender.tables.sparse else []
        lazy = [parameter for parameter in lazy if parameter.requires_grad]
        held = {id(parameter) for parameter in lazy}
        dense = [each for each in loss.parameters() if each.requires_grad and id(each) not in held]
        self.optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam(dense, lr, fused=True)] if dense else []
        self.optimizers += [torch.optim.SparseAdam(lazy, lr)] if lazy else []

    def rate(self, scale: float) -> None:
        """Set the learning rate, as a share of the one at the start."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.lr * scale

    def epoch(self, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Take a step on every batch; return the sum of their losses."""
        total = torch.zeros((), device=self.loss.recommender.bias.device)
        for ids, labels in batches:
            total += self.step(ids, labels)
        return total

    def step(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Take a step on a batch and return its loss."""
        loss: Tensor = self.loss(ids, labels)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """Return the moments and the steps taken."""
        return {
            f"{number}/{place}/{name}": torch.as_tensor(value)
            for number, optimizer in enumerate(self.optimizers)
            for place, parameter in enumerate(_parameters(optimizer))
            for name, value in optimizer.state[parameter].items()
        }

    def resume(self, state: dict[str, Tensor]) -> None:
        """Take up what `state` returned."""
        for key, value in state.items():
            number, place, name = key.split("/")
            optimizer = self.optimizers[int(number)]
            parameter = _parameters(optimizer)[int(place)]
            counted = name == "step" and isinstance(optimizer, torch.optim.SparseAdam)
            optimizer.state[parameter][name] = int(value) if counted else value.to(parameter.device)


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def lazily(plan: Plan, fields: Sequence[Field], recipe: Recipe) -> bool:
    """Say whether the gradients of the embeddings are to be sparse: they have no second derivatives, and no graph."""
    if recipe.update != "auto":
        return recipe.update == "sparse"
    if recipe.order == 2 or scorer_class(recipe.model).propagates:
        return False
    rows = sum(field.rows for field in fields)
    return rows > DENSE * recipe.batch_size * len(fields)
