"""Minimisation by BFGS, compiled, for any energy that comes with its derivatives.

It asks for one evaluation at a time, so a simulator minimises within a compiled loop of its own:

    vectors, numbers = begin(angles, tolerance, iterations, rounding)
    running = True
    while running:
        value = ...  # the energy at vectors[POINT]; its derivatives are written into vectors[SLOPE]
        running = advance(vectors, numbers, value)
    # the result: vectors[BEST], numbers[VALUE], numbers[EVALUATIONS]

The inverse Hessian is dense: circuits have tens to a few hundreds of angles. The first one is scaled by the first step
(Nocedal and Wright, Numerical Optimization, 2nd ed., eq. 6.20). Line searches are those of `line_search`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.line_search import (
    CONTINUE,
    FALL,
    GIVE_UP,
    HIGH,
    LOW,
    LOW_FALL,
    LOW_VALUE,
    NUMBERS,
    ROUNDING,
    STEP,
    TRIES,
    VALUE,
    judge,
)

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

POINT, SLOPE, BEST, BEST_SLOPE, DIRECTION, INVERSE = range(6)
"""Rows of the vectors: where to evaluate and the derivatives there, the best angles so far and the derivatives there,
the direction of the line search; from INVERSE on the inverse Hessian."""
TOLERANCE, MOST, EVALUATIONS, ITERATIONS, UPDATES = range(NUMBERS, NUMBERS + 5)
"""Places in the numbers, behind those of the line search."""
LONGEST = math.pi
"""Longest step of any angle: the energy is periodic in each of them."""


@compiled
def begin(angles: Vector, tolerance: float, iterations: int, rounding: float) -> tuple[Matrix, Vector]:
    """Return the vectors (5 + P, P) and numbers of a minimisation from one set of angles (P,).

    Args:
        angles: where to start.
        tolerance: largest component of the gradient at which to end.
        iterations: line searches at most.
        rounding: relative error of an energy, for the conditions near the minimum.
    """
    vectors, numbers = np.zeros((INVERSE + len(angles), len(angles))), np.zeros(UPDATES + 1)
    for p in range(len(angles)):
        vectors[POINT, p] = angles[p]
    numbers[TOLERANCE], numbers[MOST], numbers[ROUNDING] = tolerance, iterations, rounding
    return vectors, numbers


@compiled
def advance(vectors: Matrix, numbers: Vector, value: float) -> bool:
    """Take the energy at `vectors[POINT]`, its derivatives being written; return whether another one is wanted."""
    numbers[EVALUATIONS] += 1
    if numbers[EVALUATIONS] > 1:
        fall = 0.0
        for p in range(vectors.shape[1]):
            fall += vectors[SLOPE, p] * vectors[DIRECTION, p]
        verdict = judge(numbers, value, fall)
        if verdict == CONTINUE:
            _place(vectors, numbers)
            return True
        if verdict == GIVE_UP:
            again = numbers[UPDATES] > 0  # the estimate misleads: once more along the gradient
            numbers[UPDATES] = 0
            return again and _next_line(vectors, numbers)
        _learn(vectors, numbers)
    for p in range(vectors.shape[1]):
        vectors[BEST, p], vectors[BEST_SLOPE, p] = vectors[POINT, p], vectors[SLOPE, p]
    numbers[VALUE] = value
    return _next_line(vectors, numbers)


@compiled
def _place(vectors: Matrix, numbers: Vector) -> None:
    for p in range(vectors.shape[1]):
        vectors[POINT, p] = vectors[BEST, p] + numbers[STEP] * vectors[DIRECTION, p]


@compiled
def _next_line(vectors: Matrix, numbers: Vector) -> bool:
    """Choose a direction and the first point on it; False if there is nothing left to do."""
    steepest = 0.0
    for p in range(vectors.shape[1]):
        steepest = max(steepest, abs(vectors[BEST_SLOPE, p]))
    if not steepest > numbers[TOLERANCE] or numbers[ITERATIONS] >= numbers[MOST]:
        return False
    fall, longest = 0.0, 0.0
    while not fall < 0:
        fall, longest = _aim(vectors, numbers[UPDATES] > 0)
        if not fall < 0:
            numbers[UPDATES] = 0
    first = 1.0 if numbers[UPDATES] > 0 else min(1.0, 1.0 / math.sqrt(-fall))
    numbers[STEP] = min(first, LONGEST / longest)
    numbers[FALL], numbers[TRIES], numbers[HIGH] = fall, 0, math.inf
    numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL] = 0, numbers[VALUE], fall
    numbers[ITERATIONS] += 1
    _place(vectors, numbers)
    return True


@compiled
def _aim(vectors: Matrix, learned: bool) -> tuple[float, float]:
    """Write the direction; return the derivative along it and its largest component."""
    fall, longest = 0.0, 0.0
    for p in range(vectors.shape[1]):
        total = -vectors[BEST_SLOPE, p]
        if learned:
            total = 0.0
            for q in range(vectors.shape[1]):
                total -= vectors[INVERSE + p, q] * vectors[BEST_SLOPE, q]
        vectors[DIRECTION, p] = total
        fall += total * vectors[BEST_SLOPE, p]
        longest = max(longest, abs(total))
    return fall, longest


@compiled
def _learn(vectors: Matrix, numbers: Vector) -> None:
    """Learn the curvature along the step just taken (BFGS; Nocedal and Wright, eq. 6.17)."""
    size = vectors.shape[1]
    moved, change, image = np.empty(size), np.empty(size), np.empty(size)
    along, squared = 0.0, 0.0
    for p in range(size):
        moved[p] = vectors[POINT, p] - vectors[BEST, p]
        change[p] = vectors[SLOPE, p] - vectors[BEST_SLOPE, p]
        along += moved[p] * change[p]
        squared += change[p] * change[p]
    if not along > 0:
        return
    if numbers[UPDATES] == 0:
        for p in range(size):
            for q in range(size):
                vectors[INVERSE + p, q] = along / squared if p == q else 0.0
    numbers[UPDATES] += 1
    stretch = 0.0
    for p in range(size):
        total = 0.0
        for q in range(size):
            total += vectors[INVERSE + p, q] * change[q]
        image[p] = total
        stretch += total * change[p]
    weight = (1 + stretch / along) / along
    for p in range(size):
        for q in range(size):
            vectors[INVERSE + p, q] += (
                weight * moved[p] * moved[q] - (image[p] * moved[q] + moved[p] * image[q]) / along
            )
