"""RecBole's atomic files: tab-separated, a type after the name of every field, users and items in files of their own.

NAME.inter    user_id:token    item_id:token    rating:float    timestamp:float
NAME.user     user_id:token    age:token
NAME.item     item_id:token    release_year:token
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from automl.core.errors import InvalidData
from automl.trainers.embeddings.data.schema import FieldSpec, FieldType, Role, Schema
from automl.trainers.embeddings.data.table import Table
from automl.trainers.embeddings.data.tabular import read_csv

SUFFIX = ".inter"
TYPES: dict[str, FieldType] = {"token": "token", "float": "number"}
SEQUENCES = ("token_seq", "float_seq")
SIDES: dict[Role, str] = {"user": ".user", "item": ".item"}


def read_atomic(path: Path) -> Table:
    """Read interactions and, where they lie beside them, what is known of users and items.

    Args:
        path: the .inter file.

    Raises:
        InvalidData: if a header lacks types, or a file has no field in common with the interactions.
    """
    table = _read(path)
    for role, suffix in SIDES.items():
        beside = path.with_suffix(suffix)
        if beside.is_file():
            table = _join(table, _read(beside), role, beside)
    return table


def _read(path: Path) -> Table:
    frame = read_csv(path, delimiter="\t", quote=None)
    fields, left_out = {}, []
    for header in frame.columns:
        name, _, kind = header.rpartition(":")
        if kind in SEQUENCES:
            left_out.append(header)
        elif kind not in TYPES:
            raise InvalidData(
                f"{path} is no atomic file: the field '{header}' of its first line has no type.",
                "Write user_id:token or rating:float there, or name the file .tsv.",
            )
        else:
            fields[header] = (name, FieldSpec(TYPES[kind]))
    kept = frame.select(pl.col(header).alias(name) for header, (name, _) in fields.items())
    remarks = [f"Left out as sequences: {', '.join(left_out)} of {path.name}."] if left_out else []
    return Table(kept, path.stem, Schema(dict(fields.values())), tuple(remarks))


def _join(inter: Table, side: Table, role: Role, path: Path) -> Table:
    shared = [name for name in side.frame.columns if name in inter.frame.columns]
    if not shared:
        raise InvalidData(
            f"{path} has no field in common with the interactions ({', '.join(inter.frame.columns)}).",
            f"Give the field of the {role}s the same name in both.",
        )
    key = shared[0]
    known = side.frame.unique(key, keep="first", maintain_order=True)
    renamed = {name: f"{role}_{name}" for name in shared[1:]}
    frame = inter.frame.join(known.rename(renamed), on=key, how="left", maintain_order="left")
    fields = {renamed.get(name, name): spec for name, spec in side.schema.fields.items() if name != key}
    joined = {**inter.schema.fields, **fields, key: replace(inter.schema.fields[key], role=role)}
    order = {name: joined[name] for name in frame.columns}
    return replace(inter, frame=frame, schema=Schema(order), remarks=(*inter.remarks, *side.remarks))
