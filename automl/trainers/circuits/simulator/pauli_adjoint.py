"""Energies and exact gradients of noisy circuits.

The adjoint method. `back` starts as the observable and is pulled through the gates from the last on; the state is
taken back beside it by undoing each gate, noise included. Undoing noise enlarges rounding errors: before they grow
`LIMIT`-fold a state is kept on the way forward, and taken from there on the way back.
"""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.simulator.compiled import compiled
from automl.trainers.circuits.simulator.observable import Real
from automl.trainers.circuits.simulator.pauli_lanes import inner
from automl.trainers.circuits.simulator.pauli_rotations import FORWARD, PULL, UNDO, slope
from automl.trainers.circuits.simulator.pauli_schedule import Integers, Schedule, nobody, part, places, schedule
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import ROOM, Bound, joined, through, write_turns
from automl.trainers.circuits.simulator.program import ANGLE, CONTROL, CX, KIND, TARGET
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
def bound(gates: Schedule, width: int, angles: Real, noise: Tables) -> Bound:
    """Return a circuit with room for its angles, of which there are (B, P) in all."""
    dtype = noise.rotations.dtype
    return Bound(gates, np.empty((angles.shape[1], 8), dtype), width, np.empty(ROOM, dtype))


@inner
def forward(r: Real, circuit: Bound, noise: Tables, kept: tuple[Integers, Real]) -> None:
    """Take |0...0> through a circuit; keep the states before some gates: places (G,), where >= 0, of states (K, N)."""
    size = circuit.width
    for k in range(size):
        r[k] = 1
    for g in range(len(circuit.gates.codes)):
        size = joined(r, size, g, circuit)
        if kept[0][g] >= 0:
            state = kept[1][kept[0][g]]
            for k in range(size):
                state[k] = r[k]
        through(r[:size], FORWARD, g, circuit, noise)


@inner
def read(r: Real, lane: int, width: int, terms: tuple[Integers, Real]) -> float:
    """Return the energy of one of several vectors side by side, from places and weights of the terms."""
    value = 0.0
    for term in range(len(terms[0])):
        value += terms[1][term] * r[terms[0][term] * width + lane]
    return value


@inner
def nothing_kept(gates: Schedule, noise: Tables) -> tuple[Integers, Real]:
    """Return places that keep no state."""
    return np.full(len(gates.codes), -1, np.int64), np.empty((0, 1), noise.rotations.dtype)


@compiled
def energies(codes: Codes, angles: Real, noise: Tables, out: Real) -> None:
    """Write the energies (B,) of all sets of angles (B, P)."""
    gates = schedule(codes, nobody(noise))
    terms, kept = places(gates.positions, noise), nothing_kept(gates, noise)
    count, done, width = len(angles), 0, width_for(len(angles), gates)
    r = np.empty(width << 2 * gates.positions[-1], noise.rotations.dtype)
    while done < count:
        width = width_for(count - done, gates)
        circuit = bound(gates, width, angles, noise)
        write_turns(angles, done, circuit)
        forward(r, circuit, noise, kept)
        for lane in range(min(width, count - done)):
            out[done + lane] = read(r, lane, width, terms)
        done += width


@inner
def kept_for(gates: Schedule, width: int, noise: Tables) -> tuple[Integers, Real]:
    """Return places (G,) for the states that are to be kept, -1 where the gate can be undone, and room for them."""
    at = np.full(len(gates.codes), -1, np.int64)
    grown, count = 1.0, 0
    for g in range(len(at)):
        code = gates.codes[g]
        grown *= noise.growth[3 + code[CONTROL] if code[KIND] == CX else code[KIND], code[TARGET]]
        if grown > LIMIT:
            at[g], grown, count = count, 1.0, count + 1
    return at, np.empty((count, width << 2 * gates.positions[-1]), noise.rotations.dtype)


@inner
def backward(vectors: Real, kept: tuple[Integers, Real], circuit: Bound, noise: Tables, slopes: Real) -> None:
    """Write the derivatives (P, width); `vectors` (2 N + APART,) are the final state and the observable."""
    gates, left, size = circuit.gates, len(slopes), (len(vectors) - APART) // 2
    offset = size + APART
    for g in range(len(gates.codes) - 1, -1, -1):
        if left == 0:
            break
        r, back = vectors[:size], vectors[offset : offset + size]
        if kept[0][g] < 0:
            through(r, UNDO, g, circuit, noise)
        else:
            state = kept[1][kept[0][g]]
            for k in range(size):
                r[k] = state[k]
        through(back, PULL, g, circuit, noise)
        kind = gates.codes[g, KIND]
        if kind != CX:
            stride = circuit.width << 2 * gates.positions[gates.codes[g, TARGET]]
            slope(r, back, stride, kind, slopes[gates.codes[g, ANGLE]])
            left -= 1
        for _ in range(gates.joins[g]):
            size //= 4
            part(back, size)


@inner
def observe(back: Real, width: int, terms: tuple[Integers, Real]) -> None:
    """Write the observable, the same for all vectors, from places and weights of its terms."""
    for k in range(len(back)):
        back[k] = 0
    for term in range(len(terms[0])):
        for lane in range(width):
            back[terms[0][term] * width + lane] += terms[1][term]


@inner
def values_and_slopes(
    vectors: Real, circuit: Bound, noise: Tables, terms: tuple[Integers, Real], values: Real, slopes: Real
) -> None:
    """Write energies (width,) and derivatives (P, width); `vectors` (2 N + APART,) is room to work in."""
    size = (len(vectors) - APART) // 2
    kept = kept_for(circuit.gates, circuit.width, noise)
    forward(vectors[:size], circuit, noise, kept)
    for lane in range(circuit.width):
        values[lane] = read(vectors, lane, circuit.width, terms)
    observe(vectors[size + APART :], circuit.width, terms)
    backward(vectors, kept, circuit, noise, slopes)


@compiled
def gradients(codes: Codes, angles: Real, noise: Tables, out: Real, slopes: Real) -> None:
    """Write the energies (B,) of all sets of angles (B, P), and their derivatives (B, P)."""
    gates = schedule(codes, nobody(noise))
    terms = places(gates.positions, noise)
    count, done, dtype, width = len(angles), 0, noise.rotations.dtype, width_for(len(angles), gates)
    vectors, values = np.empty((2 * width << 2 * gates.positions[-1]) + APART, dtype), np.empty(4)
    while done < count:
        width = width_for(count - done, gates)
        circuit, found = bound(gates, width, angles, noise), np.empty((angles.shape[1], width), dtype)
        write_turns(angles, done, circuit)
        used = vectors[: (2 * width << 2 * gates.positions[-1]) + APART]
        values_and_slopes(used, circuit, noise, terms, values, found)
        for lane in range(min(width, count - done)):
            out[done + lane] = values[lane]
            for p in range(angles.shape[1]):
                slopes[done + lane, p] = found[p, lane]
        done += width
