"""Cosine and sine of many angles at once.

The mathematical library takes them one by one, which in a batch of small circuits is as much work as the gates.
"""

from __future__ import annotations

import math

import numpy as np

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner, inner_in_order

QUARTER = math.pi / 2
HIGH, MIDDLE, LOW = 1.5707963267341256, 6.07710050359346e-11, 2.912732056093356e-20
"""Three parts of pi / 2; the first two have 31 bits each, so that products with integers up to 2^22 are exact."""
LARGE = 1e5
"""Sets with an angle from here on are left to the library."""
COSINE = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9))
SINE = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(9))
"""Taylor coefficients: up to pi / 4 the first term left out is below 1e-18."""


@inner
def trigonometry(angles: Real, cosines: Real, sines: Real) -> None:
    """Write the cosines and sines (N,) of angles (N,), to 3e-16."""
    largest = 0.0
    for k in range(len(angles)):
        largest = max(largest, abs(angles[k]))
    if largest < LARGE:
        _series(angles, cosines, sines)
        return
    for k in range(len(angles)):
        cosines[k], sines[k] = math.cos(angles[k]), math.sin(angles[k])


@inner_in_order
def _series(angles: Real, cosines: Real, sines: Real) -> None:
    """Write the same for angles below LARGE: at most pi / 4 from a multiple of pi / 2, by Taylor's series."""
    for k in range(len(angles)):
        quarters = np.rint(angles[k] / QUARTER)
        x = ((angles[k] - quarters * HIGH) - quarters * MIDDLE) - quarters * LOW
        z = x * x
        c, s = COSINE[8], SINE[8]
        c, s = c * z + COSINE[7], s * z + SINE[7]
        c, s = c * z + COSINE[6], s * z + SINE[6]
        c, s = c * z + COSINE[5], s * z + SINE[5]
        c, s = c * z + COSINE[4], s * z + SINE[4]
        c, s = c * z + COSINE[3], s * z + SINE[3]
        c, s = c * z + COSINE[2], s * z + SINE[2]
        c, s = c * z + COSINE[1], s * z + SINE[1]
        c, s = c * z + 1.0, (s * z + 1.0) * x
        left = quarters - 4.0 * np.floor(quarters / 4.0)  # 0, 1, 2, 3: c, -s, -c, s are the cosine
        sign = 1.0 if left < 1.5 else -1.0
        odd = left == 1.0 or left == 3.0
        cosines[k] = -sign * s if odd else sign * c
        sines[k] = sign * c if odd else sign * s
