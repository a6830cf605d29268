"""The workshop: the runner that all phases of a search share, with its workers kept alive between them."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from automl.config import SearchConfig
from automl.core.budget import parse_seconds
from automl.core.errors import StopSearch, UsageError
from automl.core.records import Metrics
from automl.core.runner import OnReport, Runner
from automl.core.trainer import Trainer
from automl.registry import load, settings_of

PLACE = ("ray_address", "cpus", "gpus")
"""What may be said of the places where evaluations happen, to runners that take it."""


class Workshop:
    """Makes the runner, before anything is written, and a new one after work was abandoned in the old one.

    Args:
        trainer: what the runner works with.
        config: how many workers there are, where, and how long one evaluation may take.
        halt: once it is set, the next report ends what is in flight: the runner's `collect` raises `StopSearch`.

    Attributes:
        listener: whoever wants the reports of the phase that is running now.
    """

    def __init__(self, trainer: Trainer, config: SearchConfig, halt: threading.Event | None = None) -> None:
        self.listener: OnReport | None = None
        self._halt = halt or threading.Event()
        self._trainer = trainer
        self._runner_class = load("runners", str(config.runner))
        self._workers = config.workers
        self._limit = parse_seconds(config.limit) if config.limit else None
        self._place = _place(self._runner_class, config)
        self._runner: Runner | None = self._made()

    @property
    def runner(self) -> Runner:
        """The runner, alive."""
        if self._runner is None:
            self._runner = self._made()
        return self._runner

    def clear(self) -> None:
        """End whatever is in flight, and the runner with it; the next phase must not receive its results."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def _made(self) -> Runner:
        made: Runner = self._runner_class(
            self._trainer, workers=self._workers, limit=self._limit, on_report=self._report, **self._place
        )
        return made

    def _report(self, job: int, step: int, metrics: Metrics) -> None:
        if self._halt.is_set():
            raise StopSearch
        if self.listener is not None:
            self.listener(job, step, metrics)


def _place(runner: type[Runner], config: SearchConfig) -> dict[str, Any]:
    """Return what was said of the places, if the runner takes it.

    Raises:
        UsageError: if it does not.
    """
    said = {name: value for name in PLACE if (value := getattr(config, name)) is not None}
    unknown = sorted(said.keys() - settings_of(runner).keys())
    if unknown:
        flag = f"--{unknown[0].replace('_', '-')}"
        raise UsageError(f"The runner '{config.runner}' has no use for {flag}.", "Type --runner ray.")
    return said
