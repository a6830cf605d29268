"""What a tracker keeps of a trial that waits to be written, and what it says of a store."""

from __future__ import annotations

from dataclasses import replace

from automl.core.records import Result, Trial


def without_weights(trial: Trial) -> Trial:
    """Return the trial without arrays, so that one which waits to be written holds little memory."""
    return replace(trial, results=tuple(map(_light, trial.results)))


def _light(result: Result) -> Result:
    if result.outcome is None or result.outcome.weights is None:
        return result
    return replace(result, outcome=replace(result.outcome, weights=None))


def public_url(url: str) -> str:
    """Return the address of a store without the password it may hold."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else url
