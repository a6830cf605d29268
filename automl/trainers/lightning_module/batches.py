"""From data to loaders, the same batches for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from automl.trainers.lightning_module.data import Arrays, Loaders, Module


def loaders(data: Arrays | Loaders, batch_size: int, seed: int) -> Mapping[str, Any]:
    """Return a loader for each part. The order of training rows comes from torch's generator, which has the seed."""
    if isinstance(data, Arrays):
        sets = {name: TensorDataset(*map(torch.from_numpy, pair)) for name, pair in data.parts.items()}
        return {name: _batched(part, batch_size, shuffle=name == "train") for name, part in sets.items()}
    for part in data.parts.values():
        for own in (getattr(part, "generator", None), getattr(getattr(part, "sampler", None), "generator", None)):
            if own is not None:  # a generator of the loader's own would go on where the last training stopped
                own.manual_seed(seed)
    return {
        name: part if hasattr(part, "dataset") else _batched(part, batch_size, shuffle=name == "train")
        for name, part in data.parts.items()
    }


def _batched(dataset: Any, size: int, *, shuffle: bool) -> DataLoader[Any]:
    """Return a loader; a last batch of one row, which a batch norm cannot take, is left out of training."""
    alone = shuffle and len(dataset) > size and len(dataset) % size == 1
    return DataLoader(dataset, size, shuffle=shuffle, drop_last=alone)


def given_to_fit(data: Arrays | Loaders | Module, batch_size: int, seed: int) -> tuple[Any, ...]:
    """Return what `Trainer.fit` takes behind the module."""
    if isinstance(data, Module):
        return (data.module,)
    every = loaders(data, batch_size, seed)
    return every["train"], every.get("validation")


def given_to_test(data: Arrays | Loaders | Module, batch_size: int, seed: int) -> Any:
    """Return what `Trainer.test` takes behind the module; None where there are no test data."""
    if isinstance(data, Module):
        own = getattr(type(data.module), "test_dataloader", None)
        inherited = any("test_dataloader" in vars(cls) for cls in type(data.module).__mro__ if _is_users(cls))
        return data.module if own and inherited else None
    return loaders(data, batch_size, seed).get("test")


def _is_users(cls: type) -> bool:
    return not cls.__module__.startswith(("pytorch_lightning.", "lightning."))
