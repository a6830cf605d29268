"""The one way out: training, validation and test images, split in proportion from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, UsageError
from automl.trainers.cnn.data.records import Images, Source
from automl.trainers.cnn.tasks import TARGETS, Predict, Target, predicted


@dataclass(frozen=True, slots=True)
class Splitting:
    """How a data set is divided; see the settings of `CnnTrainer`."""

    validation_share: float
    validation_images: int | None
    test_share: float
    train_images: int | None
    shrink: int
    data_seed: int

    def __post_init__(self) -> None:
        if not 0 < self.validation_share < 1:
            raise UsageError(f"'validation_share' must be between 0 and 1, got {self.validation_share}.")
        if not 0 <= self.test_share < 1:
            raise UsageError(f"'test_share' must be at least 0 and less than 1, got {self.test_share}.")
        for name in ("validation_images", "train_images", "shrink"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"'{name}' must be at least 1, got {value}.")
        if self.data_seed < 0:
            raise UsageError(f"'data_seed' must not be negative, got {self.data_seed}.")


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """Images to train on, to select on, and to touch once at the end.

    Attributes:
        train, validation, test: the parts; no image is in two of them, and the last may be empty.
        predict: what is predicted, `classes` or `numbers`.
        target: the same with the scale of the training labels.
        classes: number of outputs: of classes, or of numbers.
        names: what they are called, empty if unknown.
        mean, std: per channel, of the training images on the scale of `Images.as_float`.
    """

    train: Images
    validation: Images
    test: Images
    predict: str
    target: Target
    classes: int
    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def split(source: Source, how: Splitting, predict: Predict = "auto") -> Splits:
    """Divide a data set; parts that came with it are used as they are.

    Raises:
        InvalidData: if it cannot be trained on.
    """
    others = tuple(part for part in (source.validation, source.test) if part is not None)
    _refuse_other_shapes(source.train, others, source.where)
    kind = predicted(source.train, predict)
    target = TARGETS[kind]
    classes = target.check(source.train, others, source.names, source.where)
    rng = np.random.default_rng(how.data_seed)
    train, test = source.train, source.test
    if test is None and not how.test_share:
        test = train.take(np.arange(0))
    elif test is None:
        train, test = _hold_out(train, how.test_share, rng, target, source.where)
    validation = source.validation
    if validation is None:
        train, validation = _hold_out(train, _validation_share(train, how), rng, target, source.where)
    if how.train_images is not None and how.train_images < len(train):
        strata = target.strata(train)
        quota = _quota(np.bincount(strata), how.train_images / len(train))
        _, train = _divide(train, np.maximum(quota, 1), rng, strata)
    train, validation, test = (_shrink(part, how.shrink, source.where) for part in (train, validation, test))
    scaled = target(*target.scale(train))
    return Splits(train, validation, test, kind, scaled, classes, source.names, *_statistics(train))


def _refuse_other_shapes(train: Images, others: tuple[Images, ...], where: str) -> None:
    for part in others:
        if part.shape != train.shape:
            raise InvalidData(
                f"{where}: images for training have shape {train.shape}, others {part.shape}.",
                "Resize them all to one shape.",
            )


def _validation_share(train: Images, how: Splitting) -> float:
    """Return the share asked for as a number of images, where that leaves at least half to train on."""
    if how.validation_images is not None and 2 * how.validation_images <= len(train):
        return how.validation_images / len(train)
    return how.validation_share


def _hold_out(
    images: Images, share: float, rng: np.random.Generator, target: type[Target], where: str
) -> tuple[Images, Images]:
    """Return the rest and a share of the images; every class keeps images in the rest.

    Raises:
        InvalidData: if there are too few for that.
    """
    strata = target.strata(images)
    counts = np.bincount(strata)
    quota = np.minimum(_quota(counts, share), np.maximum(counts - 1, 0))
    if not quota.any():
        of = f" of {len(counts)} classes" if len(counts) > 1 else ""
        raise InvalidData(
            f"{where}: {len(images)} images{of} are too few to keep {share:.0%} apart.",
            "Give at least three images of each class.",
        )
    return _divide(images, quota, rng, strata)


def _divide(
    images: Images, quota: npt.NDArray[np.intp], rng: np.random.Generator, strata: npt.NDArray[np.int64]
) -> tuple[Images, Images]:
    """Return the rest, and so many images of each class; both in an order drawn at random."""
    order = rng.permutation(len(images))
    by_class = order[np.argsort(strata[order], kind="stable")]
    counts = np.bincount(strata)
    rank = np.arange(len(images)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = rank < np.repeat(quota, counts)
    return images.take(rng.permutation(by_class[~chosen])), images.take(rng.permutation(by_class[chosen]))


def _quota(counts: npt.NDArray[np.intp], share: float) -> npt.NDArray[np.intp]:
    """Return how many of each class, so that the sum is right too: the largest remainders are rounded up."""
    exact = counts * share
    quota: npt.NDArray[np.intp] = np.floor(exact).astype(np.intp)
    left = round(float(exact.sum())) - int(quota.sum())
    quota[np.argsort(quota - exact, kind="stable")[:left]] += 1
    return quota


def _shrink(images: Images, factor: int, where: str) -> Images:
    """Average squares of pixels."""
    if factor == 1:
        return images
    channels, height, width = images.shape
    if height % factor or width % factor:
        raise InvalidData(
            f"{where}: images of {height}x{width} cannot be shrunk by {factor}.",
            f"'shrink' must divide {height} and {width}.",
        )
    tiles = images.as_float().reshape(-1, channels, height // factor, factor, width // factor, factor)
    return replace(images, pixels=tiles.mean(axis=(3, 5), dtype=np.float32))


def _statistics(images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel; a channel that never changes has deviation 1."""
    mean, std = [], []
    for c in range(images.shape[0]):  # one at a time: a float copy of all channels may not fit
        channel = Images(images.pixels[:, c : c + 1], images.labels).as_float()
        mean.append(float(channel.mean(dtype=np.float64)))
        spread = float(channel.std(dtype=np.float64))
        std.append(spread if spread > 1e-6 * max(1.0, abs(mean[-1])) else 1.0)
    return tuple(mean), tuple(std)
