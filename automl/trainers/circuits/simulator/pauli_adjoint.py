"""Energies and exact gradients of noisy circuits.

The adjoint method. `back` starts as the observable and is pulled through the gates from the last on; the state is
taken back beside it by undoing each gate, noise included. Undoing noise enlarges rounding errors: before they grow
`LIMIT`-fold a state is kept on the way forward, and taken from there on the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_schedule import (
    FAR,
    NEAR,
    TURN,
    Integers,
    Schedule,
    nothing_before,
    places,
    schedule,
)
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_trig import trigonometry
from automl.trainers.circuits.simulator.pauli_walk import ROOM, Track, Walk, backward, forward
from automl.trainers.circuits.simulator.state_gates import Codes

LIMIT = 1e3
"""Rounding errors may grow this much, to about 1e-13 of an energy, before a kept state replaces an undone one."""
SIDE_BY_SIDE = 6
"""Most qubits with which 4 vectors, 128 KiB, are worked on at once; more would not stay in the L2 cache."""
APART = 24
"""Numbers between state and observable: a multiple of 4 KiB between two vectors makes a processor take the reading of
one for dependent on the writing of the other."""


@inner
def width_for(sets: int, gates: Schedule) -> int:
    """Return how many of the sets that are left go side by side: 4 or 1."""
    return 4 if sets > 1 and gates.positions[-1] <= SIDE_BY_SIDE else 1


@inner
def kept_by(gates: Schedule, derivatives: int) -> tuple[Integers, int]:
    """Return the rows (S,) of states to keep, -1 where the step can be undone, and their number."""
    keep, grown, count = np.full(len(gates.growth), -1, np.int64), 1.0, 0
    if derivatives:
        for g in range(len(keep)):
            grown *= gates.growth[g]
            if grown > LIMIT:
                keep[g], grown, count = count, 1.0, count + 1
    return keep, count


@inner
def prepare(gates: Schedule, width: int, angles: int, derivatives: int, noise: Tables) -> tuple[Walk, Track]:
    """Return a circuit with room for its angles, and for derivatives by them: by all of them, or by none (0)."""
    dtype, n, (keep, count) = noise.numbers.dtype, len(noise.letters), kept_by(gates, derivatives)
    steps, scales = gates.steps.copy(), np.empty((len(gates.steps), 6), dtype)
    for g in range(len(steps)):
        steps[g, NEAR] *= width
        if steps[g, FAR] > 0:
            steps[g, FAR] *= width
            for k in range(3):
                scales[g, k], scales[g, 3 + k] = gates.scales[g, k], 1 / gates.scales[g, k]
    pool = np.empty(8 * angles + ROOM + 8 * n * width + angles * width, dtype)
    turns, pool = pool[: 8 * angles].reshape(angles, 8), pool[8 * angles :]
    room, pool = pool[:ROOM], pool[ROOM:]
    alone, pool = pool[: 8 * n * width].reshape(n, 2, 4 * width), pool[8 * n * width :]
    kept = np.empty((count, width << 2 * max(1, gates.positions[-1])), dtype)
    return Walk(steps, scales, turns, noise.numbers, room), Track(alone, keep, kept, pool.reshape(angles, width))


@inner
def begin(trigonometry: tuple[Real, Real], first: int, r: Real, walk: Walk, track: Track) -> None:
    """Make ready for the rows of cosines and sines (B, P) from `first` on, the last one repeated; qubits are |0>."""
    cosines, sines = trigonometry
    width = track.slopes.shape[1]
    for lane in range(4):
        row = min(first + min(lane, width - 1), len(cosines) - 1)
        for p in range(len(walk.turns)):
            walk.turns[p, lane], walk.turns[p, 4 + lane] = cosines[row, p], sines[row, p]
    for lane in range(width):
        r[lane] = 1
        for qubit in range(len(track.alone)):
            alone = track.alone[qubit, 0]
            alone[lane], alone[width + lane], alone[2 * width + lane], alone[3 * width + lane] = 1, 0, 0, 1
        for p in range(len(track.slopes)):
            track.slopes[p, lane] = 0


@inner
def trigonometries(angles: Real) -> tuple[Real, Real]:
    """Return cosines and sines of angles (B, P)."""
    cosines, sines = np.empty_like(angles), np.empty_like(angles)
    trigonometry(angles.reshape(-1), cosines.reshape(-1), sines.reshape(-1))
    return cosines, sines


@inner
def read(r: Real, width: int, terms: tuple[Integers, Real], values: Real) -> None:
    """Write the energies (4,) of vectors side by side, from places and weights of the terms; a lone one four times."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    step = np.uint64(width // 4)
    for term in range(len(terms[0])):
        at, weight = np.uint64(terms[0][term] * width), terms[1][term]
        first += weight * r[at]
        at += step
        second += weight * r[at]
        at += step
        third += weight * r[at]
        at += step
        fourth += weight * r[at]
    values[0], values[1], values[2], values[3] = first, second, third, fourth


@compiled
def energies(codes: Codes, angles: Real, out: Real, *tables: Any) -> None:
    """Write the energies (B,) of all sets of angles (B, P); `tables` are the parts of Tables, which pass faster so."""
    noise = Tables(tables[0], tables[1], tables[2], tables[3], tables[4], tables[5])
    gates = schedule(codes, nothing_before(noise), noise)
    terms, trigonometry = places(gates, noise), trigonometries(angles)
    done, width, values = 0, 0, np.empty(4)
    while done < len(out):
        if width != width_for(len(out) - done, gates):
            width = width_for(len(out) - done, gates)
            walk, track = prepare(gates, width, angles.shape[1], 0, noise)
            r = np.empty(width << 2 * gates.positions[-1], noise.numbers.dtype)
        begin(trigonometry, done, r, walk, track)
        forward(r, width, walk, track)
        read(r, width, terms, values)
        for lane in range(min(width, len(out) - done)):
            out[done + lane] = values[lane]
        done += width


@inner
def observe(back: Real, width: int, terms: tuple[Integers, Real]) -> None:
    """Write the observable, the same for all vectors, from places and weights of its terms."""
    for k in range(len(back)):
        back[k] = 0
    for term in range(len(terms[0])):
        for lane in range(width):
            back[terms[0][term] * width + lane] += terms[1][term]


@inner
def values_and_slopes(vectors: Real, walk: Walk, track: Track, terms: tuple[Integers, Real], values: Real) -> None:
    """Write energies (4,) and derivatives; `vectors` (2 N + APART,) are the state to begin with, and room."""
    size, width, last = (len(vectors) - APART) // 2, track.slopes.shape[1], 0
    r, back = vectors[:size], vectors[size + APART :]
    forward(r, width, walk, track)
    read(r, width, terms, values)
    observe(back, width, terms)
    while last < len(walk.steps) and walk.steps[last, TURN] < 0:
        last += 1
    backward(r, back, last, walk, track)


@compiled
def gradients(codes: Codes, angles: Real, out: Real, slopes: Real, *tables: Any) -> None:
    """Write the energies (B,) of all sets of angles (B, P), and their derivatives (B, P); `tables` as in `energies`."""
    noise = Tables(tables[0], tables[1], tables[2], tables[3], tables[4], tables[5])
    gates = schedule(codes, nothing_before(noise), noise)
    terms, trigonometry = places(gates, noise), trigonometries(angles)
    done, width, values = 0, 0, np.empty(4)
    while done < len(out):
        if width != width_for(len(out) - done, gates):
            width = width_for(len(out) - done, gates)
            walk, track = prepare(gates, width, angles.shape[1], angles.shape[1], noise)
            vectors = np.empty((2 * width << 2 * gates.positions[-1]) + APART, noise.numbers.dtype)
        begin(trigonometry, done, vectors, walk, track)
        values_and_slopes(vectors, walk, track, terms, values)
        for lane in range(min(width, len(out) - done)):
            out[done + lane] = values[lane]
            for p in range(angles.shape[1]):
                slopes[done + lane, p] = track.slopes[p, lane]
        done += width
