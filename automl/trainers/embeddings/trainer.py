"""Trainer `embeddings`: how well a recommender predicts with the embedding dimensions of a plan."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from automl.core.objectives import Direction
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.search_spaces.embeddings import Plan
from automl.search_spaces.embeddings import size as size_of
from automl.trainers.embeddings.data import Dataset, Reading, read
from automl.trainers.embeddings.data.reading import Asked, SchemaLike, Split
from automl.trainers.embeddings.facts import facts, fields_in, fields_of, model_for, narrowed
from automl.trainers.embeddings.recipe import Device, Recipe, Tower, Update
from automl.trainers.embeddings.remarks import remarks
from automl.trainers.embeddings.tasks import MEASURES, measures_of
from automl.trainers.embeddings.usual import SEARCH_LR, USUAL

if TYPE_CHECKING:
    from automl.trainers.embeddings.exported import Exported
    from automl.trainers.embeddings.fit import Trained
    from automl.trainers.embeddings.ground import Ground

N = TypeVar("N", int, float)


class EmbeddingsTrainer(Trainer):
    """Trains recommenders with PyTorch Lightning and measures them on the part `stop` of the data.

    An ordinary plan is trained on the parts `train` and `search`, from inherited weights or from scratch, until `stop`
    says that it gets no better, `repeats` times with other seeds; metrics are means, weights those of the best repeat.
    A relaxed plan is trained for one epoch (`effort` of them), and goes on in the next evaluation from the weights
    alone: `wide` and `soft` train weights on `train`, and alpha on `search`. Cost counts rows trained on.

    On a CPU the same seed gives the same outcome, in any process; on a GPU up to rounding.

    Settings:
        schema, task, positive_from, min_count, min_values, hash_buckets, bins, split, shares, max_rows: how data are
            read; see `Reading`.
        data_seed: seed of the division of the data; unlike the seed of a search it stays the same.
        model: "mf", "fm", "mlp", "neumf", "wide_deep", "deepfm", "xdeepfm" or "lightgcn"; "auto" takes deepfm for
            clicks, and mf where users and items are named.
        hidden: units of the hidden layers, where the model has any.
        dropout: share of hidden units that are left out in training.
        epochs: most epochs of an ordinary plan, and of stage `wide`.
        search_epochs: most epochs of stage `soft`.
        pep_epochs: most epochs of stage `thresholds`.
        final_epochs: most epochs of `finish`.
        patience: epochs without progress that end a training, one more in stage `soft`; None takes the task's usual
            number.
        decay: what such an epoch multiplies the learning rate by.
        batch_size: rows of a step; None takes the task's usual number.
        lr: learning rate of Adam; None takes the task's usual one.
        l2: penalty of the squared length of the embeddings that a row of data reads; None takes the task's usual one.
        repeats: trainings of an ordinary plan; the controllers of this space repeat what is best on their own.
        update: whether all rows of the tables are updated in every step ("dense") or those of the batch ("sparse");
            "auto" takes what was measured to be faster.
        inherit_lr: learning rate of ordinary plans from inherited weights; None takes 0.6 of `lr` for clicks, 6 for
            lists, else 0.3.
        inherit_l2: `l2` of ordinary plans that start from inherited weights; None takes `l2`.
        inherit_epochs: epochs of ordinary plans that start from inherited weights, in which the learning rate falls to
            zero in a straight line; 0 has them end as others end, None takes 10 for lists, else 0.
        relaxed_l2: `l2` of stages `wide` and `soft` of aligned plans; None takes 0.7 of `l2` for ratings, else `l2`.
        search_lr: learning rate of the weights in stage `soft`; None takes `inherit_lr` where that is set, else 0.3 of
            `lr`.
        alpha_lr: learning rate of alpha, per step; None takes one with which an epoch can move alpha by half its range.
        l1: penalty of alpha.
        order: 1, or 2 to look one step of the weights ahead.
        normalise: whether the gradient of every block's alphas is divided by its mean magnitude.
        average: whether an epoch of stage `soft` ends with the mean of alpha over its steps, or with the last alpha.
        alpha_every: steps of the weights for one of alpha.
        tower: whether stage `soft` trains what lies above the embeddings, too, or leaves it "frozen".
        steady: stage `soft` of an aligned plan ends when two of its epochs in a row would keep the same values but for
            a share of one less this; None never ends it so.
        rise: what an epoch of stage `thresholds` adds to the logit of every threshold.
        k: how many items are recommended, task `topk`.
        negatives: items drawn for a batch, task `topk` with more than 4,096 items.
        distil: share of the loss of plans cut from a relaxed run that is about the scores of its warm start, not about
            the data, task `topk`; 0 makes no teacher of the warm start.
        sharpen: what the scores of that warm start are multiplied by; more than 1 has its first items matter more.
        device: "auto" (a GPU if there is one), "cpu", "gpu".
        threads: CPU threads of torch; None leaves torch's own. With one the result does not depend on where it ran.

    Profile `paper`: the search of the code of AutoSrh, which has that of DNIS.
    """

    accepts = ("embeddings",)
    metrics = {
        **{f"val_{name}": way for measures in MEASURES.values() for name, way in measures.items()},
        **{f"val_{next(iter(measures))}_sd": "min" for measures in MEASURES.values()},
        "bytes": "min",
        "values": "min",
    }
    cost_unit = "training examples"
    default_budget = {"trials": 10}
    profiles = {
        "paper": {
            "epochs": 20,
            "search_epochs": 50,
            "batch_size": 4096,
            "lr": 0.001,
            "l2": 0.0,
            "inherit_lr": 0.001,
            "inherit_epochs": 0,
            "alpha_lr": 0.01,
            "l1": 1e-5,
            "order": 1,
            "normalise": True,
            "average": False,
            "alpha_every": 1,
            "tower": "frozen",
            "steady": None,
            "distil": 0.0,
        }
    }

    # fmt: off
    def __init__(
        self, data: Any = None, *,
        schema: SchemaLike | None = None, task: Asked = "auto", positive_from: float | None = None,
        min_count: int = 1, min_values: int = 1, hash_buckets: int = 10_000, bins: int = 10, split: Split = "auto",
        shares: tuple[float, float, float, float] = (0.7, 0.1, 0.1, 0.1), max_rows: int | None = None,
        data_seed: int = 0, model: str = "auto", hidden: tuple[int, ...] = (64, 32), dropout: float = 0.0,
        epochs: int = 20, search_epochs: int = 7, pep_epochs: int = 60, final_epochs: int = 60,
        patience: int | None = None, decay: float = 0.5, batch_size: int | None = None, lr: float | None = None,
        l2: float | None = None, repeats: int = 1, update: Update = "auto", inherit_lr: float | None = None,
        inherit_l2: float | None = None, inherit_epochs: int | None = None, relaxed_l2: float | None = None,
        search_lr: float | None = None, alpha_lr: float | None = None, l1: float = 0.0, order: int = 1,
        normalise: bool = True, average: bool = True, alpha_every: int = 2, tower: Tower = "trained",
        steady: float | None = 0.9, rise: float = 0.2, k: int = 20, negatives: int = 1024, distil: float = 0.5,
        sharpen: float = 2.5, device: Device = "auto", threads: int | None = 1,
    ) -> None:
        # fmt: on
        self.reading = Reading(
            schema, task, positive_from, min_count, min_values, hash_buckets, bins, split, shares, data_seed, max_rows
        )
        found = read(data, self.reading)
        model = model_for(found, model, order)
        usual = USUAL[found.task]
        batch_size, patience = _first(batch_size, usual.batch_size), _first(patience, usual.patience)
        lr, l2 = _first(lr, usual.lr), _first(l2, usual.l2)
        search_lr = _first(search_lr, _first(inherit_lr, lr * SEARCH_LR))
        inherit_lr, inherit_l2 = _first(inherit_lr, lr * usual.inherit_lr), _first(inherit_l2, l2)
        inherit_epochs = _first(inherit_epochs, usual.inherit_epochs)
        relaxed_l2 = _first(relaxed_l2, l2 * usual.relaxed_l2)
        self.recipe = Recipe(
            model=model, hidden=tuple(hidden), dropout=dropout, epochs=epochs, search_epochs=search_epochs,
            pep_epochs=pep_epochs, final_epochs=final_epochs, patience=patience, decay=decay, batch_size=batch_size,
            lr=lr, l2=l2, repeats=repeats, update=update, inherit_lr=inherit_lr, inherit_l2=inherit_l2,
            inherit_epochs=inherit_epochs, relaxed_l2=relaxed_l2, search_lr=search_lr, alpha_lr=alpha_lr, l1=l1,
            order=order, normalise=normalise, average=average, alpha_every=alpha_every, tower=tower, steady=steady,
            rise=rise, k=k, negatives=negatives, distil=distil, sharpen=sharpen, device=device, threads=threads,
        )  # fmt: skip
        self.dataset: Dataset = narrowed(found, model)
        measured = measures_of(self.dataset)
        self.metrics = {
            name: way
            for name, way in type(self).metrics.items()
            if _is_of(name, measured)
        }
        self.quality = f"val_{next(iter(measured))}"
        self._fields = fields_of(self.dataset)
        self._ground: Ground | None = None
        self._hash = ""

    def __getstate__(self) -> dict[str, Any]:
        """Travel as arrays and settings; tensors are made again where they are needed."""
        return {**self.__dict__, "_ground": None}

    def default_objectives(self) -> Sequence[str]:
        return [f"{self.metrics[self.quality]}:{self.quality}", "min:bytes"]

    def facts(self) -> dict[str, Json]:
        """Return the fields, whether they may be rotated, and what `load` needs besides weights."""
        return facts(self.dataset, self.recipe)

    @classmethod
    def looks_in(cls) -> Sequence[Path]:
        return ()

    def fingerprint(self) -> str:
        """Return a hash of ids, labels, parts, vocabularies and settings."""
        if not self._hash:
            digest = hashlib.sha256(repr((asdict(self.recipe), self.reading, self.dataset.task)).encode())
            for column in self.dataset.columns:
                digest.update(repr((column.name, column.kind, column.values, column.edges, column.buckets)).encode())
            for array in (self.dataset.ids, self.dataset.labels, self.dataset.parts):
                digest.update(repr((array.shape, array.dtype)).encode())
                digest.update(np.ascontiguousarray(array).data)
            self._hash = f"embeddings:{digest.hexdigest()[:16]}"
        return self._hash

    def train(self, candidate: Plan, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        if candidate.stage != "plain":
            return self._segment(candidate, max(1, round(effort)), weights, seed, report)
        epochs = max(1, round(effort * self.recipe.epochs))
        return self._repeated(candidate, epochs, weights, seed, report)

    def _segment(self, plan: Plan, epochs: int, weights: Weights | None, seed: int, report: Report) -> Outcome:
        from automl.trainers.embeddings.stages import fit_segment

        trained = fit_segment(
            plan, self._prepared(), self.recipe, weights=weights, seed=seed, report=report, epochs=epochs
        )  # fmt: skip
        return self._outcome(plan, [trained], dict(trained.extras))

    def _repeated(self, plan: Plan, epochs: int, weights: Weights | None, seed: int, report: Report) -> Outcome:
        from automl.trainers.embeddings.fit import fit
        from automl.trainers.embeddings.teacher import lesson_of

        trainings: list[Trained] = []
        first, lesson = 0, lesson_of(plan, self._prepared(), self.recipe, weights)
        for repeat in range(self.recipe.repeats):
            trained = fit(
                plan, self._prepared(), self.recipe,
                weights=weights, seed=seed + repeat * _BETWEEN_REPEATS, report=report, epochs=epochs, first=first,
                lesson=lesson,
            )  # fmt: skip
            trainings.append(trained)
            first += trained.epochs
        return self._outcome(plan, trainings, {"best_epochs": [each.best_epoch for each in trainings]})

    def _outcome(self, plan: Plan, trainings: Sequence[Trained], extras: dict[str, Json]) -> Outcome:
        """Return the means of trainings, and the weights of the best.

        Trainings that all end where they began, with the weights that they inherit, are one model: they have no spread.
        """
        sign = 1.0 if self.metrics[self.quality] == "max" else -1.0
        best = max(trainings, key=lambda each: sign * each.metrics[self.quality])
        metrics = {name: statistics.fmean(each.metrics[name] for each in trainings) for name in best.metrics}
        if len(trainings) > 1 and any(each.best_epoch for each in trainings):
            metrics[f"{self.quality}_sd"] = statistics.stdev(each.metrics[self.quality] for each in trainings)
        counted = size_of(plan, self._fields)
        metrics |= {"bytes": float(counted.bytes), "values": float(counted.values)}
        return Outcome(metrics, best.weights, extras, sum(each.examples for each in trainings))

    def finish(self, candidate: Plan, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train for up to `final_epochs`, from kept weights or from scratch; the best epoch is kept.

        Kept weights count as epoch 0, so that training them on never makes them worse on the part `stop`.
        """
        from automl.trainers.embeddings.fit import fit
        from automl.trainers.embeddings.segments import folded, unfolded

        plan = replace(candidate, stage="plain") if candidate.stage in ("wide", "soft") else candidate
        if plan.stage == "plain":
            trained = fit(
                plan, self._prepared(), replace(self.recipe, inherit_epochs=0),
                weights=folded(weights), seed=seed, report=report, epochs=self.recipe.final_epochs,
            )  # fmt: skip
            trained = replace(trained, weights=unfolded(candidate, trained.weights))
            return self._outcome(candidate, [trained], {"best_epochs": [trained.best_epoch]})
        return self._segment(candidate, self.recipe.pep_epochs, weights, seed, report)

    def _prepared(self) -> Ground:
        from automl.trainers.embeddings.ground import prepare

        if self._ground is None:
            self._ground = prepare(self.dataset, self.recipe)
        return self._ground

    def test(self, candidate: Plan, weights: Weights) -> Metrics:
        """Measure a finished model, as users get it, on the part `test`; nothing else touches it."""
        from automl.trainers.embeddings.finished import tested

        return tested(self.load(candidate, weights, self.facts()), self.dataset, self.recipe)

    @classmethod
    def load(cls, candidate: Plan, weights: Weights, facts: Mapping[str, Any]) -> Exported:
        """Return a finished model as an `nn.Module` in eval mode, as small as its plan says.

        It takes (N, F) rows of the tables, int64, such as `encode` makes of data, and gives (N,) scores: logits of
        clicks, ratings, or relevance.
        """
        from automl.trainers.embeddings.finished import loaded

        return loaded(candidate, weights, facts)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> npt.NDArray[np.int64]:
        """Return two rows of data (2, F): the most popular value of every field, and unknown values."""
        fields = fields_in(facts)
        return np.array([[min(1, field.rows - 1) for field in fields], [field.rows - 1 for field in fields]])

    def remarks(self, candidate: Plan, metrics: Metrics) -> Sequence[str]:
        """Return what the data lack, which rule made the plan, and which fields have nothing for unknown values."""
        return remarks(candidate, self.dataset)

    @classmethod
    def files(cls, model: Any) -> Mapping[str, str]:
        """Return the model card (manifest.json) and the dimensions for other libraries."""
        from automl.trainers.embeddings.finished import card

        return card(model)


_BETWEEN_REPEATS = 15_485_863
"""Seeds of repeats are so far apart that no two trainings of a study share one by being neighbours."""


def _first(wanted: N | None, usual: N) -> N:
    return usual if wanted is None else wanted


def _is_of(name: str, measured: Mapping[str, Direction]) -> bool:
    """Say whether a metric is among those of a task."""
    return name.removeprefix("val_") in measured or not name.startswith("val_")
