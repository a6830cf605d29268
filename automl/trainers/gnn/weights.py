"""What is said of weights that do not fit a network."""

from __future__ import annotations

from collections.abc import Collection

from automl.core.errors import WeightsError


def refuse_incomplete(missing: Collection[str]) -> None:
    """Refuse weights that lack arrays of a finished network.

    Raises:
        WeightsError: naming one of them.
    """
    if missing:
        raise WeightsError(f"The weights lack '{sorted(missing)[0]}' and are not those of a finished network.")
