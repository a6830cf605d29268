"""Pauli vectors through the steps of a circuit, forward and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_cnots import cnot_from_last, cnot_inner, cnot_onto_last, joint
from automl.trainers.circuits.simulator.pauli_joins import join, part
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_rotations import (
    FORWARD,
    PULL,
    UNDO,
    slope,
    turn_any,
    turn_back,
    turn_last,
    turn_plain,
    write_noise,
    write_turn,
)
from automl.trainers.circuits.simulator.pauli_schedule import (
    AXIS,
    DO,
    FAR,
    JOIN,
    MULTIPLY_BOTH,
    NEAR,
    NOISE,
    PERMUTE,
    QUBIT,
    ROTATE,
    ROTATE_ANY,
    TURN,
    Integers,
)

ROOM = 80
"""Numbers that the kernels work in: a matrix for four vectors, and 16 more."""


class Walk(NamedTuple):
    """A circuit at given angles.

    Attributes:
        steps: (S, 7) what to do, as in `Schedule`, strides times the number of vectors side by side.
        scales: (S, 6) factors of CNOTs, as in `Schedule`, and one over each of them.
        turns: (P, 8): four cosines and four sines of each angle, one for each vector, or four times the same.
        numbers: (3, N) matrices of the noise.
        room: (ROOM,) numbers to work in.
    """

    steps: Integers
    scales: Real
    turns: Real
    numbers: Real
    room: Real


class Track(NamedTuple):
    """What is needed beside, on the way back.

    Attributes:
        alone: (n, 2, 4 * width): of each qubit, while it has not joined, the state and the observable.
        keep: (S,) the row among the kept states of the one before each step, -1 where none is needed.
        kept: (K, N) states.
        slopes: (P, width) derivatives, summed up on the way back.
    """

    alone: Real
    keep: Integers
    kept: Real
    slopes: Real


@inner
def through(r: Real, way: np.int64, g: int, walk: Walk) -> None:
    """Take vectors, or a qubit that is alone, through a step: forward, back as a state, or back as an observable."""
    step, noise, room = walk.steps[g], walk.numbers[way, walk.steps[g, NOISE] :], walk.room
    do, far = step[DO], step[FAR]
    near = min(step[NEAR], len(r) // 4)
    if do == ROTATE and near > 1:
        turn_plain(r, near, step[AXIS], walk.turns[step[TURN]], way)
    elif do == PERMUTE:
        scales = walk.scales[g, 3:] if way == UNDO else walk.scales[g, :3]
        control, target, both = scales[0], scales[1], scales[2]
        if near == 1:
            cnot_onto_last(r, far, (control, target, both), way, room)
        elif far == 1:
            cnot_from_last(r, near, (control, target, both), way, room)
        else:
            cnot_inner(r, far, near, (control, target, both), way)
    elif do == MULTIPLY_BOTH:
        joint(r, far, near, noise, room)
    else:
        if do <= ROTATE_ANY:
            write_turn(noise, step[AXIS], way, walk.turns[step[TURN]], room)
        else:
            write_noise(noise, room)
        if near == 1:
            turn_last(r, room, room[64:])
        else:
            turn_any(r, near, room)


@inner
def forward(r: Real, size: int, walk: Walk, track: Track) -> None:
    """Take the first `size` numbers, and the qubits that join them, through a circuit."""
    for g in range(len(walk.steps)):
        alone = track.alone[walk.steps[g, QUBIT], 0]
        if walk.steps[g, DO] == JOIN:
            join(r, size, alone)
            size *= 4
            continue
        on = r[:size] if walk.steps[g, NEAR] < size else alone
        if track.keep[g] >= 0:
            kept = track.kept[track.keep[g]]
            for k in range(len(on)):
                kept[k] = on[k]
        through(on, FORWARD, g, walk)


@inner
def backward(r: Real, back: Real, last: int, walk: Walk, track: Track) -> None:
    """Take the final state and the observable back until step `last`, and add up the derivatives."""
    size = len(r)
    for g in range(len(walk.steps) - 1, last - 1, -1):
        alone = track.alone[walk.steps[g, QUBIT]]
        if walk.steps[g, DO] == JOIN:
            part(r[:size], back[:size], alone[0], alone[1])
            size //= 4
        elif walk.steps[g, NEAR] < size:
            _step_back(r[:size], back[:size], g, walk, track)
        else:
            _step_back(alone[0], alone[1], g, walk, track)


@inner
def _step_back(r: Real, back: Real, g: int, walk: Walk, track: Track) -> None:
    step = walk.steps[g]
    near = min(step[NEAR], len(r) // 4)
    if step[DO] == ROTATE and near > 1:
        turn_back((r, back), near, step[AXIS], walk.turns[step[TURN]], track.slopes[step[TURN]])
        return
    if track.keep[g] < 0:
        through(r, UNDO, g, walk)
    else:
        kept = track.kept[track.keep[g]]
        for k in range(len(r)):
            r[k] = kept[k]
    through(back, PULL, g, walk)
    if step[DO] <= ROTATE_ANY:
        slope(r, back, near, step[AXIS], track.slopes[step[TURN]])
