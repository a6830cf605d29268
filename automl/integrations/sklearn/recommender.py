"""A recommender that searches for the dimensions of its embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.utils.validation import check_is_fitted

from automl.core.errors import UsageError
from automl.integrations.sklearn.searching import Searching


class AutoMLRecommender(Searching):
    """Finds how many dimensions which embeddings need within a budget of bytes, and predicts with them.

        AutoMLRecommender(budget="1/8", random_state=0).fit(frame, "rating").predict(frame)
        AutoMLRecommender(task="topk").fit(purchases).recommend(["ann", "bob"], k=10)

    Data are tables of named columns of any type; scikit-learn's checks of estimators, which give arrays, do not apply.

    Args:
        task: "rating", "ctr" or "topk"; "auto" goes by the labels, without any it is "topk".
        model: name of the model; "auto" takes the task's usual one.
        schema: what columns are, where that is not seen: {"visitor": "user", "ad": "item", "price": "number"}.
        budget: size of the embeddings, as a share of all ("1/8") or in bytes ("4MB"); None where the controller
            proposes nothing for budgets.
        trials, time, controller, objectives, settings, workers, random_state, directory, verbose: see `Searching`.

    Attributes:
        task_: what is predicted.
        model_: the recommender: `model_(model_.encode(frame))` gives scores (rows,).
        best_candidate_, summary_: the plan of its embeddings, and what was searched and measured.
    """

    _space = "embeddings"
    _keeps: ClassVar[tuple[str, ...]] = ("task_", "_label", "_seen")

    def __init__(
        self,
        *,
        task: str = "auto",
        model: str = "auto",
        schema: Mapping[str, Any] | None = None,
        budget: str | None = "1/8",
        trials: int | None = None,
        time: str | None = None,
        controller: str | None = None,
        objectives: Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        workers: int = 1,
        random_state: Any = None,
        directory: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            trials=trials, time=time, controller=controller, objectives=objectives, settings=settings,
            workers=workers, random_state=random_state, directory=directory, verbose=verbose,
        )  # fmt: skip
        self.task = task
        self.model = model
        self.schema = schema
        self.budget = budget

    def fit(self, frame: Any, y: str | None = None) -> Self:
        """Search for a plan.

        Args:
            frame: a DataFrame of polars or pandas, or a mapping of names to arrays.
            y: name of the column with the labels; None where the schema or the name says it, or there is none.

        Raises:
            AutomlError: if the data cannot be trained on, a parameter is wrong, or no candidate could be trained.
        """
        usual: dict[str, Any] = {"trainer.task": self.task, "trainer.model": self.model}
        schema = {**(self.schema or {}), **({y: "label"} if y else {})}
        usual |= {"trainer.schema": {"fields": schema}} if schema else {}
        usual |= {"controller.budgets": [self.budget]} if self.budget else {}
        self._search(frame, usual, self.budget)
        self.task_, self._label = str(self._facts["task"]), y
        if self.task_ == "topk":
            self._seen = np.unique(self.model_.encode(frame).numpy()[:, self._pair], axis=0)
        return self

    @property
    def _facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self._finding.body["facts"]
        return facts

    @property
    def _pair(self) -> list[int]:
        """Places of the fields of users and of items."""
        if self._facts["user"] is None or self._facts["item"] is None:
            raise UsageError("The data name no users and items.", "Say which they are: schema={'visitor': 'user', ...}")
        return [int(self._facts["user"]), int(self._facts["item"])]

    def predict(self, frame: Any) -> npt.NDArray[np.float64]:
        """Return ratings (rows,), probabilities of clicks, or relevance, by the task; labels are not needed."""
        import torch

        check_is_fitted(self)
        with torch.no_grad():
            scores = self.model_(self.model_.encode(frame)).double()
        predicted: npt.NDArray[np.float64] = (scores.sigmoid() if self.task_ == "ctr" else scores).numpy()
        return predicted

    def score(self, frame: Any, y: Any = None) -> float:
        """Return R² of ratings, or the area under the ROC curve of clicks.

        Args:
            frame: rows to predict.
            y: their labels, or the name of their column; None takes that of `fit`.

        Raises:
            UsageError: if there are no labels; lists are judged by the metrics in `summary_`.
        """
        name = self._label if y is None else y
        if self.task_ == "topk" or name is None:
            raise UsageError("There are no labels to compare with.", "Name their column: score(frame, 'rating').")
        truth = np.asarray(frame[name] if isinstance(name, str) else name)
        judge = roc_auc_score if self.task_ == "ctr" else r2_score
        return float(judge(truth, self.predict(frame)))

    def recommend(self, users: Sequence[Any], k: int = 10, *, again: bool = False) -> list[list[str]]:
        """Return the k best items of each user, the best first, as texts.

        Args:
            users: who they are, as in the data; unknown ones are recommended the same.
            k: how many.
            again: True for items that the user has met in training, too (task "topk").

        Raises:
            UsageError: if the data have no users and items, or the model reads more than those.
        """
        import torch

        check_is_fitted(self)
        names = [field["name"] for field in self._facts["vocabulary"]["fields"]]
        user, item = self._pair
        asked = {name: [""] * len(users) for name in names} | {names[user]: [str(each) for each in users]}
        rows = self.model_.encode(asked)[:, user]
        with torch.no_grad():
            scores = self.model_.rank(rows).double().numpy()
        scores[:, [0, -1]] = -np.inf  # no item, and unknown ones
        if not again and self.task_ == "topk":
            _forbid(scores, rows.numpy(), self._seen)
        items = self._facts["vocabulary"]["fields"][item]["values"]
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return [[items[place - 1] for place in line if np.isfinite(scores[n, place])] for n, line in enumerate(best)]


def _forbid(scores: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], seen: npt.NDArray[Any]) -> None:
    """Rule out, in place, what each user has met."""
    for line, row in enumerate(rows):
        scores[line, seen[seen[:, 0] == row, 1]] = -np.inf
