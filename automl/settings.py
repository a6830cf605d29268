"""Settings: from `--set key=value` to the keyword arguments of the plug-ins that know the key.

epochs=4                 goes to whichever of space, controller and trainer has a setting `epochs`
trainer.epochs=4         names the one that is meant
fixed.width=64           one entry of a setting that holds values by name; fixed={"width": 64} gives them all
profile=paper            a named preset, applied to every plug-in that has one of that name
inner=bayesian startup=5 a controller that wraps another is given its name, and its settings behind it
of=train:Net             a program is named with its module; from Python it may be the object itself
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any, TypeAlias, get_args, get_origin

from automl.core import programs
from automl.core.choices import Program
from automl.core.controller import Controller, MakeController
from automl.core.errors import UnknownName, UsageError
from automl.registry import found, load, settings_of

Plugins: TypeAlias = Mapping[str, type[Any]]
"""The roles `space`, `controller`, `trainer` with their classes."""


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """Split `key=value` texts.

    Raises:
        UsageError: if one has no `=`.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{text}' is not a setting.", "Write --set key=value.")
        pairs[key.strip()] = value.strip()
    return pairs


def assign(given: Mapping[str, Any], plugins: Plugins) -> dict[str, dict[str, Any]]:
    """Return the keyword arguments of each role: its profile first, then what was given for it.

    Raises:
        UnknownName: if no plug-in has the setting or the profile.
        UsageError: if a value has the wrong type, or a key fits several plug-ins.
    """
    given = dict(given)
    chosen: dict[str, dict[str, Any]] = {role: {} for role in plugins}
    profile = given.pop("profile", None)
    if profile is not None:
        _apply_profile(str(profile), plugins, chosen)
    for key, value in _gathered(given, plugins).items():
        role, name = _owner(key, plugins)
        chosen[role][name] = _typed(role, name, value, settings_of(plugins[role])[name])
    return chosen


def _apply_profile(profile: str, plugins: Plugins, chosen: dict[str, dict[str, Any]]) -> None:
    known = {name for cls in plugins.values() for name in cls.profiles}
    if profile not in known:
        raise UnknownName("profile", profile, known)
    for role, cls in plugins.items():
        chosen[role].update(cls.profiles.get(profile, {}))


def _gathered(given: Mapping[str, Any], plugins: Plugins) -> dict[str, Any]:
    """Put what is given as SETTING.ENTRY together, for settings that hold values by name."""
    entries = {key: place for key in given if (place := _entry(key, plugins))}
    whole = {key: value for key, value in given.items() if key not in entries}
    for key, (setting, name) in entries.items():
        whole[setting] = {**_mapping(setting, whole.get(setting, {})), name: _plain_text(given[key])}
    return whole


def _entry(key: str, plugins: Plugins) -> tuple[str, str] | None:
    """Split SETTING.ENTRY or ROLE.SETTING.ENTRY before the entry; None if no such setting holds values by name."""
    first, _, rest = key.partition(".")
    role = first if first in plugins else None
    setting, _, name = (rest if role else key).partition(".")
    known = [settings_of(cls) for cls in ([plugins[role]] if role else plugins.values())]
    if not name or not any(setting in settings and _by_name(settings[setting]) for settings in known):
        return None
    return (f"{role}.{setting}" if role else setting), name


def _by_name(parameter: inspect.Parameter) -> Any:
    """Return the mapping that a setting is, or that it may be among other things; None if it is none."""
    kinds = (parameter.annotation, *get_args(parameter.annotation))
    return next((kind for kind in kinds if get_origin(kind) is Mapping), None)


def _mapping(setting: str, value: Any) -> Mapping[str, Any]:
    read = _plain_text(value)
    if not isinstance(read, Mapping):
        raise UsageError(f"The setting {setting} holds values by name, got {value!r}.", f"Write {setting}.NAME=VALUE.")
    return read


def _plain_text(value: Any) -> Any:
    """Return what a text says as JSON, else the text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return {"True": True, "False": False}.get(value, value)


def _owner(key: str, plugins: Plugins) -> tuple[str, str]:
    """Find the role that a key belongs to, and the name of the setting there."""
    known = {role: settings_of(cls) for role, cls in plugins.items()}
    role, dot, name = key.partition(".")
    if dot and role in known:
        if name not in known[role]:
            raise UnknownName(f"setting of the {role}", name, known[role])
        return role, name
    owners = [role for role, settings in known.items() if key in settings]
    if not owners:
        raise UnknownName("setting", key, {name for settings in known.values() for name in settings})
    if len(owners) > 1:
        options = " or ".join(f"{owner}.{key}" for owner in owners)
        raise UsageError(f"Several parts have a setting '{key}'.", f"Write {options}.")
    return owners[0], key


def configured(controller: str, given: Mapping[str, Any]) -> partial[Controller]:
    """Return what makes a registered controller from (space, objectives, seed), with its settings filled in.

    Raises:
        UnknownName: if there is no controller of that name, or a setting is not one of its own.
        UsageError: if a value has the wrong type.
    """
    cls: type[Controller] = load("controllers", controller)
    return partial(cls, **assign(given, {"controller": cls})["controller"])


@dataclass(frozen=True)
class NamedController:
    """A controller inside another, as a setting: its text, and what that means."""

    text: str
    make: partial[Controller]

    @classmethod
    def parse(cls, text: str) -> NamedController:
        """Read `NAME key=value key=value`.

        Raises:
            UsageError: as `configured`, or if a setting has no value.
        """
        name, *rest = text.split() or [""]
        return cls(text, configured(name, parse_assignments(rest)))

    def __call__(self, space: Any, objectives: Any, seed: int, /) -> Controller:
        """Make the controller."""
        return self.make(space, objectives, seed)

    def __str__(self) -> str:
        return self.text


def _typed(role: str, name: str, value: Any, parameter: inspect.Parameter) -> Any:
    """Convert a value, often a text from the command line, to the annotated type of the setting."""
    from pydantic import TypeAdapter, ValidationError

    if parameter.annotation is MakeController:
        return NamedController.parse(str(value))
    if parameter.annotation == Program:
        return _program(value)
    by_name = _by_name(parameter)
    if by_name and is_dataclass(value):  # a mapping from the start: it is what a resumed search reads
        value = TypeAdapter(type(value)).dump_python(value, mode="json", exclude_none=True)
    for reading in _readings(value):
        # Where a dataclass would do, too, pydantic would make one of a mapping, and drop what is no field of it.
        kind = by_name if by_name and isinstance(reading, Mapping) else parameter.annotation
        try:
            return TypeAdapter(kind).validate_python(reading)
        except ValidationError:
            continue
    if by_name:
        raise UsageError(f"The setting {role}.{name} holds values by name, got {value!r}.", f"Write {name}.NAME=VALUE.")
    expected = inspect.formatannotation(parameter.annotation).replace("typing.", "")
    raise UsageError(f"The setting {role}.{name} takes {expected}, got {value!r}.")


def _program(value: Any) -> Program:
    return programs.find(value) if isinstance(value, str) else programs.check(value)


def program_of(cls: type[Any], given: Mapping[str, Any]) -> Program | None:
    """Return the program that is a setting of a search space; None if the space takes none.

    Args:
        cls: the class of the space.
        given: settings by name, with the role before it or without, some of them perhaps of other parts.
    """
    for name, parameter in settings_of(cls).items():
        if parameter.annotation == Program:
            return _program(given.get(f"space.{name}", given.get(name, parameter.default)))
    return None


def _readings(value: Any) -> Iterable[Any]:
    """Yield what a text may mean: itself, JSON, none, or a comma-separated list."""
    yield value
    if isinstance(value, str):
        try:
            yield json.loads(value)
        except ValueError:
            if value.lower() in ("none", "null"):
                yield None
        yield [part.strip() for part in value.split(",") if part.strip()]


def complete(cls: type[Any], chosen: Mapping[str, Any], filled: Mapping[str, Any]) -> dict[str, Any]:
    """Return every setting of a plug-in that is not filled in from the data, with its value."""
    values: dict[str, Any] = {}
    for name, parameter in settings_of(cls).items():
        value = chosen.get(name, parameter.default)
        if name not in filled and value is not None and value is not inspect.Parameter.empty:
            values[name] = programs.name_of(value) if parameter.annotation == Program else _plain(value)
    return values


def _plain(value: Any) -> Any:
    """Return a setting as JSON; a controller by its name."""
    if isinstance(value, NamedController):
        return value.text
    if isinstance(value, type):
        place = f"{value.__module__}:{value.__qualname__}"
        return next(name for name, point in found("controllers").items() if point.value == place)
    return list(value) if isinstance(value, tuple) else value
