"""What a person should be told about a result besides its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from automl.core.records import Metrics


def remarks(metrics: Metrics, *, held_out: int, estimated: bool, is_default: bool) -> Sequence[str]:
    """Return sentences about a configuration.

    Args:
        metrics: what the search measured, and what the validation and the held-out seeds said, if they were asked.
        held_out: seeds that were to be held out.
        estimated: whether the reference point was found by policies at random.
        is_default: whether the configuration is the default.
    """
    said = []
    if is_default:
        said.append("No detectable gain: of what was tried, nothing is better than the default configuration.")
    elif "gain" in metrics:
        said.append(_verdict(metrics))
    said += _three_measurements(metrics)
    if "gain" in metrics and metrics["held_out_seeds"] < held_out:
        said.append(
            f"Of {held_out} held-out seeds {metrics['held_out_seeds']:.0f} gave a value: time was over, or a training "
            "failed. With time left, automl resume goes on."
        )
    if estimated:
        said.append(
            "The reference point was estimated from policies at random; hypervolumes compare with others only under "
            "the same point. Give one with --set reference=..."
        )
    return said


def _verdict(metrics: Metrics) -> str:
    bounds = (
        f"95 % interval [{metrics['gain_low']:.4g}, {metrics['gain_high']:.4g}] "
        f"over {metrics['held_out_seeds']:.0f} held-out seeds"
    )
    chance = f"a run beats a run of the default with probability {metrics['probability_of_improvement']:.2f}"
    if metrics["gain_low"] > 0:
        return f"Better than the default by {metrics['gain']:.4g} in hypervolume: {bounds}; {chance}."
    if metrics["gain_high"] < 0:
        return f"Worse than the default by {-metrics['gain']:.4g} in hypervolume: {bounds}; {chance}."
    return f"No detectable gain over the default: {metrics['gain']:.4g} in hypervolume, {bounds}; {chance}."


def _three_measurements(metrics: Metrics) -> Iterable[str]:
    """Yield what the hypervolume was in the search, on the validation seeds, and on the held-out ones."""
    if "validated_hypervolume" not in metrics:
        return
    said = (
        f"The search measured a hypervolume of {metrics['hypervolume']:.4g}: the best of many noisy values is "
        f"flattered. On {metrics['validation_seeds']:.0f} validation seeds, which chose among the finalists, it is "
        f"{metrics['validated_hypervolume']:.4g}"
    )
    if "gain" in metrics:
        yield (
            f"{said}; on {metrics['held_out_seeds']:.0f} held-out seeds, which chose nothing, "
            f"{metrics['test_hypervolume']:.4g} "
            f"[{metrics['test_hypervolume_low']:.4g}, {metrics['test_hypervolume_high']:.4g}]."
        )
    else:
        yield f"{said}. Time was over before the held-out seeds; with time left, automl resume asks them."
