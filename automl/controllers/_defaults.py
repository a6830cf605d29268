"""Where a search starts: with what one would take without it, if the space knows that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automl.core.domains import Value
from automl.core.space import Defaulting


def defaults_of(space: Any) -> Sequence[Mapping[str, Value]]:
    """Return the answers of a space's default candidates; none if it knows no default."""
    return space.defaults() if isinstance(space, Defaulting) else ()
