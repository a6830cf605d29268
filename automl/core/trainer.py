"""The contract of a trainer: it measures one candidate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

from automl.core.objectives import Direction
from automl.core.records import Metrics, Outcome, Weights

Start: TypeAlias = Literal["kept", "scratch"]


class Report(Protocol):
    """Tell the study an intermediate result, once per epoch or so. May raise `Stop`: let it pass."""

    def __call__(self, step: int, metrics: Metrics) -> None: ...


class Watch(Protocol):
    """Decides, report by report, whether an evaluation is worth going on with.

    It travels with the job to wherever that is carried out, perhaps another process, so it can be pickled, and what it
    knows is what was known when the evaluation began: the same reports are always answered alike. `str` says who it
    is, as in "stopped early by ...".
    """

    def __call__(self, curve: Sequence[tuple[int, Metrics]]) -> bool:
        """Say whether to end the evaluation, after all its reports so far."""


class Trainer(ABC):
    """Trains a candidate and measures it on validation data. It never chooses a candidate.

        trainer = Trainer(data, **settings)
        trainer.facts()                                     # {"input_shape": [1, 8, 8], "classes": 10}
        outcome = trainer.train(candidate, effort=1.0, weights=None, seed=7, report=report)
        outcome.metrics["val_accuracy"], outcome.weights, outcome.cost

    `data` is what `--data` names, or an object from Python, or None for the default data set, which needs no download.
    The same candidate, effort, weights and seed give the same outcome. Test data is not touched by `train`.
    """

    accepts: ClassVar[tuple[str, ...]] = ()
    """Names of the spaces whose candidates it trains."""
    metrics: Mapping[str, Direction] = MappingProxyType({})
    """The metrics it measures, with the direction in which each is better. Where the data decide which of them there
    are (a label that is a class or a number), an instance sets its own, narrower or wider, in its `__init__`."""
    oracles: ClassVar[Mapping[str, Direction]] = {}
    """Metrics that no real search could see, so none may select by them; the best value on the way is reported."""
    trade_off: ClassVar[tuple[str, str] | None] = None
    """Two metrics whose Pareto front over all evaluations is worth showing, whatever the objectives are."""
    cost_unit: ClassVar[str] = ""
    """What `Outcome.cost` counts, for example 'training MACs'; empty if it counts nothing."""
    default_budget: ClassVar[Mapping[str, float]] = {"trials": 20}
    """The budget of a search that names none: it ends within about two minutes on two cores."""
    default_finalists: ClassVar[int | None] = None
    """How many of the best are trained in full, if the search names no number; None for the usual: one, or a front."""
    starts: tuple[Start, ...] = ("kept", "scratch")
    """From which weights a winner is trained in full: those the search kept, and none. An instance may set its own."""
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of settings, for `--set profile=NAME`."""

    @abstractmethod
    def train(self, candidate: Any, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train a candidate and measure it.

        Args:
            candidate: a candidate of one of the spaces in `accepts`.
            effort: 1 is the trainer's normal measurement.
            weights: inherited weights to start from; what is missing in them is initialised here.
            seed: seed of everything random in this evaluation.
            report: called with intermediate metrics.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a short text that changes whenever data or settings do."""

    def default_objectives(self) -> Sequence[str]:
        """Return the objectives of a search that names none: the first metric, unless overridden."""
        name, direction = next(iter(self.metrics.items()))
        return [f"{direction}:{name}"]

    def measures(self, metric: str) -> bool:
        """Say whether a metric can be an objective: one of `metrics`, unless candidates bring metrics of their own."""
        return metric in self.metrics or not self.metrics

    def facts(self) -> Mapping[str, Any]:
        """Return what the data say that the space must know, as JSON values named like the space's settings."""
        return {}

    @classmethod
    def looks_in(cls) -> Sequence[Path]:
        """Return the folders in which data sets named by `--data` are looked for, whether they exist or not."""
        return ()


@runtime_checkable
class Finishing(Protocol):
    """A trainer that can take a winner to its end: train it in full, test it once, hand it over.

    `finish` differs from `train` in its length and in nothing else that a search could exploit: it still selects on
    validation data. `test` is called once per finished model, after every selection has been made: of finalists among
    which the best is the result, for that one only.
    """

    def finish(self, candidate: Any, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train in full, from kept weights or from scratch."""

    def test(self, candidate: Any, weights: Weights) -> Metrics:
        """Measure a finished model on the test data."""

    @classmethod
    def load(cls, candidate: Any, weights: Weights, facts: Mapping[str, Any]) -> Any:
        """Return the finished model as a plain object (an `nn.Module`, a circuit) that needs no data to exist."""

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> Any:
        """Return a batch of inputs, two rows or more, such as the finished model takes."""


@runtime_checkable
class InParts(Protocol):
    """A `Finishing` trainer whose test is many measurements that do not depend on each other: trainings with new seeds.

    They run in the workers like evaluations, each is written down when it ends, and time may be over before the last.
    `test` and `load` then find their metrics among the weights: `test/NAME`, an array with a number for each part that
    succeeded, in their order. Without them `test` carries out all parts itself.
    """

    test_parts: int
    """How many there are."""

    def test_part(self, candidate: Any, weights: Weights, *, part: int, report: Report) -> Outcome:
        """Carry out one of the parts; its metrics and extras count, and every part has the same metrics."""


@runtime_checkable
class Taking(Protocol):
    """A trainer that knows which programs of a user's are made for it, so that nobody has to name it."""

    @classmethod
    def takes(cls, program: Any) -> bool:
        """Say whether a program builds what this trainer trains, as far as it can be seen without running it."""


@runtime_checkable
class Remarking(Protocol):
    """A trainer that has something to say about a winner besides its numbers."""

    def remarks(self, candidate: Any, metrics: Metrics) -> Sequence[str]:
        """Return sentences about a measured candidate, for the summary, the terminal and the report.

        Args:
            candidate: the winner.
            metrics: what the search measured; and what only its full training and its test did, if it had them.
        """


@runtime_checkable
class Exporting(Protocol):
    """A `Finishing` trainer whose models have text forms of their own (a circuit in OpenQASM)."""

    @classmethod
    def files(cls, model: Any) -> Mapping[str, str]:
        """Return the files that `automl export` writes beside `model.json`: plain names and their text."""


@runtime_checkable
class Picturing(Protocol):
    """A `Finishing` trainer that can draw its models."""

    @classmethod
    def picture(cls, model: Any) -> str:
        """Return an SVG image: shapes, text and styles only, without scripts, links and embedded files."""
