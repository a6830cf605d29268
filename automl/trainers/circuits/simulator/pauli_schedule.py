"""The steps in which a noisy circuit is simulated.

A qubit is alone, four numbers, until a CNOT needs it: rotations before that act on the four, and wait until then, as
gates on other qubits do not mind. Then it joins the vector, which becomes 4 times larger. The last qubit to join has
the largest stride, so the vector with it is four multiples of the vector before. Qubits without a CNOT join at the end.

Noise that is one factor for X, Y and Z commutes with rotations: it is left to the next CNOT of the qubit, which has to
multiply anyway, or to the observable.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_tables import ANY, JOINT, SIDES, Tables
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes

Integers = npt.NDArray[np.int64]

DO, AXIS, QUBIT, NEAR, FAR, TURN, NOISE = range(7)
"""Columns of a step: what to do; the axis of a rotation; the qubit it is about; strides of that qubit and of the
control of a CNOT, 0 without one; the place of the angle, -1 without one; the place of the noise."""
ROTATE, ROTATE_ANY, PERMUTE, MULTIPLY, MULTIPLY_BOTH, JOIN = range(6)
"""What a step does: a rotation, one with any noise, a CNOT with factors, a matrix on one qubit or on two (the noise of
a CNOT), or let a qubit join."""


class Schedule(NamedTuple):
    """Steps in their order.

    Attributes:
        steps: (S, 7), see the columns.
        scales: (S, 3) what a CNOT multiplies before: strings with I on its target, with I on its control, with neither.
        growth: (S,) how many times undoing each may enlarge an error.
        positions: (n + 1,) exponent of 4 in the stride of each qubit, -1 if it never joined; at the end how many have.
        left: (n,) what strings that have a letter on each qubit are still to be multiplied with.
    """

    steps: Integers
    scales: Real
    growth: Real
    positions: Integers
    left: Real


@inner
def schedule(codes: Codes, before: tuple[Integers, Real], noise: Tables) -> Schedule:
    """Return the steps of gates; `before` has positions and what is left of the gates before."""
    most = 3 * len(codes) + len(before[0])
    steps, scales, growth = np.zeros((most, 7), np.int64), np.ones((most, 3)), np.ones(most)
    plan = Schedule(steps, scales, growth, before[0].copy(), before[1].copy())
    waits, count = np.zeros(len(codes), np.int64), 0
    for g in range(len(codes)):
        target, control = codes[g, TARGET], codes[g, CONTROL]
        if codes[g, KIND] != CX and plan.positions[target] < 0:
            waits[g] = 1
        elif codes[g, KIND] != CX:
            count = _rotation(codes[g], plan, count, noise)
        else:
            count = _join(target, codes, waits, plan, count, noise)
            count = _join(control, codes, waits, plan, count, noise)
            count = _cnot(codes[g], plan, count, noise)
    for g in range(len(codes)):
        if waits[g]:
            count = _join(codes[g, TARGET], codes, waits, plan, count, noise)
    return Schedule(steps[:count], scales[:count], growth[:count], plan.positions, plan.left)


@inner
def _rotation(code: Codes, plan: Schedule, count: int, noise: Tables) -> int:
    """Add a rotation; return how many steps there are. One of a qubit that is alone has the stride it will have."""
    kind, qubit = code[KIND], code[TARGET]
    step, position = plan.steps[count], plan.positions[qubit]
    step[AXIS], step[QUBIT], step[TURN] = kind, qubit, code[ANGLE]
    step[NEAR] = 1 << 2 * (position if position >= 0 else plan.positions[-1])
    plan.left[qubit] *= noise.factors[kind, qubit]
    if noise.rules[1, kind, qubit] == ANY:
        step[DO], step[NOISE] = ROTATE_ANY, noise.rules[0, kind, qubit]
        plan.growth[count] = noise.growth[0, kind, qubit]
    return count + 1


@inner
def _cnot(code: Codes, plan: Schedule, count: int, noise: Tables) -> int:
    """Add a CNOT and its noise; return how many steps there are now."""
    target, control, left, scales = code[TARGET], code[CONTROL], plan.left, plan.scales[count]
    row, near, far = 3 + control, 1 << 2 * plan.positions[target], 1 << 2 * plan.positions[control]
    place, form = noise.rules[0, row, target], noise.rules[1, row, target]
    parts = 2 if form == SIDES else 1 if form == JOINT else 0
    for part in range(parts + 1):
        step = plan.steps[count + part]
        step[DO], step[QUBIT], step[NEAR], step[FAR], step[TURN] = PERMUTE, target, near, far, -1
        if part > 0:
            step[DO], step[NOISE] = MULTIPLY_BOTH, place
            plan.growth[count + part] = noise.growth[part - 1, row, target]
        if part > 0 and form == SIDES:
            step[DO], step[NOISE] = MULTIPLY, place + 16 * (part - 1)
            step[NEAR], step[FAR] = far if part == 1 else near, 0
    scales[0], scales[1] = left[control] * noise.factors[row, target], left[target] * noise.factors[row, target]
    scales[2] = left[control] * scales[1]
    smallest = min(scales[0], scales[1], scales[2])
    plan.growth[count] = 1 / smallest if smallest > 0 else np.inf
    left[target], left[control] = 1, 1
    return count + parts + 1


@inner
def _join(qubit: int, codes: Codes, waits: Integers, plan: Schedule, count: int, noise: Tables) -> int:
    """Add the waiting rotations of a qubit, and that it joins, if it has not; return how many steps there are now."""
    if plan.positions[qubit] >= 0:
        return count
    for g in range(len(codes)):
        if waits[g] and codes[g, TARGET] == qubit:
            count = _rotation(codes[g], plan, count, noise)
            waits[g] = 0
    step = plan.steps[count]
    step[DO], step[QUBIT], step[TURN], step[NEAR] = JOIN, qubit, -1, 1 << 2 * plan.positions[-1]
    plan.positions[qubit] = plan.positions[-1]
    plan.positions[-1] += 1
    return count + 1


@inner
def nothing_before(noise: Tables) -> tuple[Integers, Real]:
    """Return positions of the qubits (n + 1,), and what is left to multiply (n,), before any gate."""
    positions = np.full(len(noise.letters) + 1, -1, np.int64)
    positions[-1] = 0
    return positions, np.ones(len(noise.letters))


@inner
def places(gates: Schedule, noise: Tables) -> tuple[Integers, Real]:
    """Return where each term (terms,) of the observable stands in the vector, and its weight: 0 for X or Y on |0>."""
    at, weights = np.zeros(len(noise.weights), np.int64), noise.weights.copy()
    for qubit in range(len(gates.left)):
        position, left = gates.positions[qubit], gates.left[qubit]
        for term in range(len(at)):
            letter = noise.letters[qubit, term]
            if letter > 0 and position >= 0:
                at[term] += letter << 2 * position
                weights[term] *= left
            elif letter == 1 or letter == 2:
                weights[term] = 0
    return at, weights
