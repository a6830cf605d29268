"""Trainer `estimator`: measures the user's own pipeline on the user's own table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from automl.core.errors import InvalidData, UnknownName, UsageError
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.trainers.estimator.data import divide, fingerprint, read

if TYPE_CHECKING:
    from automl.search_spaces.model.candidate import Model

_SEEN = "seen"
"""Among the weights of an evaluation: the effort that led to it, for one that goes on."""


class EstimatorTrainer(Trainer):
    """Fits estimators with scikit-learn's interface, and scores them by cross-validation.

    Data are (X, y), a DataFrame of pandas or Polars with the setting `target`, or the path of a CSV or Parquet file
    with it; without data scikit-learn's digits. Test rows are split off first; the others are divided into folds, the
    same for every candidate, and after each the means so far are reported. An evaluation of effort e below 1 uses that
    share of the rows; one that goes on with an earlier one uses what both ask for together. Beyond 1 the folds are
    drawn anew. `finish` measures once more and fits all rows but those for the test. Cost counts fitted rows.

    The fitted winner is stored in the format of skops, which holds no pickle (`automl.trainers.estimator.stored`).

    Settings:
        folds: of the cross-validation.
        scoring: names of scikit-learn's scorers; the first is the default objective. The estimator's own score is
            measured beside them, as `val_score`.
        target: name of the column that is predicted.
        test_share: share of the rows that is kept for the test; 0 for no test.
        data_seed: seed of the divisions; unlike the seed of a search it stays the same.
    """

    accepts = ("model",)
    cost_unit = "fitted rows"
    starts = ("scratch",)

    def __init__(
        self,
        data: Any = None,
        *,
        folds: int = 5,
        scoring: tuple[str, ...] = (),
        target: str | None = None,
        test_share: float = 0.2,
        data_seed: int = 0,
    ) -> None:
        from automl.trainers.estimator.folds import Judging

        if folds < 2:
            raise UsageError(f"'folds' must be at least 2, got {folds}.")
        if not 0 <= test_share < 1:
            raise UsageError(f"'test_share' must be a share below 1, got {test_share}.")
        _check_scorers(scoring)
        self.judging = Judging(folds, scoring, data_seed)
        table = read(data, target)
        self.kept, self.held = divide(table, test_share, data_seed)
        if len(self.kept) < 2 * folds:
            raise InvalidData(f"{len(self.kept)} rows are too few for {folds} folds.", "Type --set folds=2")
        self.metrics = {**{f"val_{name}": "max" for name in scoring}, "val_score": "max", "fit_seconds": "min"}
        settings = (folds, scoring, target, test_share, data_seed)
        digest = hashlib.sha256(repr((settings, fingerprint(table))).encode())
        self._fingerprint = f"estimator:{digest.hexdigest()[:16]}"

    def fingerprint(self) -> str:
        """Return a hash of all values and settings."""
        return self._fingerprint

    def facts(self) -> dict[str, Json]:
        """Return the number of columns, and their names where they have some."""
        x = self.kept.x
        names: list[Json] = [str(name) for name in x.columns] if hasattr(x, "columns") else []
        return {"columns": int(x.shape[1]) if len(x.shape) > 1 else 1, "column_names": names}

    def train(self, candidate: Model, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        from automl.trainers.estimator.folds import cross_validate

        total = effort + (float(weights[_SEEN][0]) if weights is not None and _SEEN in weights else 0.0)
        metrics, rows = cross_validate(candidate, self.kept, self.judging, effort=total, seed=seed, report=report)
        return Outcome(metrics, {_SEEN: np.array([total])}, cost=float(rows))

    def finish(self, candidate: Model, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Measure a candidate once more, and fit it on all rows but those for the test."""
        from automl.trainers.estimator.folds import cross_validate, fit
        from automl.trainers.estimator.stored import pack

        metrics, rows = cross_validate(candidate, self.kept, self.judging, effort=1.0, seed=seed, report=report)
        return Outcome(metrics, pack(candidate, fit(candidate, self.kept, seed)), cost=float(rows + len(self.kept)))

    def test(self, candidate: Model, weights: Weights) -> Metrics:
        from automl.trainers.estimator.folds import score
        from automl.trainers.estimator.stored import unpack

        if not len(self.held):
            return {}
        found = score(unpack(candidate, weights), self.held, self.judging.scoring, 0)
        return {f"test_{name}": value for name, value in found.items()}

    @classmethod
    def load(cls, candidate: Model, weights: Weights, facts: Mapping[str, Any]) -> Any:
        """Return the fitted estimator.

        Raises:
            WeightsError: if it was never fitted on all rows, or holds types that its program does not build.
        """
        from automl.trainers.estimator.stored import unpack

        return unpack(candidate, weights)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> Any:
        """Return two rows of zeros; None where the columns have names and may hold anything."""
        return None if facts["column_names"] else np.zeros((2, facts["columns"]))


def _check_scorers(names: tuple[str, ...]) -> None:
    """Refuse names that scikit-learn does not know."""
    from sklearn.metrics import get_scorer_names

    for name in names:
        if name not in get_scorer_names():
            raise UnknownName("scorer", name, get_scorer_names())
