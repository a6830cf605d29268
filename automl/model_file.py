"""`model.json`: what an export says of its model. Long facts lie beside it, each in a compressed file of its name.

    model.json            {"config": ..., "facts": {"task": "ctr", ...}, "apart": ["vocabulary"], ...}
    vocabulary.json.gz    the fact of that name

Programs and people read them with `gzip` and `json`, and everything is there once.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.core.errors import UsageError
from automl.core.readable import readable_json

NAME = "model.json"
SUFFIX = ".json.gz"
LONG = 4096
"""Characters from which a fact is long."""


def write_body(folder: Path, body: Mapping[str, Any]) -> None:
    """Write what an export says of its model, a line for each entry; equal ones give equal bytes.

    Args:
        folder: the export, which exists.
        body: plain JSON, its facts among it.

    Raises:
        OSError: if a file cannot be written.
    """
    facts: Mapping[str, Any] = body["facts"]
    texts = {name: json.dumps(fact) for name, fact in facts.items()}
    apart = [name for name, text in texts.items() if name.isidentifier() and len(text) > LONG]
    kept = {name: fact for name, fact in facts.items() if name not in apart}
    said = {**body, "facts": kept, **({"apart": apart} if apart else {})}
    (folder / NAME).write_text(readable_json(said), encoding="utf-8")
    for name in apart:
        (folder / f"{name}{SUFFIX}").write_bytes(gzip.compress(texts[name].encode(), mtime=0))


def read_body(folder: Path) -> dict[str, Any]:
    """Return what `write_body` was given.

    Raises:
        UsageError: if a file is missing, damaged, or named outside of the folder.
    """
    try:
        body: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        apart: list[str] = body.pop("apart", [])
        if not all(name.isidentifier() for name in apart):
            raise ValueError(f"{NAME} names files outside of the export")
        long = {name: json.loads(gzip.decompress((folder / f"{name}{SUFFIX}").read_bytes())) for name in apart}
        return {**body, "facts": {**body["facts"], **long}} if long else body
    except (OSError, EOFError, zlib.error, ValueError, AttributeError, TypeError, KeyError) as error:
        raise UsageError(f"{folder} is not an export: {error}.", "Type: automl export RUN --out PATH") from error
