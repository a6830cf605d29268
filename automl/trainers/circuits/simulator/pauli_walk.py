"""Energies and exact gradients of a noisy circuit: a Pauli vector taken forward, and back again.

The adjoint method. `back` starts as the observable and is pulled through the gates from the last on; the state is
taken back beside it by undoing each gate, noise included. Undoing noise enlarges rounding errors: before they grow
`LIMIT`-fold a state is kept on the way forward, and taken from there on the way back.
"""

from __future__ import annotations

import math

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_cnots import cnot, joint
from automl.trainers.circuits.simulator.pauli_rotations import FORWARD, PULL, UNDO, slope, turn, write_matrix
from automl.trainers.circuits.simulator.pauli_tables import JOINT, SIDES, Tables
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, TARGET
from automl.trainers.circuits.simulator.state_gates import Codes

LIMIT = 1e3
"""Rounding errors may grow this much, to about 1e-13 of an energy, before a stored state replaces a replayed one."""


@compiled
def start(r: Real, width: int) -> None:
    """Write the state |0...0> of `width` vectors: 1 for every string of I and Z."""
    r[:] = 0
    r[:width] = 1
    filled = width
    while filled < len(r):
        r[3 * filled : 4 * filled] = r[:filled]
        filled *= 4


@compiled
def write_turns(angles: Real, first: int, turns: Real) -> None:
    """Write cosines and sines (P, 2, width) of the rows of angles (B, P) from `first` on, the last one repeated."""
    for p in range(turns.shape[0]):
        for lane in range(turns.shape[2]):
            angle = angles[min(first + lane, len(angles) - 1), p]
            turns[p, 0, lane], turns[p, 1, lane] = math.cos(angle), math.sin(angle)


@compiled
def noise_on(r: Real, stride: int, matrix: Real, room: Real) -> None:
    """Multiply by a matrix (4, 4) on the qubit of a stride."""
    spreads = room[:64].reshape(4, 4, 4)
    for i in range(4):
        for j in range(4):
            spreads[i, j, :] = matrix[i, j]
    turn(r, stride, -1, spreads, room[64:])


@compiled
def noise_after(r: Real, strides: tuple[int, int], pair: tuple[int, int], way: int, spec: tuple[Tables, Real]) -> None:
    """Multiply by the noise after a CNOT on a pair of qubits, the uniform factor excepted."""
    noise, room = spec
    c, t = pair
    if noise.forms[c, t] == SIDES:
        noise_on(r, strides[0], noise.sides[way, c, t, 0], room)
        noise_on(r, strides[1], noise.sides[way, c, t, 1], room)
    elif noise.forms[c, t] == JOINT:
        joint(r, strides[0], strides[1], noise.joints[way, c, t], room)


@compiled
def through(r: Real, code: Codes, way: int, turns: Real, spec: tuple[Tables, Real]) -> None:
    """Take vectors through one gate (4,): forward, back as a state (UNDO) or back as an observable (PULL)."""
    noise, room = spec
    width, qubits = turns.shape[2], len(noise.forms)
    kind, target, control = code[KIND], code[TARGET], code[CONTROL]
    stride = width << 2 * (qubits - 1 - target)
    if kind != CX:
        matrix = room[:64].reshape(4, 4, 4)
        write_matrix(noise.rotations[way, kind, target], kind, way, turns[code[ANGLE]], matrix)
        turn(r, stride, kind if noise.scaled[kind, target] else -1, matrix, room[64:])
        return
    other = width << 2 * (qubits - 1 - control)
    if way != FORWARD:
        noise_after(r, (other, stride), (control, target), way, spec)
    cnot(r, other, stride, noise.factors[way, control, target], room)
    if way == FORWARD:
        noise_after(r, (other, stride), (control, target), way, spec)


@compiled
def expectation(r: Real, noise: Tables, out: Real) -> None:
    """Write the energies (width,)."""
    width = len(out)
    for lane in range(width):
        value = 0.0
        for term in range(len(noise.places)):
            value += noise.weights[term] * r[noise.places[term] * width + lane]
        out[lane] = value


@compiled
def kept_before(codes: Codes, noise: Tables) -> Codes:
    """Return the place among the kept states (G,) of the state before each gate, -1 where it need not be kept."""
    places = np.full(len(codes), -1, np.int64)
    grown, count = 1.0, 0
    for g in range(len(codes)):
        kind, target, control = codes[g, KIND], codes[g, TARGET], codes[g, CONTROL]
        by = noise.cnot_growth[control, target] if kind == CX else noise.turn_growth[kind, target]
        grown *= by
        if grown > LIMIT:
            places[g], grown, count = count, 1.0, count + 1
    return places


@compiled
def backward(pair: Real, codes: Codes, turns: Real, kept: tuple[Codes, Real], spec: tuple[Tables, Real]) -> Real:
    """Return the derivatives (P, width); `pair` (2, N) holds the final state and is to hold the observable."""
    noise = spec[0]
    width, left = turns.shape[2], len(turns)
    slopes = np.zeros((len(turns), width), pair.dtype)
    r, back = pair[0], pair[1]
    back[:] = 0
    for term in range(len(noise.places)):
        back[noise.places[term] * width : (noise.places[term] + 1) * width] = noise.weights[term]
    for g in range(len(codes) - 1, -1, -1):
        if left == 0:
            break
        if kept[0][g] < 0:
            through(r, codes[g], UNDO, turns, spec)
        else:
            r[:] = kept[1][kept[0][g]]
        through(back, codes[g], PULL, turns, spec)
        if codes[g, KIND] != CX:
            stride = width << 2 * (len(noise.forms) - 1 - codes[g, TARGET])
            slope(r, back, stride, codes[g, KIND], slopes[codes[g, ANGLE]])
            left -= 1
    return slopes


@compiled
def one_tile(codes: Codes, turns: Real, noise: Tables, pair: Real, out: Real) -> Real:
    """Write the energies (width,) of some vectors; return their derivatives (P, width) if `pair` has a second row."""
    spec = noise, np.empty(128, pair.dtype)
    r = pair[0]
    start(r, turns.shape[2])
    places = kept_before(codes, noise) if len(pair) == 2 else np.full(len(codes), -1, np.int64)
    kept = np.empty((places.max() + 1 if len(places) else 0, len(r)), pair.dtype)
    for g in range(len(codes)):
        if places[g] >= 0:
            kept[places[g]] = r
        through(r, codes[g], FORWARD, turns, spec)
    expectation(r, noise, out)
    if len(pair) == 1:
        return np.zeros((len(turns), 0), pair.dtype)
    return backward(pair, codes, turns, (places, kept), spec)


@compiled
def tile(left: int, qubits: int) -> int:
    """Return how many of the sets that are left go side by side: 4 if that stays in the cache, else 1."""
    return 4 if left > 1 and qubits <= 6 else 1


@compiled
def run(codes: Codes, angles: Real, noise: Tables, out: Real, slopes: Real) -> None:
    """Write the energies (B,) of all sets of angles (B, P), and their derivatives (B, P) unless `slopes` is (0, P)."""
    sizes, rows, done = 1 << 2 * len(noise.forms), 1 + (len(slopes) > 0), 0
    while done < len(angles):
        width = tile(len(angles) - done, len(noise.forms))
        turns = np.empty((angles.shape[1], 2, width), noise.rotations.dtype)
        write_turns(angles, done, turns)
        value = np.empty(width)
        found = one_tile(codes, turns, noise, np.empty((rows, sizes * width), noise.rotations.dtype), value)
        for lane in range(min(width, len(angles) - done)):
            out[done + lane] = value[lane]
            if rows == 2:
                slopes[done + lane] = found[:, lane]
        done += width


@compiled
def value_and_slope(codes: Codes, angles: Real, noise: Tables, slopes: Real) -> float:
    """Return the energy of one set of angles (P,) and write its derivatives (P,)."""
    value = np.empty(1)
    run(codes, angles.reshape(1, -1), noise, value, slopes.reshape(1, -1))
    return value[0]
