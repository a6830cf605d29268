"""What all trainers on Lightning have in common: a quiet fit and its signals."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment

import automl.telemetry  # noqa: F401 - before Lightning


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
    with warnings.catch_warnings(), _interruptible() as prompt:
        warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on loaders and loggers
        trainer = pl.Trainer(
            accelerator="cpu" if device.type == "cpu" else "gpu",
            devices=1,
            precision=precision,
            max_epochs=epochs,
            callbacks=[prompt, *callbacks],
            plugins=[LightningEnvironment()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        trainer.fit(module, loader)


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
