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
from automl.trainers.circuits.simulator.pauli_tables import Tables
from automl.trainers.circuits.simulator.pauli_walk import ROOM, Bound, energy, start, through, write_turns
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
def width_for(left: int, qubits: int) -> int:
    """Return how many of the sets that are left go side by side: 4 or 1."""
    return 4 if left > 1 and qubits <= SIDE_BY_SIDE else 1


@compiled
def energies(codes: Codes, angles: Real, noise: Tables, out: Real) -> None:
    """Write the energies (B,) of all sets of angles (B, P)."""
    qubits, count, done = noise.forms.shape[1], len(angles), 0
    vectors = np.empty(width_for(count, qubits) << 2 * qubits, noise.rotations.dtype)
    room = np.empty(ROOM, noise.rotations.dtype)
    while done < count:
        width = width_for(count - done, qubits)
        circuit = Bound(codes, np.empty((angles.shape[1], 2, width), noise.rotations.dtype), room)
        write_turns(angles, done, circuit.turns)
        r = vectors[: width << 2 * qubits]
        start(r, width)
        for g in range(len(codes)):
            through(r, FORWARD, g, circuit, noise)
        for lane in range(min(width, count - done)):
            out[done + lane] = energy(r, lane, width, noise)
        done += width


@inner
def kept_before(codes: Codes, noise: Tables) -> Codes:
    """Return the place among the kept states (G,) of the state before each gate, -1 where it need not be kept."""
    places = np.full(len(codes), -1, np.int64)
    grown, count = 1.0, 0
    for g in range(len(codes)):
        row = 3 + codes[g, CONTROL] if codes[g, KIND] == CX else codes[g, KIND]
        grown *= noise.growth[row, codes[g, TARGET]]
        if grown > LIMIT:
            places[g], grown, count = count, 1.0, count + 1
    return places


@inner
def copy(source: Real, target: Real) -> None:
    """Copy numbers."""
    for k in range(len(target)):
        target[k] = source[k]


@inner
def backward(vectors: Real, kept: tuple[Codes, Real], circuit: Bound, noise: Tables, slopes: Real) -> None:
    """Write the derivatives (P, width); `vectors` (2 N + APART,) begin with the final state."""
    width, left = circuit.turns.shape[2], len(slopes)
    size = (len(vectors) - APART) // 2
    r, back = vectors[:size], vectors[size + APART :]
    for k in range(size):
        back[k] = 0
    for term in range(len(noise.places)):
        for lane in range(width):
            back[noise.places[term] * width + lane] = noise.weights[term]
    for g in range(len(circuit.codes) - 1, -1, -1):
        if left == 0:
            break
        if kept[0][g] < 0:
            through(r, UNDO, g, circuit, noise)
        else:
            copy(kept[1][kept[0][g]], r)
        through(back, PULL, g, circuit, noise)
        kind = circuit.codes[g, KIND]
        if kind != CX:
            stride = width << 2 * (noise.forms.shape[1] - 1 - circuit.codes[g, TARGET])
            slope(r, back, stride, kind, slopes[circuit.codes[g, ANGLE]])
            left -= 1


@inner
def values_and_slopes(vectors: Real, circuit: Bound, noise: Tables, values: Real, slopes: Real) -> None:
    """Write energies (width,) and derivatives (P, width); `vectors` (2 N + APART,) is room to work in."""
    r = vectors[: (len(vectors) - APART) // 2]
    places, width = kept_before(circuit.codes, noise), circuit.turns.shape[2]
    kept = np.empty((places.max() + 1 if len(places) else 0, len(r)), r.dtype)
    start(r, width)
    for g in range(len(places)):
        if places[g] >= 0:
            copy(r, kept[places[g]])
        through(r, FORWARD, g, circuit, noise)
    for lane in range(width):
        values[lane] = energy(r, lane, width, noise)
    backward(vectors, (places, kept), circuit, noise, slopes)


@compiled
def gradients(codes: Codes, angles: Real, noise: Tables, out: Real, slopes: Real) -> None:
    """Write the energies (B,) of all sets of angles (B, P), and their derivatives (B, P)."""
    qubits, count, done, dtype = noise.forms.shape[1], len(angles), 0, noise.rotations.dtype
    vectors, values = np.empty((2 * width_for(count, qubits) << 2 * qubits) + APART, dtype), np.empty(4)
    room = np.empty(ROOM, dtype)
    while done < count:
        width = width_for(count - done, qubits)
        circuit = Bound(codes, np.empty((angles.shape[1], 2, width), dtype), room)
        found = np.empty((angles.shape[1], width), dtype)
        write_turns(angles, done, circuit.turns)
        values_and_slopes(vectors[: (2 * width << 2 * qubits) + APART], circuit, noise, values, found)
        for lane in range(min(width, count - done)):
            out[done + lane] = values[lane]
            for p in range(angles.shape[1]):
                slopes[done + lane, p] = found[p, lane]
        done += width
