"""Weights on disk: one safetensors file per evaluation, written whole or not at all."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from automl.core.errors import LedgerError, WeightsError
from automl.core.records import Weights

_SUFFIX = ".safetensors"


class WeightStore:
    """The folder `weights/` of a run.

    A name is the number of an evaluation, or a word for what is kept for good. Files appear by an atomic rename, so a
    process killed in the middle of writing leaves at most a draft, which is removed when the store is opened again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._recent: tuple[int | str, Weights] | None = None
        self._present: set[str] = set()
        if directory.is_dir():
            self._present = {path.stem for path in directory.glob(f"*{_SUFFIX}")}
            for draft in directory.glob("*.writing"):
                draft.unlink(missing_ok=True)

    def path(self, name: int | str) -> Path:
        """Return the file of a name, existing or not."""
        return self._directory / f"{name}{_SUFFIX}"

    def __contains__(self, name: int | str) -> bool:
        return str(name) in self._present

    def save(self, name: int | str, weights: Weights) -> None:
        """Write weights; an existing file of that name is replaced.

        Raises:
            LedgerError: if the file cannot be written, for example because the disk is full.
        """
        from safetensors.numpy import save

        path = self.path(name)
        draft = path.with_suffix(".writing")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(save({key: array.copy(order="C") for key, array in weights.items()}))
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise LedgerError(
                f"Cannot write {path}: {error.strerror or error}. Everything finished before is kept.",
                f"Make room, then type: automl resume {self._directory.parent}",
            ) from error
        self._present.add(str(name))
        self._recent = (name, weights)

    def load(self, name: int | str) -> Weights:
        """Read weights; the arrays may be shared between calls, so treat them as read-only.

        Raises:
            WeightsError: if the file is missing or is not safetensors.
        """
        if self._recent is None or self._recent[0] != name:
            self._recent = (name, load_weights(self.path(name)))
        return self._recent[1]

    def prune(self, wanted: Collection[int]) -> None:
        """Delete the weights of all evaluations that are not wanted; those kept under a word stay."""
        for name in [name for name in self._present if name.isdigit() and int(name) not in wanted]:
            self.path(name).unlink(missing_ok=True)
            self._present.discard(name)


def load_weights(path: Path) -> Weights:
    """Read a safetensors file.

    Raises:
        WeightsError: if the file is missing or is not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights: Weights = load_file(path)
    except FileNotFoundError:
        raise WeightsError(f"The weights file {path} is missing.", "Restore it from a copy.") from None
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read as safetensors: {error}.",
            "Restore it from a copy, or start again with another --out.",
        ) from error
    return weights
