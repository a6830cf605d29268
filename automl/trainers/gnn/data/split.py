"""Who is trained on, selected by and tested on: the masks that the data bring, or a seeded division."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, UsageError
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Mask

HINT = "Give train_mask, val_mask and test_mask, or none of them for a seeded split."


@dataclass(frozen=True, slots=True)
class Splitting:
    """How to divide nodes where the data do not say.

    Attributes:
        validation_share, test_share: of all nodes.
        train_per_class: train on so many nodes of each class, as Planetoid does, instead of all that are left.
        seed: of the division.
    """

    validation_share: float
    test_share: float
    train_per_class: int | None
    seed: int

    def __post_init__(self) -> None:
        both = self.validation_share + self.test_share
        if not (self.validation_share > 0 and self.test_share >= 0 and both < 1):
            raise UsageError(
                f"'validation_share' and 'test_share' must leave nodes to train on, got {self.validation_share} and "
                f"{self.test_share}."
            )
        if self.train_per_class is not None and self.train_per_class < 1:
            raise UsageError(f"'train_per_class' must be at least 1, got {self.train_per_class}.")


def split(raw: Raw, y: npt.NDArray[np.int64], splitting: Splitting) -> tuple[Mask, Mask, Mask]:
    """Return the masks of training, validation and test nodes.

    A graph with masks for training and test only has its validation nodes taken from the training nodes.

    Raises:
        InvalidData: if given masks overlap, or leave no node to train on or to select by.
    """
    if raw.train is None:
        return _check(raw, *_divided(y, splitting))
    rng = np.random.default_rng(splitting.seed)
    test = np.zeros(len(y), bool) if raw.test is None else raw.test
    train, validation = raw.train, raw.validation
    if validation is None:
        places = rng.permutation(train.nonzero()[0])
        validation = _mask(len(y), places[: max(1, round(splitting.validation_share * len(places)))])
        train = train & ~validation
    return _check(raw, train, validation, test)


def _divided(y: npt.NDArray[np.int64], splitting: Splitting) -> tuple[Mask, Mask, Mask]:
    order = np.random.default_rng(splitting.seed).permutation(len(y))
    if splitting.train_per_class is not None:
        first = [order[y[order] == label][: splitting.train_per_class] for label in np.unique(y)]
        chosen = np.concatenate(first)
        order = np.concatenate([order[~np.isin(order, chosen)], chosen])
    validation, test = (round(share * len(y)) for share in (splitting.validation_share, splitting.test_share))
    validation = max(1, validation)
    train = order[len(order) - len(chosen) :] if splitting.train_per_class is not None else order[validation + test :]
    return _mask(len(y), train), _mask(len(y), order[:validation]), _mask(len(y), order[validation : validation + test])


def _mask(nodes: int, places: npt.NDArray[np.int64]) -> Mask:
    mask = np.zeros(nodes, bool)
    mask[places] = True
    return mask


def _check(raw: Raw, train: Mask, validation: Mask, test: Mask) -> tuple[Mask, Mask, Mask]:
    parts = {"training": train, "validation": validation, "test": test}
    for name, mask in parts.items():
        if mask.shape != train.shape or mask.ndim != 1 or len(mask) != len(raw.x):
            raise InvalidData(
                f"The {name} mask of {raw.where} has the shape {mask.shape}, of {len(raw.x)} nodes.", HINT
            )
        if name != "test" and not mask.any():
            raise InvalidData(f"{raw.where} has no {name} nodes: their mask is empty.", HINT)
    for one, other in (("training", "validation"), ("training", "test"), ("validation", "test")):
        both = int((parts[one] & parts[other]).sum())
        if both:
            raise InvalidData(
                f"{both} nodes of {raw.where} are both {one} and {other} nodes, so the result would be flattered.",
                "Give masks that do not overlap.",
            )
    return train, validation, test
