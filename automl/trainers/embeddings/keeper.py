"""The best recommender of a training, as named arrays; and how much its columns matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.core.records import Json, Weights
from automl.search_spaces.embeddings import Field, Plan, layout
from automl.trainers.embeddings.align import align
from automl.trainers.embeddings.pack import pack
from automl.trainers.embeddings.recommender import Recommender
from automl.trainers.embeddings.spans import spans


class Keeper:
    """Keeps the recommender of the best epoch.

    That of stage "wide" is kept with its columns aligned, where the plan says so: training goes on with the coordinates
    that it has, and whoever inherits gets principal axes, whenever the stage ends.

    Attributes:
        latest: whether the last epoch counts, not the best: at stage "thresholds", which goes on to ever fewer values.
        weights: the best so far; empty before the first.
        metrics: what was measured of it.
    """

    def __init__(self, plan: Plan, fields: Sequence[Field]) -> None:
        self.plan, self.fields, self.latest = plan, fields, plan.stage == "thresholds"
        self.weights: Weights = {}
        self.metrics: dict[str, float] = {}

    def keep(self, recommender: Recommender, metrics: dict[str, float]) -> None:
        """Take note of the best so far."""
        self.metrics = metrics
        if not (self.plan.aligned and self.plan.stage == "wide"):
            self.weights = pack(recommender, self.plan, self.fields)
            return
        before = {name: tensor.clone() for name, tensor in recommender.state_dict().items()}
        align(recommender)
        self.weights = pack(recommender, self.plan, self.fields)
        recommender.load_state_dict(before)


def importance(plan: Plan, fields: Sequence[Field], weights: Weights) -> Json:
    """Return the root mean square of alpha * e for every block and column, {field: [[K numbers] per block]}."""
    found: dict[str, Json] = {field.name: [] for field in fields}
    for span in spans(plan, fields):
        table = weights[layout.table(span.field, span.block)].astype(np.float64)
        size = np.sqrt(np.square(table).mean(0)) * weights.get(layout.alpha(span.field, span.block), 1.0)
        blocks = found[span.field]
        assert isinstance(blocks, list)
        blocks.append(size.tolist())
    return found


def alphas(plan: Plan, fields: Sequence[Field], weights: Weights) -> Json:
    """Return alpha for every block and column, {field: [[K numbers] per block]}."""
    found: dict[str, list[Json]] = {field.name: [] for field in fields}
    for span in spans(plan, fields):
        found[span.field].append(weights[layout.alpha(span.field, span.block)].tolist())
    return dict(found)
