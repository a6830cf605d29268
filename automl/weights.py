"""Weights of evaluations as safetensors: small ones in the ledger, large ones in a file each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from automl.core.errors import LedgerError, WeightsError
from automl.core.records import Weights
from automl.ledger import Ledger

SMALL = 16_384
"""Bytes up to which weights lie in the ledger: making and deleting a file takes five times as long."""
FOLDER = "weights"
"""The folder of a run directory with the large ones."""
_SUFFIX = ".safetensors"


class WeightStore:
    """The weights of a run.

    A name is the number of an evaluation, or a word for what is kept for good. Small weights become part of the next
    event of the ledger. Files appear by an atomic rename, so a process killed in the middle of writing leaves at most a
    draft, which is removed when the store is opened again.

    Args:
        directory: the folder `weights/` of the run.
        ledger: an open ledger that takes small weights; None keeps everything in files.
    """

    def __init__(self, directory: Path, ledger: Ledger | None = None) -> None:
        self._directory = directory
        self._ledger = ledger
        self._small: dict[str, Weights | None] = dict.fromkeys(ledger.kept() if ledger else ())  # None: not read yet
        self._recent: tuple[str, Weights] | None = None
        self._files: set[str] = set()
        if ledger is not None:
            self._make_folder()
        if directory.is_dir():
            self._files = {path.stem for path in directory.glob(f"*{_SUFFIX}")}
            for draft in directory.glob("*.writing"):
                draft.unlink(missing_ok=True)
        self._evaluations = {int(name) for name in (*self._files, *self._small) if name.isdigit()}

    def path(self, name: int | str) -> Path:
        """Return the file of a name, existing or not."""
        return self._directory / f"{name}{_SUFFIX}"

    def __contains__(self, name: int | str) -> bool:
        return str(name) in self._small or str(name) in self._files

    def save(self, name: int | str, weights: Weights) -> None:
        """Write weights, small ones with the next event of the ledger; what was there under that name is replaced.

        Raises:
            LedgerError: if a file cannot be written, for example because the disk is full.
        """
        from safetensors.numpy import save

        key, body = str(name), save({key: array.copy(order="C") for key, array in weights.items()})
        if self._ledger is not None and len(body) <= SMALL:
            self._ledger.stage(key, body)
            self._small[key] = weights
        else:
            self._write(self.path(name), body)
            self._files.add(key)
            self._recent = (key, weights)
        if key.isdigit():
            self._evaluations.add(int(key))

    def load(self, name: int | str) -> Weights:
        """Read weights; the arrays may be shared between calls, so treat them as read-only.

        Raises:
            WeightsError: if they are missing or are not safetensors.
        """
        key = str(name)
        if key in self._small:
            found = self._small[key]
            if found is None:
                assert self._ledger is not None  # nothing else has put the name there
                found = self._small[key] = parse_weights(self._ledger.weights(key) or b"", f"weights of {key}")
            return found
        if self._recent is None or self._recent[0] != key:
            self._recent = (key, load_weights(self.path(name)))
        return self._recent[1]

    def prune(self, wanted: Collection[int]) -> None:
        """Delete the weights of all evaluations that are not wanted; those kept under a word stay."""
        for number in self._evaluations.difference(wanted):
            self._evaluations.discard(number)
            name = str(number)
            if name in self._small:
                del self._small[name]
                if self._ledger is not None:
                    self._ledger.stage(name, None)
            else:
                self.path(name).unlink(missing_ok=True)
                self._files.discard(name)

    def _make_folder(self) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"Cannot write to {self._directory}: {error.strerror or error}.") from error

    def _write(self, path: Path, body: bytes) -> None:
        draft = path.with_suffix(".writing")
        if not self._files:
            self._make_folder()
        try:
            draft.write_bytes(body)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise LedgerError(
                f"Cannot write {path}: {error.strerror or error}. Everything finished before is kept.",
                f"Make room, then type: automl resume {self._directory.parent}",
            ) from error


def read_weights(directory: Path, name: int | str) -> bytes | None:
    """Return weights of a run directory as safetensors, None if they were not kept; its study may be running."""
    path = directory / FOLDER / f"{name}{_SUFFIX}"
    if path.is_file():
        return path.read_bytes()
    with Ledger.read(directory) as ledger:
        return ledger.weights(str(name))


def load_weights(path: Path) -> Weights:
    """Read a safetensors file.

    Raises:
        WeightsError: if the file is missing or is not safetensors.
    """
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"The weights file {path} is missing.", "Restore it from a copy.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.", "Restore it from a copy.") from error
    return parse_weights(body, str(path))


def parse_weights(body: bytes, place: str) -> Weights:
    """Read safetensors.

    Raises:
        WeightsError: if they are none; `place` says where they were.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        weights: Weights = load(body)
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{place} cannot be read as safetensors: {error}.",
            "Restore it from a copy, or start again with another --out.",
        ) from error
    return weights
