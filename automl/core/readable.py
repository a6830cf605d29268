"""JSON for people: a file that is read, compared and searched line by line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def readable_json(body: Mapping[str, Any], *opened: str) -> str:
    """Return an object as JSON, a line for each of its entries; equal ones give equal text.

    Args:
        body: plain JSON.
        opened: names of entries, lists or objects, each of whose own entries gets a line, too.
    """
    texts = {name: _opened(value) if name in opened and value else json.dumps(value) for name, value in body.items()}
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {text}" for name, text in texts.items()) + "\n}\n"


def _opened(value: Mapping[str, Any] | list[Any]) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in value) + "\n ]"
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in value.items()) + "\n }"
