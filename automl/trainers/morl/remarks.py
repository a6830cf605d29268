"""What a person should be told about a result besides its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from automl.core.records import Metrics


def remarks(metrics: Metrics, *, held_out: int, estimated: bool, is_default: bool) -> Sequence[str]:
    """Return sentences about a configuration.

    Args:
        metrics: what the search measured, and what the held-out seeds said, if they were asked.
        held_out: seeds of the final comparison.
        estimated: whether the reference point was found by policies at random.
        is_default: whether the configuration is the default.
    """
    said = []
    if is_default:
        said.append("Nothing that was tried beat the default configuration.")
    elif "gain" in metrics:
        said.append(_verdict(metrics, held_out))
    if "gain" in metrics:
        said.append(
            f"The search itself measured {metrics['hypervolume']:.4g}: the best of many noisy measurements is "
            f"flattered. On {held_out} seeds that the search never saw it is {metrics['test_hypervolume']:.4g} "
            f"[{metrics['test_hypervolume_low']:.4g}, {metrics['test_hypervolume_high']:.4g}]."
        )
    if estimated:
        said.append(
            "The reference point was estimated from policies at random; hypervolumes compare with others only under "
            "the same point. Give one with --set reference=..."
        )
    return said


def _verdict(metrics: Metrics, seeds: int) -> str:
    bounds = f"95 % interval [{metrics['gain_low']:.4g}, {metrics['gain_high']:.4g}] over {seeds} held-out seeds"
    chance = f"a run beats a run of the default with probability {metrics['probability_of_improvement']:.2f}"
    if metrics["gain_low"] > 0:
        return f"Better than the default by {metrics['gain']:.4g} in hypervolume: {bounds}; {chance}."
    if metrics["gain_high"] < 0:
        return f"Worse than the default by {-metrics['gain']:.4g} in hypervolume: {bounds}; {chance}."
    return f"No detectable gain over the default: {metrics['gain']:.4g} in hypervolume, {bounds}; {chance}."
