"""Line search with derivatives, compiled: one judgement per evaluation.

A step must satisfy the strong Wolfe conditions; close to the minimum, where rounding hides the decrease of the energy,
the derivative alone decides (the approximate conditions of Hager and Zhang, SIAM J. Optim. 16 (2005) 170, eq. 4.1). A
bracket of the minimum is kept as in Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.compiled import compiled

Numbers = npt.NDArray[np.float64]

VALUE, FALL, STEP, LOW, LOW_VALUE, LOW_FALL, HIGH, HIGH_VALUE, HIGH_FALL, ROUNDING, TRIES, NUMBERS = range(12)
"""Places in the numbers: the energy and its derivative along the direction at step 0, the step being tried, both ends
of the bracket (LOW has the lower energy; HIGH is infinite until there is a bracket), the relative error of an energy,
the evaluations so far, and how many places there are."""
CONTINUE, TAKE, GIVE_UP = range(3)
"""Verdicts."""
DECREASE, CURVATURE = 1e-4, 0.9
"""Constants of the Wolfe conditions (Nocedal and Wright, section 3.1, for quasi-Newton directions)."""
TRIES_MOST = 20
"""Evaluations in one line search."""
FURTHER = 2.5
"""How much longer the next step is where the energy still falls."""


@compiled
def judge(numbers: Numbers, value: float, fall: float) -> int:
    """Judge the step tried: TAKE it, CONTINUE with the one now in its place, or GIVE_UP.

    Args:
        numbers: see the constants.
        value: the energy at the step.
        fall: its derivative along the direction there.
    """
    slack = numbers[ROUNDING] * max(1.0, abs(numbers[VALUE]))
    decreased = value <= numbers[VALUE] + DECREASE * numbers[STEP] * numbers[FALL]
    nearly = value <= numbers[VALUE] + slack and fall <= (2 * DECREASE - 1) * numbers[FALL]
    numbers[TRIES] += 1
    if (decreased or nearly) and abs(fall) <= -CURVATURE * numbers[FALL]:
        return TAKE
    if numbers[TRIES] >= TRIES_MOST:
        return TAKE if value < numbers[VALUE] else GIVE_UP
    if not (decreased or nearly) or value > numbers[LOW_VALUE] + slack:
        numbers[HIGH], numbers[HIGH_VALUE], numbers[HIGH_FALL] = numbers[STEP], value, fall
    else:
        if fall * (numbers[HIGH] - numbers[LOW]) >= 0:
            numbers[HIGH], numbers[HIGH_VALUE], numbers[HIGH_FALL] = numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL]
        numbers[LOW], numbers[LOW_VALUE], numbers[LOW_FALL] = numbers[STEP], value, fall
    numbers[STEP] = _next_step(numbers)
    return GIVE_UP if numbers[STEP] == numbers[LOW] or numbers[STEP] == numbers[HIGH] else CONTINUE


@compiled
def _next_step(numbers: Numbers) -> float:
    """Return the minimum of the cubic through both ends of the bracket, kept off them; without a bracket, go on."""
    low, width = numbers[LOW], numbers[HIGH] - numbers[LOW]
    if numbers[HIGH] == math.inf:
        return float(FURTHER * low)
    chord = numbers[LOW_FALL] + numbers[HIGH_FALL] - 3 * (numbers[HIGH_VALUE] - numbers[LOW_VALUE]) / width
    inside = chord * chord - numbers[LOW_FALL] * numbers[HIGH_FALL]
    root = math.copysign(math.sqrt(max(inside, 0.0)), width)
    below = numbers[HIGH_FALL] - numbers[LOW_FALL] + 2 * root
    share = 0.5
    if inside >= 0 and below != 0:
        share = min(max(1 - (numbers[HIGH_FALL] + root - chord) / below, 0.1), 0.9)
    return float(low + share * width)
