"""Pauli vectors through one gate after the other, forward and back."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_cnots import cnot_from_last, cnot_inner, cnot_onto_last, joint
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_rotations import (
    FORWARD,
    turn_any,
    turn_last,
    turn_scaled,
    write_noise,
    write_turn,
)
from automl.trainers.circuits.simulator.pauli_schedule import Schedule, join
from automl.trainers.circuits.simulator.pauli_tables import ANY, JOINT, Tables
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, TARGET

ROOM = 80
"""Numbers that the kernels work in: a matrix for four vectors, and 16 more."""


class Bound(NamedTuple):
    """A circuit at given angles.

    Attributes:
        gates: its gates.
        turns: (P, 8): four cosines and four sines of each angle, one for each vector, or four times the same.
        width: how many vectors there are side by side, 1 or 4.
        room: (ROOM,) numbers to work in.
    """

    gates: Schedule
    turns: Real
    width: int
    room: Real


@inner
def write_turns(angles: Real, first: int, circuit: Bound) -> None:
    """Write cosines and sines for the rows of angles (B, P) from `first` on, the last one repeated."""
    for lane in range(circuit.width):
        row = min(first + lane, len(angles) - 1)
        for p in range(len(circuit.turns)):
            circuit.turns[p, lane] = math.cos(angles[row, p])
            circuit.turns[p, 4 + lane] = math.sin(angles[row, p])
    for p in range(len(circuit.turns)):
        for lane in range(circuit.width, 4):
            circuit.turns[p, lane], circuit.turns[p, 4 + lane] = circuit.turns[p, 0], circuit.turns[p, 4]


@inner
def through(r: Real, way: np.int64, g: int, circuit: Bound, noise: Tables) -> None:
    """Take vectors through gate g: forward, back as a state (UNDO) or back as an observable (PULL)."""
    code, positions = circuit.gates.codes[g], circuit.gates.positions
    kind, target, control = code[KIND], code[TARGET], code[CONTROL]
    t = circuit.width << 2 * positions[target]
    c = circuit.width << 2 * positions[control]
    matrix, room = circuit.room[:64], circuit.room[64:]
    form = noise.forms[3 + control if kind == CX else kind, target]
    if kind != CX and form != ANY and t > 1:
        turn_scaled(r, t, noise.rotations[way, kind, target], circuit.turns[code[ANGLE]], 3 * int(way > 0) + kind)
        return
    parts = 1 if kind != CX else form + 1
    for step in range(parts):
        part = step if way == FORWARD else parts - 1 - step
        on = t
        if kind != CX:
            write_turn(noise.rotations[way, kind, target], kind, way, circuit.turns[code[ANGLE]], matrix)
        elif part == 0:
            permute(r, c, t, noise.cnots[way, control, target, 0], room)
            continue
        elif form == JOINT:
            joint(r, c, t, noise.cnots[way, control, target, 1:257].reshape(16, 16), matrix)
            continue
        else:
            on = c if part == 1 else t
            write_noise(noise.cnots[way, control, target, 16 * part - 15 : 16 * part + 1].reshape(4, 4), matrix)
        if on == 1:
            turn_last(r, matrix, room)
        else:
            turn_any(r, on, matrix)


@inner
def permute(r: Real, control: int, target: int, factor: float, room: Real) -> None:
    """Apply the CNOT of two strides, and multiply all strings but II by a factor."""
    if target == 1:
        cnot_onto_last(r, control, factor, room)
    elif control == 1:
        cnot_from_last(r, target, factor, room)
    else:
        cnot_inner(r, control, target, factor)


@inner
def joined(r: Real, size: int, g: int, circuit: Bound) -> int:
    """Let the qubits join that gate g needs; return the size of the vectors with them."""
    for _ in range(circuit.gates.joins[g]):
        join(r, size)
        size *= 4
    return size
