"""In which order the gates of a noisy circuit are simulated, and on how many qubits each of them.

A qubit is alone, four numbers, until a CNOT needs it: rotations before that act on the four, and wait until then, as
gates on other qubits do not mind. Then it joins the vector, which becomes 4 times larger. The last qubit to join has
the largest stride, so the vector with it is four multiples of the vector before. Qubits without a CNOT join at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.program import CONTROL, CX, KIND, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes

Integers = npt.NDArray[np.int64]

JOIN = 4
"""Kind of a step in which a qubit joins the vector."""


class Schedule(NamedTuple):
    """Gates in the order in which they are simulated.

    Attributes:
        codes: (steps, 4) gates as in `Program`; or of kind JOIN, with the qubit as their target.
        positions: (n + 1,) exponent of 4 in the stride of each qubit, -1 if it never joined; at the end how many have.
    """

    codes: Codes
    positions: Integers


@inner
def schedule(codes: Codes, before: Integers) -> Schedule:
    """Schedule gates for a vector in which the qubits with a position (n + 1,) already are."""
    positions, size = before.copy(), len(codes)
    steps = np.full((size + len(before), 4), -1, np.int64)
    waits = np.zeros(size, np.bool_)
    count = 0
    for g in range(size):
        target, control = codes[g, TARGET], codes[g, CONTROL]
        if codes[g, KIND] != CX and positions[target] < 0:
            waits[g] = True
            continue
        for qubit in (target, control):
            if qubit >= 0 and positions[qubit] < 0:
                count = _join(qubit, codes[:g], waits, Schedule(steps, positions), count)
        for k in range(4):
            steps[count, k] = codes[g, k]
        count += 1
    for g in range(size):
        if waits[g]:
            count = _join(codes[g, TARGET], codes, waits, Schedule(steps, positions), count)
    return Schedule(steps[:count], positions)


@inner
def _join(qubit: int, codes: Codes, waits: npt.NDArray[np.bool_], into: Schedule, count: int) -> int:
    """Schedule the waiting rotations of a qubit, and that it joins; return how many steps there are now."""
    for g in range(len(codes)):
        if waits[g] and codes[g, TARGET] == qubit:
            for k in range(4):
                into.codes[count, k] = codes[g, k]
            waits[g] = False
            count += 1
    into.codes[count, KIND], into.codes[count, TARGET] = JOIN, qubit
    into.positions[qubit] = into.positions[-1]
    into.positions[-1] += 1
    return count + 1


@inner
def nobody(noise: Tables) -> Integers:
    """Return the positions of the qubits (n + 1,) before any gate."""
    positions = np.full(noise.forms.shape[1] + 1, -1, np.int64)
    positions[-1] = 0
    return positions


@inner
def places(positions: Integers, noise: Tables) -> tuple[Integers, Real]:
    """Return where each term (terms,) of the observable stands in the vector, and its weight: 0 for X or Y on |0>."""
    at, weights = np.zeros(len(noise.weights), np.int64), noise.weights.copy()
    for qubit in range(len(positions) - 1):
        for term in range(len(at)):
            letter = noise.letters[qubit, term]
            if positions[qubit] >= 0:
                at[term] += letter << 2 * positions[qubit]
            elif letter == 1 or letter == 2:
                weights[term] = 0
    return at, weights


@inner
def clear_end(gates: Schedule, first: int, position: int) -> int:
    """Return the first step from `first` on that is no gate within the vector, or acts on a qubit of that position."""
    g = first
    while g < len(gates.codes):
        kind, target, control = gates.codes[g, KIND], gates.codes[g, TARGET], gates.codes[g, CONTROL]
        if kind == JOIN or gates.positions[target] == position:
            return g
        if kind == CX and gates.positions[control] == position:
            return g
        g += 1
    return g
