"""A qubit joins a Pauli vector, or is taken out of an observable again.

Alone, a qubit is r_P = tr(P rho) for P = I, X, Y, Z: (4 * width,) numbers, letter by letter. The state with it is the
product, a vector of four times the size; the observable without it is the sum over its letters.
"""

from __future__ import annotations

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner, load, spread, store, total


@inner
def join(r: Real, size: int, alone: Real) -> None:
    """Append a qubit to the first `size` numbers."""
    width = len(alone) // 4
    if size < 4:
        for letter in range(1, 4):
            r[letter] = alone[letter] * r[0]
        return
    for letter in range(1, 4):
        factor = load(alone, 4 * letter) if width == 4 else spread(alone[letter])
        for k in range(0, size, 4):
            store(r, letter * size + k, factor * load(r, k))


@inner
def part(r: Real, back: Real, alone: Real, found: Real) -> None:
    """Remove the last qubit from an observable, whose first quarter is then the rest; write its own part.

    Args:
        r: the state, the qubit included.
        back: the observable.
        alone: the qubit's state.
        found: (4 * width,) where to write the observable of the qubit, given the rest of the state.
    """
    width, size = len(alone) // 4, len(r) // 4
    if size < 4:
        rest = back[0] - back[0]
        for letter in range(4):
            found[letter] = back[letter] * r[0]
            rest += back[letter] * alone[letter]
        back[0] = rest
        return
    for letter in range(4):
        factor = load(alone, 4 * letter) if width == 4 else spread(alone[letter])
        own = spread(r[0] - r[0])
        for k in range(0, size, 4):
            values = load(back, letter * size + k)
            own = own + values * load(r, k)
            rest = factor * values
            store(back, k, rest if letter == 0 else rest + load(back, k))
        if width == 4:
            store(found, 4 * letter, own)
        else:
            found[letter] = total(own)
