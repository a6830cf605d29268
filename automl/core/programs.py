"""Programs by name: a setting that is a program is written down as "module:name" and found again by it.

    find("train:Net")           # the class Net of train.py
    name_of(Net)                # "train:Net"; "__main__:Net" in a script or a notebook

A program that no import leads to (a lambda, a function inside a function) has a name as well, but only the process that
gave it can find it again.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from automl.core.choices import Program
from automl.core.errors import UsageError

_given: dict[str, Program] = {}
"""Programs of this process that no import leads to, the latest of each name."""


def find(text: str) -> Program:
    """Return the program that a text names. The working directory is looked in as well, last.

    Raises:
        UsageError: if it cannot be imported, or is no program.
    """
    if text in _given:
        return _given[text]
    module, colon, qualname = text.partition(":")
    if not colon or not module or not qualname:
        raise UsageError(f"'{text}' names no program.", "Write module:name, for example train:Net for Net in train.py.")
    found: Any = _module(module, text)
    for part in qualname.split("."):
        if not hasattr(found, part):
            raise _lost(module, qualname)
        found = getattr(found, part)
    return check(found)


def _module(name: str, text: str) -> Any:
    here = str(Path.cwd())
    if not {here, ""} & {*sys.path}:
        sys.path.append(here)  # the installed command `automl` does not look there, `python -m automl` does
    try:
        return importlib.import_module(name)
    except Exception as error:  # the module is the user's, and may raise anything
        raise UsageError(
            f"The program '{text}' cannot be imported: {type(error).__name__}: {error}.",
            "Write module:name, importable from here.",
        ) from error


def _lost(module: str, qualname: str) -> UsageError:
    if module == "__main__" or "<" in qualname:
        return UsageError(
            f"The program '{qualname}' was given by a script, a notebook or a function, which is not running now.",
            f"Give it again, automl.resume(DIR, space={qualname.split('.')[-1]}), or define it in a module.",
        )
    return UsageError(f"The module '{module}' has no '{qualname}'.", "Write module:name.")


def name_of(program: Program) -> str:
    """Return the text by which `find` finds a program again; of one without a name, that of its type."""
    named: Any = program if hasattr(program, "__qualname__") else type(program)
    text = f"{named.__module__}:{named.__qualname__}"
    if not importable(program):
        _given[text] = program
    return text


def importable(program: Program) -> bool:
    """Say whether a program can be found by its name alone, in this process or in another that has the same script."""
    found: Any = sys.modules.get(getattr(program, "__module__", ""))
    for part in getattr(program, "__qualname__", "<nameless>").split("."):
        found = getattr(found, part, None)
    return found is program


def check(given: Any) -> Program:
    """Return what was given, if it is a program.

    Raises:
        UsageError: if it cannot be called with `choose` alone.
    """
    shown = getattr(given, "__qualname__", repr(given))
    if not callable(given):
        raise UsageError(
            f"{shown} is no program: it cannot be called.", "Give a function or a class that takes choose."
        )
    try:
        parameters = list(inspect.signature(given).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not parameters or parameters[0].name != "choose" or needed != ["choose"]:
        takes = f"it takes ({', '.join(p.name for p in parameters)})"
        how = "def __init__(self, choose)" if isinstance(given, type) else f"def {shown.rpartition('.')[2]}(choose)"
        raise UsageError(
            f"{shown} is no program: it must take choose and need nothing else, and {takes}.",
            f"Write {how} and ask inside: choose('width', [32, 64, 128]).",
        )
    program: Program = given
    return program
