"""In which order the gates of a noisy circuit are simulated, and on how many qubits each of them.

A qubit joins the vector when a gate first needs it; until then it is |0>, and the vector is 4 times smaller. Rotations
of a qubit that no CNOT has touched wait until one does: they act on nothing that the gates in between act on. The last
qubit to join has the largest stride, so joining appends three blocks, of which the one of letter Z is a copy.
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


class Schedule(NamedTuple):
    """The gates in the order in which they are simulated.

    Attributes:
        codes: (G, 4) as in `Program`.
        joins: (G,) how many qubits join before the gate.
        positions: (n + 1,) exponent of 4 in the stride of each qubit, -1 if it never joined; at the end how many have.
    """

    codes: Codes
    joins: Integers
    positions: Integers


@inner
def schedule(codes: Codes, before: Integers) -> Schedule:
    """Schedule gates on a vector in which the qubits of some positions (n + 1,) already are."""
    ordered, joins, positions = np.empty_like(codes), np.zeros(len(codes), np.int64), before.copy()
    waits = np.zeros(len(codes), np.bool_)
    count = 0
    for g in range(len(codes)):
        if codes[g, KIND] != CX:
            if positions[codes[g, TARGET]] < 0:
                waits[g] = True
            else:
                count = _emit(codes, g, Schedule(ordered, joins, positions), count)
            continue
        for column in (CONTROL, TARGET):
            if positions[codes[g, column]] < 0:
                count = _release(codes, codes[g, column], waits[:g], Schedule(ordered, joins, positions), count)
        count = _emit(codes, g, Schedule(ordered, joins, positions), count)
    for qubit in range(len(positions) - 1):
        if positions[qubit] < 0:
            count = _release(codes, qubit, waits, Schedule(ordered, joins, positions), count)
    return Schedule(ordered, joins, positions)


@inner
def _release(codes: Codes, qubit: int, waits: npt.NDArray[np.bool_], into: Schedule, count: int) -> int:
    """Schedule the rotations of a qubit that wait; return how many gates are scheduled now."""
    for g in range(len(waits)):
        if waits[g] and codes[g, TARGET] == qubit:
            count = _emit(codes, g, into, count)
            waits[g] = False
    return count


@inner
def _emit(codes: Codes, g: int, into: Schedule, count: int) -> int:
    """Schedule one gate; return how many are scheduled now."""
    for k in range(4):
        into.codes[count, k] = codes[g, k]
    for column in (TARGET, CONTROL):
        qubit = codes[g, column]
        if qubit >= 0 and into.positions[qubit] < 0:
            into.positions[qubit] = into.positions[-1]
            into.positions[-1] += 1
            into.joins[count] += 1
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
def join(r: Real, block: int) -> None:
    """Append a qubit in state |0> to the first `block` numbers."""
    for k in range(block):
        r[block + k], r[2 * block + k], r[3 * block + k] = 0, 0, r[k]


@inner
def part(back: Real, block: int) -> None:
    """Remove the last qubit, whose state is |0>, from an observable of 4 * `block` numbers."""
    for k in range(block):
        back[k] += back[3 * block + k]
