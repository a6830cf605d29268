"""What the fields of a data set are: a type and a role for each, in a few lines of TOML or JSON.

rest = "ignore"                             # fields not named here; the default is "infer"

[fields]
clicked = "label"                           # one word, a type or a role ...
shop = "token"
ad = { type = "hash", buckets = 50000 }     # ... or more
visitor = { type = "token", role = "user" }
price = { type = "number", bins = 20 }
when = "time"
comment = "ignore"

A text file that has no line of names gets them here; what stands between its fields, too, if that is unusual:

columns = ["visitor", "ad"]
delimiter = " "
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from automl.core.errors import InvalidData, UnknownName

FieldType: TypeAlias = Literal["token", "number", "hash", "ignore"]
Role: TypeAlias = Literal["label", "user", "item", "time", "feature"]
TYPES = get_args(FieldType)
ROLES = get_args(Role)
ONLY_ONE: tuple[Role, ...] = ("label", "user", "item", "time")
KEYS = ("type", "role", "buckets", "bins", "range")
FILE_KEYS = ("fields", "rest", "columns", "delimiter")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a field is.

    Attributes:
        type: "token" (values as they are), "number" (cut into bins), "hash" (values hashed into buckets), "ignore";
            None where it is left to be inferred.
        role: what it is for; None where it is left to be inferred.
        buckets: buckets of a hashed field; None takes the reading's.
        bins: most bins of a number; None takes the reading's.
        range: smallest and largest number that a label may be; None for any.
    """

    type: FieldType | None = None
    role: Role | None = None
    buckets: int | None = None
    bins: int | None = None
    range: tuple[float, float] | None = None

    def to_json(self) -> str | dict[str, Any]:
        """Return it as a schema file says it, as short as it goes."""
        said = {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}
        if self.role == "feature" or self.type == "ignore":
            said.pop("role", None)
        if self.role in ("label", "time"):
            said.pop("type", None)
        if "range" in said:
            said["range"] = list(said["range"])
        return str(next(iter(said.values()))) if len(said) == 1 and {"type", "role"} & said.keys() else said


@dataclass(frozen=True, slots=True)
class Schema:
    """What the fields of a data set are.

    Attributes:
        fields: name to what it is; no two users, items, times or labels.
        rest: what becomes of fields that are not named: "infer" or "ignore".
        columns: names of all fields of a text file that has no line of names, in order; empty where it has one.
        delimiter: what stands between the fields of a text file; None where it is to be found out.
    """

    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    rest: Literal["infer", "ignore"] = "infer"
    columns: tuple[str, ...] = ()
    delimiter: str | None = None

    def __post_init__(self) -> None:
        for role in ONLY_ONE:
            names = [name for name, spec in self.fields.items() if spec.role == role]
            if len(names) > 1:
                raise InvalidData(
                    f"The schema gives the role '{role}' to two fields, '{names[0]}' and '{names[1]}'.",
                    f'Keep one and write {names[1]} = "ignore" or {names[1]} = "token" for the other.',
                )

    def named(self, role: Role) -> str | None:
        """Return the name of the field of this role that is not ignored; None if there is none."""
        return next((n for n, spec in self.fields.items() if spec.role == role and spec.type != "ignore"), None)

    @property
    def encoded(self) -> tuple[str, ...]:
        """Return the names of the fields that get embeddings: users, items and features."""
        return tuple(
            name
            for name, spec in self.fields.items()
            if spec.role in ("user", "item", "feature") and spec.type != "ignore"
        )

    def over(self, other: Schema) -> Schema:
        """Return this schema with what only the other one says; where both speak, this one is right."""
        taken = {spec.role for spec in self.fields.values()} & set(ONLY_ONE)
        below = {n: replace(spec, role=None) if spec.role in taken else spec for n, spec in other.fields.items()}
        rest: Literal["infer", "ignore"] = "ignore" if "ignore" in (self.rest, other.rest) else "infer"
        columns, delimiter = self.columns or other.columns, self.delimiter or other.delimiter
        return Schema({**below, **self.fields}, rest, columns, delimiter)

    def text(self) -> str:
        """Return it as a TOML file."""
        import tomli_w

        of_file = {"columns": list(self.columns), "delimiter": self.delimiter}
        said = {"rest": self.rest, **{name: value for name, value in of_file.items() if value}}
        return tomli_w.dumps({**said, "fields": {n: spec.to_json() for n, spec in self.fields.items()}})


def schema_from(source: Schema | Mapping[str, Any] | str | Path) -> Schema:
    """Return the schema that a mapping or a TOML or JSON file describes.

    Args:
        source: a schema, a path, or a mapping in the form of the file; without the key `fields`, and without a list
            `columns`, it is the fields.

    Raises:
        InvalidData: if the file is missing or damaged, or says what no schema may.
        UnknownName: if it has an unknown type, role or key.
    """
    if isinstance(source, Schema):
        return source
    content = source if isinstance(source, Mapping) else _load(Path(source))
    if not isinstance(content.get("fields"), Mapping):
        listed = isinstance(content.get("columns"), list | tuple)
        content = {"fields": {}, **content} if listed else {"fields": content}
    for key in content:
        if key not in FILE_KEYS:
            raise UnknownName("key of the schema", str(key), FILE_KEYS)
    rest = content.get("rest", "infer")
    if rest not in ("infer", "ignore"):
        raise UnknownName("value of 'rest' in the schema", str(rest), ("infer", "ignore"))
    specs = {str(name): _spec(str(name), said) for name, said in content["fields"].items()}
    return Schema(specs, "ignore" if rest == "ignore" else "infer", _columns(content), _delimiter(content))


def _columns(content: Mapping[str, Any]) -> tuple[str, ...]:
    names = content.get("columns", ())
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise InvalidData(
            f"'columns' of the schema must be a list of names, got {names!r}.", 'Write columns = ["user", "item"].'
        )
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InvalidData(f"'columns' of the schema names '{twice}' twice.", f"Write '{twice}_2' for the second.")
    return tuple(names)


def _delimiter(content: Mapping[str, Any]) -> str | None:
    found = content.get("delimiter")
    if found is not None and (not isinstance(found, str) or len(found) != 1 or not found.isascii() or found in '"\r\n'):
        raise InvalidData(
            f"'delimiter' of the schema must be one character, no quote and no line break, got {found!r}.",
            'Write delimiter = " " or delimiter = "\\t", for example.',
        )
    return found


def _load(path: Path) -> Mapping[str, Any]:
    if path.suffix not in (".toml", ".json"):
        raise InvalidData(f"{path} is no schema: its name ends neither in .toml nor in .json.", "Rename it.")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise InvalidData(f"The schema {path} cannot be read: {error.strerror}.", "Check the path.") from error
    except ValueError as error:  # TOML, JSON and UTF-8 errors are all ValueErrors
        raise InvalidData(f"The schema {path} is damaged: {error}.", "Repair it in an editor.") from error
    if not isinstance(content, Mapping):
        raise InvalidData(f"The schema {path} is a list.", 'Write a mapping: {"fields": {"clicked": "label"}}.')
    return content


def _spec(name: str, said: Any) -> FieldSpec:
    if isinstance(said, FieldSpec):
        return said
    if isinstance(said, str):
        said = {"type" if said in TYPES else "role": said}
        if said.get("role", "label") not in ROLES:
            raise UnknownName(f"type or role of the field '{name}'", said["role"], (*TYPES, *ROLES))
    if not isinstance(said, Mapping):
        raise InvalidData(f"The schema says {said!r} of the field '{name}'.", f'Write {name} = "token", for example.')
    for key in said:
        if key not in KEYS:
            raise UnknownName(f"key of the field '{name}' in the schema", str(key), KEYS)
    for key, known in (("type", TYPES), ("role", ROLES)):
        if said.get(key) is not None and said[key] not in known:
            raise UnknownName(f"{key} of the field '{name}'", str(said[key]), known)
    return _checked(name, said)


def _checked(name: str, said: Mapping[str, Any]) -> FieldSpec:
    for key, least in (("buckets", 1), ("bins", 2)):
        size = said.get(key)
        if size is not None and (not isinstance(size, int) or size < least):
            raise InvalidData(f"'{key}' of the field '{name}' must be a whole number from {least} on, got {size!r}.")
    if said.get("role") in ("user", "item") and said.get("type") == "number":
        raise InvalidData(
            f"The field '{name}' is declared a number and the {said['role']}: bins would mix {said['role']}s up.",
            'Declare it a "token" or a "hash".',
        )
    limits = said.get("range")
    if limits is not None and (len(limits) != 2 or not limits[0] < limits[1]):
        raise InvalidData(f"'range' of the field '{name}' must be two rising numbers, got {limits!r}.")
    return FieldSpec(
        cast("FieldType | None", said.get("type")),
        cast("Role | None", said.get("role")),
        said.get("buckets"),
        said.get("bins"),
        None if limits is None else (float(limits[0]), float(limits[1])),
    )
