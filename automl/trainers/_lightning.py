"""What all trainers on Lightning have in common: a quiet fit and its signals."""

from __future__ import annotations

import functools
import signal
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities import registry
from pytorch_lightning.plugins.environments import LightningEnvironment

import automl.telemetry  # noqa: F401 - before Lightning

# Every trainer of Lightning looks through all installed packages for callbacks, 20 ms each time; short trainings would
# spend a tenth of their time on it, and what is installed does not change.
registry.entry_points = functools.cache(entry_points)  # type: ignore[attr-defined, assignment]


def run(
    module: pl.LightningModule,
    loader: Iterable[Any],
    *,
    epochs: int,
    device: torch.device,
    precision: Any = "32-true",
    callbacks: Sequence[pl.Callback] = (),
) -> None:
    """Train a module in place; no files, no bars, no cluster.

    Signal handlers and warning filters are as before afterwards, also after `Stop`.
    """
    with quiet(device, precision=precision, max_epochs=epochs, callbacks=callbacks) as trainer:
        trainer.fit(module, loader)


@contextmanager
def quiet(
    device: torch.device, *, callbacks: Sequence[pl.Callback] = (), package: Any = pl, **settings: Any
) -> Iterator[pl.Trainer]:
    """Yield a trainer of Lightning that prints, writes and listens to nothing.

    Args:
        device: where it computes.
        callbacks: what it calls.
        package: the module that its `LightningModule` comes from: `pytorch_lightning` or `lightning.pytorch`.
        **settings: further ones of the trainer.
    """
    with warnings.catch_warnings(), _interruptible() as prompt:
        for name in ("pytorch_lightning", "lightning"):
            warnings.filterwarnings("ignore", module=name)  # advice on loaders and loggers
        yield package.Trainer(
            accelerator="cpu" if device.type == "cpu" else "gpu",
            devices=1,
            callbacks=[prompt, *callbacks],
            plugins=[LightningEnvironment()] if package is pl else None,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            **settings,
        )


class _Prompt(pl.Callback):  # type: ignore[misc]
    """Takes SIGTERM back: Lightning holds it until the epoch ends, and its sender wants an end now."""

    def __init__(self, handlers: dict[int, signal._HANDLER]) -> None:
        self.handlers = handlers

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the signals the handlers they had."""
        _restore(self.handlers)


@contextmanager
def _interruptible() -> Iterator[_Prompt]:
    """Let Ctrl+C be KeyboardInterrupt: Lightning turns it into SystemExit and ignores every further one."""
    handlers: dict[int, signal._HANDLER] = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield _Prompt(handlers)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise
    finally:
        _restore(handlers)


def _restore(handlers: dict[int, signal._HANDLER]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():
            signal.signal(number, handler)
