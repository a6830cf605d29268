"""What the parts of the winner's test left besides numbers (`InParts`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.archive import Archive

Points: TypeAlias = npt.NDArray[np.float64]


def extras(archive: Archive, name: str) -> list[Mapping[str, Any]]:
    """Return what every part left under a name, in their order; parts that left no mapping there are passed over."""
    best = archive.best.number if archive.best else None
    own = [final.parts for final in archive.finals if final.trial == best and final.parts]
    found = [(part.get("extras") or {}).get(name) for part in (own[0] if own else ())]
    return [given for given in found if isinstance(given, dict)]


def points(given: Any) -> Points | None:
    """Return points (n, dimensions) that were written as JSON, None if it is anything else."""
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return found if found.ndim == 2 and found.size and np.isfinite(found).all() else None
