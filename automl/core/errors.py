"""What can go wrong, as one tree.

    AutomlError                 every error this package raises on purpose
    ├── UsageError              wrong input; the command line exits with 2
    │   ├── UnknownName         no plug-in, metric or setting of that name
    │   ├── Incompatible        two parts that do not fit each other
    │   ├── InvalidCandidate    a candidate its space refuses
    │   ├── InvalidData         a data set that cannot be trained on
    │   └── MissingExtra        an optional package is not installed
    ├── LedgerError             the study's file is missing, locked or damaged
    └── WeightsError            a weights file is missing or is not safetensors

    Stop                        not an error: `report` raises it to end an evaluation early
    StopSearch                  not an error: a callback raises it to end the search early

A message says what happened and why; the hint says what to type next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AutomlError(Exception):
    """Base class: a sentence for the user, and a hint what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(AutomlError):
    """The input was wrong; nothing has been searched."""


class UnknownName(UsageError):
    """A name that is not among the known ones; suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        listed = f" Known: {', '.join(names)}." if names else ""
        super().__init__(f"Unknown {kind} '{name}'.{meant}{listed}", hint)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(cls: type[AutomlError], message: str, hint: str) -> AutomlError:
    """Unpickle an error whose constructor composes its message (workers send errors home)."""
    error = cls.__new__(cls)
    AutomlError.__init__(error, message, hint)
    return error


class Incompatible(UsageError):
    """A space, controller, trainer or objective that do not fit each other."""


class InvalidCandidate(UsageError):
    """A candidate that its space refuses."""


class InvalidData(UsageError):
    """A data set that is missing, damaged or cannot be trained on."""


class MissingExtra(UsageError):
    """An optional package that this feature needs is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs the package '{package}', which is not installed.",
            f"Type: pip install 'automl-search[{extra}]'",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint)


class LedgerError(AutomlError):
    """The study's file is missing, in use, or damaged."""


class WeightsError(AutomlError):
    """A weights file is missing or is not safetensors."""


class Stop(Exception):
    """Raised by `report` inside a trainer: end this evaluation, its time is over."""


class StopSearch(Exception):
    """Raised by a callback: end the search; everything finished is kept, and it can be resumed."""
