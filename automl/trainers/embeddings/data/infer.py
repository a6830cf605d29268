"""What a schema leaves open: roles by the names that fields usually have, types by what is in them."""

from __future__ import annotations

import difflib
from dataclasses import replace

import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.schema import FieldSpec, FieldType, Role, Schema
from automl.trainers.embeddings.data.table import Table
from automl.trainers.embeddings.data.typed import as_numbers

USUAL: dict[Role, tuple[str, ...]] = {
    "label": ("label", "rating", "click", "clicked", "is_click", "target", "y"),
    "user": ("user_id", "user", "userid", "uid", "reviewerid"),
    "item": ("item_id", "item", "itemid", "iid", "movie_id", "movieid", "product_id", "asin"),
    "time": ("timestamp", "time", "datetime", "date", "ts"),
}
FEW_VALUES = 1000
FEW_SHARE = 0.1
"""Whole numbers are taken for names, not for amounts, if they have few distinct values: so many, or such a share of the
rows."""


def complete(table: Table) -> Table:
    """Return the table with a schema that says everything, its frame cut down to the fields that are used.

    Raises:
        InvalidData: if the frame lacks a field of the schema, or has no row, or a name cannot be used.
    """
    frame, given = table.frame, table.schema
    _refuse_missing(frame, given)
    if not frame.height:
        raise InvalidData(f"{table.name} has no rows.", "Give data with at least a few dozen rows.")
    roles = _roles(frame, given)
    fields = {name: _complete(frame[name], given, roles.get(name, "feature")) for name in frame.columns}
    schema = replace(given, fields=fields, rest="ignore")
    used = [name for name, spec in fields.items() if spec.type != "ignore"]
    _refuse_slashes(schema)
    inferred = any(name not in given.fields or given.fields[name].to_json() != fields[name].to_json() for name in used)
    remarks = [_remark(given, schema)] if inferred else []
    return replace(table.but(frame.select(used), *remarks), schema=schema)


def _refuse_missing(frame: pl.DataFrame, schema: Schema) -> None:
    missing = [name for name in schema.fields if name not in frame.columns]
    if not missing:
        return
    near = difflib.get_close_matches(missing[0], frame.columns, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    raise InvalidData(
        f"The data lack what the schema names: {', '.join(missing)}.{meant} They have {', '.join(frame.columns[:20])}.",
        "Correct the names in the schema, or remove them.",
    )


def _refuse_slashes(schema: Schema) -> None:
    for name in schema.encoded:
        if "/" in name:
            raise InvalidData(
                f"The name of the field '{name}' has a '/', which separates the parts of a weight's name.",
                f"Rename it, to '{name.replace('/', '_')}' for example, or ignore it.",
            )


def _roles(frame: pl.DataFrame, given: Schema) -> dict[str, Role]:
    """Return the roles of fields, those given and those inferred from names."""
    roles: dict[str, Role] = {name: spec.role for name, spec in given.fields.items() if spec.role}
    if given.rest == "ignore":
        return roles
    for role, usual in USUAL.items():
        if role in roles.values():
            continue
        free = {n.lower(): n for n in reversed(frame.columns) if n not in roles and _open(given, n)}
        name = next((free[word] for word in usual if word in free), None)
        if name is not None:
            roles[name] = role
    return roles


def _open(given: Schema, name: str) -> bool:
    return given.fields.get(name, FieldSpec()).type != "ignore"


def _complete(series: pl.Series, given: Schema, role: Role) -> FieldSpec:
    spec = given.fields.get(series.name)
    if spec is None and given.rest == "ignore":
        return FieldSpec("ignore")
    spec = spec or FieldSpec()
    if spec.type == "ignore":
        return spec
    usual: dict[Role, FieldType] = {"label": "number", "time": "number", "user": "token", "item": "token"}
    if role in ("label", "time"):
        return replace(spec, type="number", role=role)
    return replace(spec, type=spec.type or usual.get(role) or infer_type(series), role=role)


def infer_type(series: pl.Series) -> FieldType:
    """Return the type of a feature: whole numbers are names if they are few, broken ones are amounts.

    Points in time, and whatever is not a plain value, are ignored.
    """
    kind = series.dtype
    if kind.is_temporal() or kind.is_nested() or kind in (pl.Binary, pl.Object):
        return "ignore"
    if kind.is_float() or kind.is_decimal():
        return "number"
    if kind.is_integer():
        return _of_whole_numbers(series)
    if kind == pl.String:
        found = as_numbers(series)
        if found.wrong is None and found.values.null_count() < len(series):
            written_broken = series.str.contains(r"[.eE]").any() or not found.values.is_finite().all()
            return "number" if written_broken else _of_whole_numbers(series)
    return "token"


def _of_whole_numbers(series: pl.Series) -> FieldType:
    return "token" if series.n_unique() <= max(FEW_VALUES, FEW_SHARE * len(series)) else "number"


def _remark(given: Schema, schema: Schema) -> str:
    said = ", ".join(f"{name} {_words(spec)}" for name, spec in schema.fields.items())
    return f"The schema was {'completed' if given.fields else 'inferred'}: {said}."


def _words(spec: FieldSpec) -> str:
    if spec.type == "ignore" or spec.role in ("label", "time"):
        return str(spec.role if spec.type != "ignore" else spec.type)
    return str(spec.type) if spec.role == "feature" else f"{spec.role} ({spec.type})"
