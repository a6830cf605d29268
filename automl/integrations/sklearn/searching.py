"""What all these estimators share: the parameters of a search, what it leaves, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from automl import __version__
from automl.core.errors import UsageError
from automl.integrations.sklearn.finding import Finding, find

_FILE = "estimator.json"
_SEEDS = 2**31 - 1


class Searching(BaseEstimator):  # type: ignore[misc]
    """An estimator whose `fit` is a search; each has the parameters below, and those of its own data.

    Args:
        trials: how many candidates are tried; with None, `time` is the bound, or else the trainer's default.
        time: how long the search may take: "90s", "10m", "1.5h".
        controller: who proposes candidates: "random", "evolution", "bayesian", ...; None for the space's own.
        objectives: what is better, as in `automl search`: ["max:val_accuracy", "params<=5000"]; None for the usual.
        settings: settings of the parts, as in `--set`: {"trainer.epochs": 4}.
        workers: evaluations at the same time, each in a process of its own.
        random_state: seed of everything random.
        directory: run directory to keep, and to go on from where a search was interrupted; None keeps none.
        verbose: show how the search is getting on.

    Attributes:
        model_: the best model, trained: a plain torch module.
        best_candidate_: what it is, a frozen description.
        summary_: what was searched and measured, as `summary.json` holds it.
    """

    _space: ClassVar[str]
    _keeps: ClassVar[tuple[str, ...]] = ()
    """Fitted attributes beside those of every search, for `save`."""

    def __init__(
        self,
        *,
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
        self.trials = trials
        self.time = time
        self.controller = controller
        self.objectives = objectives
        self.settings = settings
        self.workers = workers
        self.random_state = random_state
        self.directory = directory
        self.verbose = verbose

    def _search(self, data: Any, settings: Mapping[str, Any], budget: str | None = None) -> Self:
        """Search with these settings, which the user's go before, and keep the best; with a budget, the best at it."""
        options = {
            "space": self._space,
            "controller": self.controller,
            "objectives": list(self.objectives) if self.objectives else None,
            "trials": self.trials,
            "time": self.time,
            "workers": self.workers,
            "seed": self._seed(),
            "set": {**settings, **(self.settings or {})},
            "finalists": 1,
            "baselines": ["none"],
            "optuna": "none",
            "mlflow": "none",
            "quiet": not self.verbose,
        }
        return self._adopt(find(options, data, self.directory, budget))

    def _seed(self) -> int:
        """Return the seed itself where it is one; a search by `automl search --seed` is then the same."""
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(_SEEDS))

    def _adopt(self, finding: Finding) -> Self:
        self._finding = finding
        self.summary_ = finding.summary
        self._revive()
        return self

    def _revive(self) -> None:
        """Make the attributes again that are neither arrays nor JSON."""
        self.best_candidate_ = self._finding.candidate()
        self.model_ = self._finding.model()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_finding")

    def __getstate__(self) -> dict[str, Any]:
        """Travel as arrays and JSON."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("model_", "best_candidate_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "_finding"):
            self._revive()

    def save(self, path: str | Path) -> Path:
        """Write the fitted estimator as a folder of JSON and safetensors; `automl.load` opens it as a plain model.

        Raises:
            UsageError: if the folder exists or cannot be written, or a parameter is nothing that JSON can hold.
            NotFittedError: before `fit`.
        """
        check_is_fitted(self)
        kept = {name: _plain(getattr(self, name)) for name in self._keeps if hasattr(self, name)}
        body = {"estimator": type(self).__name__, "version": __version__, "params": self._params(), "fitted": kept}
        try:
            text = json.dumps(body, indent=2)
        except TypeError as error:
            raise UsageError(f"A parameter cannot be saved: {error}.", "Pickle the estimator instead.") from error
        self._finding.write(Path(path))
        (Path(path) / _FILE).write_text(text + "\n", encoding="utf-8")
        return Path(path)

    def _params(self) -> dict[str, Any]:
        params = self.get_params(deep=False)
        if isinstance(params["random_state"], np.random.RandomState):
            params["random_state"] = None
        return {name: _item(value) for name, value in params.items()}

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` has written; nothing is unpickled.

        Raises:
            UsageError: if the folder holds no estimator of this class.
        """
        try:
            body = json.loads((Path(path) / _FILE).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} holds no saved estimator: {error}.") from error
        if body["estimator"] != cls.__name__:
            raise UsageError(f"{path} holds a {body['estimator']}.", f"Type: {body['estimator']}.load(...)")
        made = cls(**body["params"])
        for name, value in body["fitted"].items():
            setattr(made, name, _revived(value))
        return made._adopt(Finding.read(Path(path)))


def _plain(value: Any) -> Any:
    """Return a fitted attribute as JSON."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    return {"tuple": list(value)} if isinstance(value, tuple) else _item(value)


def _item(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def _revived(value: Any) -> Any:
    """Return what `_plain` was made from."""
    if isinstance(value, Mapping) and "array" in value:
        made: npt.NDArray[Any] = np.array(value["array"], dtype=value["dtype"])
        return made
    return tuple(value["tuple"]) if isinstance(value, Mapping) and "tuple" in value else value
