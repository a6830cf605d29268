"""Who is trained on, selected by and tested on: the masks that the data bring, or a seeded division.

What is divided are units: nodes, graphs or links, as the task has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, UsageError
from automl.trainers.gnn.data.raw import Raw
from automl.trainers.gnn.graph import Mask

Masks: TypeAlias = tuple[Mask, Mask, Mask]
"""Of training, validation and test units."""
HINT = "Give train_mask, val_mask and test_mask, or none of them for a seeded split."


@dataclass(frozen=True, slots=True)
class Splitting:
    """How to divide units where the data do not say.

    Attributes:
        validation_share, test_share: of all units.
        train_per_class: train on so many units of each class, as Planetoid does, instead of all that are left.
        seed: of the division.
    """

    validation_share: float = 0.2
    test_share: float = 0.2
    train_per_class: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        both = self.validation_share + self.test_share
        if not (self.validation_share > 0 and self.test_share >= 0 and both < 1):
            raise UsageError(
                f"'validation_share' and 'test_share' must leave nodes to train on, got {self.validation_share} and "
                f"{self.test_share}."
            )
        if self.train_per_class is not None and self.train_per_class < 1:
            raise UsageError(f"'train_per_class' must be at least 1, got {self.train_per_class}.")


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is divided.

    Attributes:
        word: what they are, for messages.
        known: (units,) whether a unit has a label; those that have none are in no part.
        classes: (units,) class of each, where they have one.
        groups: (units,) units of one group stay together, as the nodes of a graph do; None where each stands alone.
    """

    word: str
    known: Mask
    classes: npt.NDArray[Any] | None = None
    groups: npt.NDArray[np.int64] | None = field(default=None)


def split(raw: Raw, units: Units, splitting: Splitting) -> Masks:
    """Return the masks of training, validation and test units.

    Data with masks for training and test only have their validation units taken from the training units.

    Raises:
        InvalidData: if given masks overlap, or leave nothing to train on or to select by.
    """
    if raw.train is None:
        return checked(raw, units, _divided(raw, units, splitting))
    count = len(units.known)
    test = np.zeros(count, bool) if raw.test is None else raw.test
    train, validation = raw.train, raw.validation
    if validation is None and train.shape == units.known.shape:
        validation = _drawn(train, units, splitting)
        train = train & ~validation
    return checked(raw, units, (train, np.zeros(count, bool) if validation is None else validation, test))


def _drawn(train: Mask, units: Units, splitting: Splitting) -> Mask:
    """Return units taken from those to train on, a group as a whole."""
    groups = np.arange(len(train)) if units.groups is None else units.groups
    places = np.random.default_rng(splitting.seed).permutation(np.unique(groups[train]))
    few = places[: max(1, round(splitting.validation_share * len(places)))]
    return train & np.isin(groups, few)


def _divided(raw: Raw, units: Units, splitting: Splitting) -> Masks:
    """Divide units by their shares, groups as wholes."""
    rng = np.random.default_rng(splitting.seed)
    if units.groups is not None:
        order = rng.permutation(np.unique(units.groups[units.known]))
        train, validation, test = (np.isin(units.groups, part) & units.known for part in _cut(order, splitting))
        return train, validation, test
    order = rng.permutation(len(units.known))
    order = order[units.known[order]]
    if splitting.train_per_class is None:
        first, second, third = _cut(order, splitting)
    else:
        first, rest = _per_class(raw, order, units, splitting.train_per_class)
        count = len(order)
        validation_count = max(1, round(splitting.validation_share * count))
        second = rest[:validation_count]
        third = rest[validation_count : validation_count + round(splitting.test_share * count)]
    count = len(units.known)
    return mask_of(count, first), mask_of(count, second), mask_of(count, third)


def _cut(order: npt.NDArray[np.int64], splitting: Splitting) -> list[npt.NDArray[np.int64]]:
    """Return the places of training, validation and test."""
    validation = max(1, round(splitting.validation_share * len(order)))
    test = round(splitting.test_share * len(order))
    return [order[validation + test :], order[:validation], order[validation : validation + test]]


def _per_class(
    raw: Raw, order: npt.NDArray[np.int64], units: Units, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first units of each class, and the rest."""
    if units.classes is None:
        raise InvalidData(
            f"{raw.where} has no classes to take {count} {units.word} of each.", "Leave train_per_class out."
        )
    y = units.classes
    chosen = np.concatenate([order[y[order] == label][:count] for label in np.unique(y[order])])
    return chosen, order[~np.isin(order, chosen)]


def mask_of(count: int, places: npt.NDArray[np.int64]) -> Mask:
    """Return the mask that is true at some places."""
    mask = np.zeros(count, bool)
    mask[places] = True
    return mask


def checked(raw: Raw, units: Units, masks: Masks) -> Masks:
    """Return masks that do not overlap and have units to train on and to select by.

    Raises:
        InvalidData: if they do, or have none.
    """
    parts = dict(zip(("training", "validation", "test"), masks, strict=True))
    count, word = len(units.known), units.word
    for name, mask in parts.items():
        if mask.shape != (count,):
            raise InvalidData(f"The {name} mask of {raw.where} has the shape {mask.shape}, of {count} {word}.", HINT)
        if name != "test" and not mask.any():
            hint = HINT if raw.train is not None else f"{count} {word} are too few to divide."
            raise InvalidData(f"{raw.where} has no {name} {word}: their mask is empty.", hint)
    for one, other in (("training", "validation"), ("training", "test"), ("validation", "test")):
        both = int((parts[one] & parts[other]).sum())
        if both:
            raise InvalidData(
                f"{both} {word} of {raw.where} are both {one} and {other} {word}, so the result would be flattered.",
                "Give masks that do not overlap.",
            )
    return masks
