"""The user's script, and why most workers never import it.

A fresh process imports the script of its parent only to find classes that are defined there. Built-in
spaces and trainers are defined elsewhere, so their workers skip it, and a script without
`if __name__ == "__main__":` simply works. Where a class of the script itself is needed, the script is
imported, and a search that starts on import is refused instead of starting searches without end.
"""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from types import ModuleType

from automl.core.errors import UsageError

_GUARD = "Put what starts the search under `if __name__ == '__main__':`."
_importing = False


def speaks_of_main(pickled: bytes) -> bool:
    """Say whether something pickled is of a class or function of the user's script."""
    if b"__main__" not in pickled:
        return False
    return any(argument == "__main__" for _, argument, _ in pickletools.genops(pickled))


def describe_main() -> dict[str, str]:
    """Return how a worker can import the script, in the words of `multiprocessing`.

    Raises:
        UsageError: if there is no file to import.
    """
    description = spawn.get_preparation_data("worker")
    main = {key: str(value) for key, value in description.items() if key.startswith("init_main_from")}
    path = main.get("init_main_from_path", "")
    if not main or path.endswith(">"):  # <stdin>
        raise UsageError(
            "The trainer or its candidates are defined in a notebook or an interactive session, where worker "
            "processes cannot find them.",
            "Move the class into a .py file and import it, or use runner='serial'.",
        )
    return main


@contextmanager
def hidden_main() -> Iterator[None]:
    """Hide the script from `multiprocessing`, which would import it in every process it starts."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def import_main(main: dict[str, str]) -> None:
    """Import the script in a worker, under the name `__mp_main__`.

    Raises:
        UsageError: if the script raises or exits.
    """
    global _importing
    _importing = True
    try:
        spawn.prepare(main)
    except (Exception, SystemExit) as error:
        said = error.message if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
        raise UsageError(f"Worker processes cannot import your script. {said}", _GUARD) from error
    finally:
        _importing = False


def refuse_on_import() -> None:
    """Refuse to start anything while a worker imports the user's script.

    Raises:
        UsageError: saying what the script lacks.
    """
    if _importing:
        raise UsageError("The script starts a search when a worker imports it.", _GUARD)
