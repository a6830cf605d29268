"""What a person should be told about a result besides its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from automl.core.records import Metrics


def remarks(metrics: Metrics, *, validation: int, test: int, repeats: int, final_epochs: int) -> Sequence[str]:
    """Return sentences about a measured network.

    Args:
        metrics: what was measured of it.
        validation: nodes to select by.
        test: nodes to test on.
        repeats: full trainings of a winner.
        final_epochs: their length.
    """
    accuracy = metrics["val_accuracy"]
    return [
        f"{validation} validation nodes tell an accuracy of {accuracy:.3f} from the true one to a standard error of "
        f"{100 * standard_error(accuracy, validation):.1f} points, and the best of many is flattered by that: "
        "differences below it are noise.",
        f"Full training: {repeats} seeds of up to {final_epochs} epochs; val_accuracy and test_accuracy are their "
        "means, the model handed over is the best of them on validation nodes.",
        "Every number is from the epoch with the best validation accuracy. Published ones are often from the epoch, or "
        f"the run, that was best on test nodes, which is worth 0.5 to 2.6 points; {test} test nodes were read once, "
        "after all selection.",
    ]


def standard_error(accuracy: float, count: int) -> float:
    """Return the standard error of a share of right answers among so many."""
    return math.sqrt(max(accuracy * (1 - accuracy), 0.0) / count)
