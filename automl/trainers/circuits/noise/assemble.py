"""From the entries of a specification to matrices.

After a rotation act, in this order: depolarising noise p1, bit flip, phase flip, amplitude damping, relaxation over
`rotation_ns`. After a CNOT: depolarising noise p2, then on each of both qubits its bit flip, phase flip, amplitude
damping (those of the pair where it has own ones) and relaxation over `cnot_ns`. A qubit that waits has no noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.core.errors import UsageError
from automl.trainers.circuits.noise import channels
from automl.trainers.circuits.noise.channels import Array, GateNoise
from automl.trainers.circuits.noise.entries import NANOSECOND, PairEntries, Qubit, Specification, times
from automl.trainers.circuits.noise.kraus import checked

AXES = ("rx", "ry", "rz")


def assemble(specification: Specification, use: list[int]) -> GateNoise:
    """Return the noise of the used qubits, in their order.

    Raises:
        UsageError: if entries contradict each other, naming the qubit or the pair.
    """
    n = len(use)
    noise = GateNoise.none(n)
    for place, qubit in enumerate(use):
        section = _at(f"qubit {qubit}", lambda qubit=qubit: _Section(specification, qubit))
        noise.rotations[:, place] = _at(f"qubit {qubit}", section.rotations)
        noise.readout[place] = _at(f"qubit {qubit}", section.readout)
        for other, target in enumerate(use):
            if other != place:
                name = f"pair {qubit}-{target}"
                noise.cnots[place, other] = _at(name, lambda q=qubit, t=target: _cnot(specification, q, t))
    for array in (noise.rotations, noise.cnots, noise.readout):
        array.setflags(write=False)
    return noise


def _at(where: str, make: Any) -> Any:
    """Name the place of an error."""
    try:
        return make()
    except (UsageError, ValueError) as error:
        message = error.message if isinstance(error, UsageError) else f"{error}."
        hint = error.hint if isinstance(error, UsageError) else ""
        raise UsageError(f"In the noise of {where}: {message}", hint) from error


class _Section:
    """The entries of one qubit, with the defaults behind them."""

    def __init__(self, specification: Specification, qubit: int) -> None:
        own = specification.qubits.get(str(qubit), Qubit())
        self.layers: list[Any] = [own, specification.defaults]
        self.t1, self.t2 = (
            own_time if own_time is not None else default
            for own_time, default in zip(times(own), times(specification.defaults), strict=True)
        )

    def entry(self, name: str, otherwise: Any = None) -> Any:
        return _first(name, self.layers, otherwise)

    def rotations(self) -> Array:
        """Return the matrices after rotations about X, Y, Z (3, 4, 4)."""
        if (given := self.entry("rotation_ptm")) is not None:
            matrices = [_sized(getattr(given, axis), f"'rotation_ptm' of {axis}", 4) for axis in AXES]
            return np.array(matrices)
        depolarising = channels.depolarising(self.entry("p1", 0.0))
        pulse = channels.compose([depolarising, *self.flips(self.layers), self.relaxation("rotation_ns", self.layers)])
        return np.array([pulse, pulse, np.eye(4) if self.entry("virtual_rz") else pulse])

    def flips(self, layers: list[Any]) -> list[Array]:
        return [
            channels.bit_flip(_first("bit_flip", layers, 0.0)),
            channels.phase_flip(_first("phase_flip", layers, 0.0)),
            channels.amplitude_damping(_first("amplitude_damping", layers, 0.0)),
        ]

    def relaxation(self, duration: str, layers: list[Any]) -> Array:
        if self.t1 is None and self.t2 is None:
            return np.eye(4)
        if self.t1 is None or self.t2 is None:
            raise UsageError(
                "Relaxation needs both T1 and T2.", "Give 't1_us' and 't2_us'; T2 = 2 T1 means no other dephasing."
            )
        if (lasts := _first(duration, layers, None)) is None:
            raise UsageError(f"T1 and T2 do nothing without '{duration}'.", f"Give '{duration}', 0 for none.")
        return channels.relaxation(self.t1, self.t2, lasts * NANOSECOND)

    def readout(self) -> tuple[float, float]:
        given = self.entry("readout", 0.0)
        one_for_zero, zero_for_one = given if isinstance(given, list) else (given, given)
        return channels.confusion(one_for_zero, zero_for_one)


def _cnot(specification: Specification, control: int, target: int) -> Array:
    keys = (f"{control}>{target}", f"{control}-{target}", f"{target}-{control}")
    own: list[Any] = [specification.pairs[key] for key in keys if key in specification.pairs]
    layers = [*own, specification.defaults]
    if (given := _first("cnot_ptm", layers, None)) is not None:
        return _sized(given, "'cnot_ptm'", 16)
    local = [_waits(_Section(specification, qubit), own) for qubit in (control, target)]
    return channels.compose(
        [channels.depolarising(_first("p2", layers, 0.0), qubits=2), channels.tensor(*local)], qubits=2
    )


def _waits(section: _Section, pair: list[PairEntries]) -> Array:
    """Return what happens to one qubit of a CNOT besides depolarising noise."""
    layers = [*pair, *section.layers]
    return channels.compose([*section.flips(layers), section.relaxation("cnot_ns", layers)])


def _first(name: str, layers: list[Any], otherwise: Any) -> Any:
    values = (getattr(layer, name, None) for layer in layers)
    return next((value for value in values if value is not None), otherwise)


def _sized(matrix: Any, what: str, size: int) -> Array:
    if len(matrix) != size:
        raise UsageError(f"{what} must be a {size} x {size} matrix, it has {len(matrix)} rows.")
    return checked(matrix, what)
