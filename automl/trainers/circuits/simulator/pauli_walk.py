"""A Pauli vector through the gates of a noisy circuit, forward and back."""

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
from automl.trainers.circuits.simulator.pauli_tables import ANY, JOINT, Tables
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes

ROOM = 80
"""Numbers that the kernels work in: a matrix for four vectors, and 16 more."""


class Bound(NamedTuple):
    """A circuit at given angles.

    Attributes:
        codes: (G, 4) its gates, as in `Program`.
        turns: (P, 2, width) cosines and sines of the angles of each of `width` vectors side by side.
        room: (ROOM,) numbers to work in.
    """

    codes: Codes
    turns: Real
    room: Real


@inner
def write_turns(angles: Real, first: int, turns: Real) -> None:
    """Write cosines and sines (P, 2, width) of the rows of angles (B, P) from `first` on, the last one repeated."""
    for lane in range(turns.shape[2]):
        row = min(first + lane, len(angles) - 1)
        for p in range(turns.shape[0]):
            turns[p, 0, lane], turns[p, 1, lane] = math.cos(angles[row, p]), math.sin(angles[row, p])


@inner
def through(r: Real, way: np.int64, g: int, circuit: Bound, noise: Tables) -> None:
    """Take vectors through gate g: forward, back as a state (UNDO) or back as an observable (PULL)."""
    kind, target, control = circuit.codes[g, KIND], circuit.codes[g, TARGET], circuit.codes[g, CONTROL]
    width, last = circuit.turns.shape[2], noise.forms.shape[1] - 1
    t, c = width << 2 * (last - target), width << 2 * (last - control)
    matrix, room = circuit.room[:64], circuit.room[64:]
    form = noise.forms[3 + control if kind == CX else kind, target]
    parts = 1 if kind != CX else form + 1
    for step in range(parts):
        part = step if way == FORWARD else parts - 1 - step
        on = t
        if kind != CX:
            write_turn(noise.rotations[way, kind, target], kind, way, circuit.turns[circuit.codes[g, ANGLE]], matrix)
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
        elif kind == CX or form == ANY:
            turn_any(r, on, matrix)
        else:
            turn_scaled(r, on, kind, matrix)


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
def start(r: Real, width: int) -> None:
    """Write the state |0...0> of `width` vectors: 1 for every string of I and Z."""
    for k in range(len(r)):
        r[k] = 0
    for k in range(width):
        r[k] = 1
    filled = width
    while filled < len(r):
        for k in range(filled):
            r[3 * filled + k] = r[k]
        filled *= 4


@inner
def energy(r: Real, lane: int, width: int, noise: Tables) -> float:
    """Return the energy of one of several vectors side by side."""
    value = 0.0
    for term in range(len(noise.places)):
        value += noise.weights[term] * r[noise.places[term] * width + lane]
    return value
