"""Cross-validation, fold by fold: what each adds is known before the next begins."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.generators import borrowed
from automl.core.records import Metrics
from automl.core.trainer import Report
from automl.search_spaces.model.candidate import Model
from automl.trainers.estimator.data import Table, is_classes

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Judging:
    """How candidates are judged.

    Attributes:
        folds: how many, or one for a single split.
        scoring: names of scikit-learn's scorers, beside the estimator's own score.
        seed: of the folds, which are the same for all candidates.
    """

    folds: int
    scoring: tuple[str, ...]
    seed: int


def splits(table: Table, judging: Judging, effort: float) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to fit and the rows to score of each fold.

    Args:
        table: the rows to search on.
        judging: how many folds.
        effort: up to 1 the share of the rows that is used, the same ones in every larger share; beyond it the folds are
            drawn anew so many times.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    order = np.random.default_rng(judging.seed).permutation(len(table))
    used = np.sort(order[: min(len(table), max(4 * judging.folds, round(effort * len(table))))])
    part = table.take(used)
    kind = StratifiedKFold if is_classes(part, judging.folds) else KFold
    for again in range(max(1, round(effort))):
        drawn = kind(judging.folds, shuffle=True, random_state=judging.seed + again)
        for fitted, scored in drawn.split(np.zeros((len(used), 1)), part.y):
            yield used[fitted], used[scored]


def cross_validate(
    candidate: Model, table: Table, judging: Judging, *, effort: float, seed: int, report: Report
) -> tuple[Metrics, int]:
    """Fit and score a candidate on every fold, and report the means so far after each.

    Returns:
        The means over the folds, and how many rows were fitted in all.
    """
    scores: list[Metrics] = []
    rows = 0
    for fold, (fitted, scored) in enumerate(splits(table, judging, effort), start=1):
        started = time.perf_counter()
        estimator = fit(candidate, table.take(fitted), seed)
        seconds = time.perf_counter() - started
        found = score(estimator, table.take(scored), judging.scoring, seed)
        scores.append({**{f"val_{name}": value for name, value in found.items()}, "fit_seconds": seconds})
        rows += len(fitted)
        report(fold, _means(scores))
    return _means(scores), rows


def _means(scores: Sequence[Metrics]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in scores])) for name in scores[0]}


def fit(candidate: Model, table: Table, seed: int) -> Any:
    """Build an estimator and fit it; whatever in it has no `random_state` yet gets the seed.

    Raises:
        UsageError: if the program builds nothing that can be fitted.
    """
    with borrowed(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that does not converge says so for every fold of every candidate
        estimator = build(candidate)
        unset = {
            k: seed for k, v in estimator.get_params().items() if k.split("__")[-1] == "random_state" and v is None
        }
        return estimator.set_params(**unset).fit(table.x, table.y)


def build(candidate: Model) -> Any:
    """Run the program.

    Raises:
        UsageError: if it builds nothing with the interface of an estimator.
    """
    built = candidate.make()
    if all(hasattr(built, name) for name in ("fit", "get_params", "set_params")) and not isinstance(built, type):
        return built
    module = any(base.__name__ == "LightningModule" for base in type(built).__mro__)
    raise UsageError(
        f"The program builds a {type(built).__name__}; this trainer fits estimators like those of scikit-learn.",
        "Type --trainer lightning" if module else "Return an estimator or a pipeline, not yet fitted.",
    )


def score(estimator: Any, table: Table, scoring: Sequence[str], seed: int) -> Mapping[str, float]:
    """Return the named scores of a fitted estimator, and its own as `score`; higher is better in all of them."""
    from sklearn.metrics import get_scorer

    with borrowed(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: float(get_scorer(name)(estimator, table.x, table.y)) for name in scoring}
        return {**found, "score": float(estimator.score(table.x, table.y))}
