"""Minimisation by BFGS, compiled, for any energy that comes with its derivatives.

It asks for one evaluation at a time, so a simulator minimises within its own compiled loop, without a call of Python:

    search = begin(angles, tolerance, iterations, rounding)
    running = True
    while running:
        value = <energy at search.point; its derivatives written to search.slope>
        running = advance(search, value)
    # the result: search.best, search.numbers[VALUE], search.counts[EVALUATIONS]

The inverse Hessian is dense: circuits have tens to a few hundreds of angles. Steps satisfy the strong Wolfe conditions;
close to the minimum, where rounding hides the decrease of the energy, the derivative alone decides (the approximate
Wolfe conditions of Hager and Zhang, SIAM J. Optim. 16 (2005) 170, eq. 4.1). The first inverse Hessian is scaled by the
first step (Nocedal and Wright, Numerical Optimization, 2nd ed., eq. 6.20).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled

Vector = npt.NDArray[np.float64]

VALUE, FALL, STEP, LOW, LOW_VALUE, LOW_FALL, HIGH, HIGH_VALUE, HIGH_FALL, TOLERANCE, ROUNDING = range(11)
"""Places in `Search.numbers`; a fall is a derivative along the direction; HIGH is infinite while there is no bracket."""
EVALUATIONS, ITERATIONS, MOST, TRIES, UPDATES = range(5)
"""Places in `Search.counts`."""
DECREASE, CURVATURE = 1e-4, 0.5
"""Constants of the Wolfe conditions. Evaluations are few when the curvature condition is neither loose nor tight."""
TRIES_MOST = 20
"""Evaluations in one line search."""
LONGEST = math.pi
"""Longest step of any angle: the energy is periodic in each of them."""


class Search(NamedTuple):
    """A minimisation under way.

    Attributes:
        point: (P,) where the next evaluation is wanted.
        slope: (P,) the derivatives there, to be written by the caller.
        best: (P,) the best angles so far.
        best_slope: (P,) the derivatives there.
        direction: (P,) of the line search.
        inverse: (P, P) estimate of the inverse Hessian.
        numbers: see the constants.
        counts: see the constants.
    """

    point: Vector
    slope: Vector
    best: Vector
    best_slope: Vector
    direction: Vector
    inverse: npt.NDArray[np.float64]
    numbers: Vector
    counts: npt.NDArray[np.int64]


@compiled
def begin(angles: Vector, tolerance: float, iterations: int, rounding: float) -> Search:
    """Return a search from one set of angles (P,).

    Args:
        angles: where to start.
        tolerance: largest component of the gradient at which to end.
        iterations: line searches at most.
        rounding: relative error of an energy, for the conditions near the minimum.
    """
    size = len(angles)
    numbers = np.zeros(11)
    numbers[TOLERANCE], numbers[ROUNDING] = tolerance, rounding
    counts = np.zeros(5, np.int64)
    counts[MOST] = iterations
    vectors = np.zeros((4, size))
    return Search(
        angles.copy(), vectors[0], angles.copy(), vectors[1], vectors[2], np.zeros((size, size)), numbers, counts
    )


@compiled
def advance(search: Search, value: float) -> bool:
    """Take the energy and derivatives at `search.point`; return whether another evaluation is wanted."""
    search.counts[EVALUATIONS] += 1
    if search.counts[EVALUATIONS] == 1:
        _accept(search, value)
        return _next_line(search)
    verdict = _judge(search, value)
    if verdict == 0:
        return True
    if verdict == 1:
        _update(search)
        _accept(search, value)
        return _next_line(search)
    if search.counts[UPDATES] == 0:
        return False
    search.counts[UPDATES] = 0  # the estimate misleads: once more along the gradient
    return _next_line(search)


@compiled
def _accept(search: Search, value: float) -> None:
    search.best[:] = search.point
    search.best_slope[:] = search.slope
    search.numbers[VALUE] = value


@compiled
def _next_line(search: Search) -> bool:
    """Choose a direction and the first point on it; False if there is nothing left to do."""
    numbers, counts, slope, direction = search.numbers, search.counts, search.best_slope, search.direction
    size, steepest = len(slope), 0.0
    for p in range(size):
        steepest = max(steepest, abs(slope[p]))
    if not steepest > numbers[TOLERANCE] or counts[ITERATIONS] >= counts[MOST]:
        return False
    fall, longest = _aim(search)
    if not fall < 0:
        counts[UPDATES] = 0
        fall, longest = _aim(search)
    numbers[FALL] = fall
    numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL] = 0.0, numbers[VALUE], fall
    numbers[HIGH] = math.inf
    first = 1.0 if counts[UPDATES] else min(1.0, 1.0 / math.sqrt(-fall))
    numbers[STEP] = min(first, LONGEST / longest)
    counts[ITERATIONS] += 1
    counts[TRIES] = 0
    for p in range(size):
        search.point[p] = search.best[p] + numbers[STEP] * direction[p]
    return True


@compiled
def _aim(search: Search) -> tuple[float, float]:
    """Write the direction; return the derivative along it and its largest component."""
    slope, direction, inverse = search.best_slope, search.direction, search.inverse
    fall, longest = 0.0, 0.0
    for p in range(len(slope)):
        if search.counts[UPDATES]:
            total = 0.0
            for q in range(len(slope)):
                total -= inverse[p, q] * slope[q]
            direction[p] = total
        else:
            direction[p] = -slope[p]
        fall += direction[p] * slope[p]
        longest = max(longest, abs(direction[p]))
    return fall, longest


@compiled
def _judge(search: Search, value: float) -> int:
    """Judge a point of the line search: 1 take it, 0 try the point now written, -1 give up."""
    numbers, counts = search.numbers, search.counts
    step, start, slack = numbers[STEP], numbers[VALUE], numbers[ROUNDING] * max(1.0, abs(numbers[VALUE]))
    fall = 0.0
    for p in range(len(search.point)):
        fall += search.slope[p] * search.direction[p]
    counts[TRIES] += 1
    flat = abs(fall) <= -CURVATURE * numbers[FALL]
    decreased = value <= start + DECREASE * step * numbers[FALL]
    nearly = value <= start + slack and fall <= (2 * DECREASE - 1) * numbers[FALL]
    if flat and (decreased or nearly):
        return 1
    if counts[TRIES] >= TRIES_MOST:
        return 1 if value < start else -1
    if (not decreased and not nearly) or value > numbers[LOW_VALUE] + slack:
        numbers[HIGH], numbers[HIGH_VALUE], numbers[HIGH_FALL] = step, value, fall
    else:
        if fall * (1.0 if numbers[HIGH] > numbers[LOW] else -1.0) >= 0:
            numbers[HIGH], numbers[HIGH_VALUE], numbers[HIGH_FALL] = numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL]
        numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL] = step, value, fall
    numbers[STEP] = _next_step(numbers)
    if abs(numbers[STEP] - numbers[LOW]) <= 1e-14 * abs(numbers[STEP]):
        return -1
    for p in range(len(search.point)):
        search.point[p] = search.best[p] + numbers[STEP] * search.direction[p]
    return 0


@compiled
def _next_step(numbers: Vector) -> float:
    """Return the minimum of the cubic through both ends of the bracket, kept off them; without a bracket, go on."""
    low, high = numbers[LOW], numbers[HIGH]
    if high == math.inf:
        return float(2.5 * low)
    width = high - low
    chord = numbers[LOW_FALL] + numbers[HIGH_FALL] - 3 * (numbers[LOW_VALUE] - numbers[HIGH_VALUE]) / (low - high)
    inside = chord * chord - numbers[LOW_FALL] * numbers[HIGH_FALL]
    share = 0.5
    if inside >= 0:
        root = math.copysign(math.sqrt(inside), width)
        below = numbers[HIGH_FALL] - numbers[LOW_FALL] + 2 * root
        if below != 0:
            share = 1 - (numbers[HIGH_FALL] + root - chord) / below
    if not 0.1 <= share <= 0.9:
        share = min(max(share, 0.1), 0.9) if share == share else 0.5
    return float(low + share * width)


@compiled
def _update(search: Search) -> None:
    """Learn the curvature along the step just taken (BFGS; Nocedal and Wright, eq. 6.17)."""
    size, inverse = len(search.point), search.inverse
    moved, change, image = np.empty(size), np.empty(size), np.empty(size)
    along, squared = 0.0, 0.0
    for p in range(size):
        moved[p] = search.point[p] - search.best[p]
        change[p] = search.slope[p] - search.best_slope[p]
        along += moved[p] * change[p]
        squared += change[p] * change[p]
    if not along > 1e-300 or not squared > 0:
        return
    if search.counts[UPDATES] == 0:
        inverse[:] = 0
        for p in range(size):
            inverse[p, p] = along / squared
    search.counts[UPDATES] += 1
    stretch = 0.0
    for p in range(size):
        total = 0.0
        for q in range(size):
            total += inverse[p, q] * change[q]
        image[p] = total
        stretch += total * change[p]
    weight = (1 + stretch / along) / along
    for p in range(size):
        for q in range(size):
            inverse[p, q] += weight * moved[p] * moved[q] - (image[p] * moved[q] + moved[p] * image[q]) / along
