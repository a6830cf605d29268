"""The noiseless functions of the Black-Box Optimization Benchmark, from their makers' package.

    pip install coco-experiment

Hansen, Finck, Ros and Auger: Real-Parameter Black-Box Optimization Benchmarking 2009: Noiseless Functions Definitions.
INRIA RR-6829.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from automl.core.domains import Reals
from lib.landscapes import Landscape, Point, QuestionSpace

LEAST = 1e-8
"""What is nearer to the minimum counts as this near."""


@cache
def function(number: int, instance: int, dimension: int) -> Landscape:
    """Return a function by number (1 to 24) and instance; its value is minus the distance to the minimum."""
    import cocoex

    problem: Any = cocoex.BareProblem("bbob", number, dimension, instance)
    lowest = float(problem.best_value())
    questions = {f"x{i}": Reals(-5.0, 5.0) for i in range(dimension)}

    def value(point: Point) -> float:
        return lowest - float(problem([answer for _, answer in point.answers]))

    return Landscape(f"bbob f{number} i{instance}", QuestionSpace(questions), value)


def log_distance(values: Any) -> Any:
    """Return log10 of the distances to the minimum, from values of `function`."""
    return np.log10(np.maximum(LEAST, -np.asarray(values)))
