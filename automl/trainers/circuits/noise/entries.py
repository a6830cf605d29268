"""The entries of a noise specification, as pydantic checks them where a file comes in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Time = Annotated[float, Field(gt=0, allow_inf_nan=False)]

MICROSECOND = 1e-6
NANOSECOND = 1e-9


class Entries(BaseModel):
    """What all sections share: unknown keys and numbers written as text are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Flips(Entries):
    """Errors of a qubit with a probability per gate: after a rotation on it, and on both qubits of a CNOT."""

    bit_flip: Probability | None = None
    phase_flip: Probability | None = None
    amplitude_damping: Probability | None = None


class Rotations(Entries):
    """Pauli-transfer matrices (4, 4) after each kind of rotation."""

    rx: list[list[float]]
    ry: list[list[float]]
    rz: list[list[float]]


class Qubit(Flips):
    """One qubit: depolarising strength of its rotations, relaxation, readout."""

    p1: Probability | None = None
    t1_us: Time | None = None
    t1_s: Time | None = None
    t2_us: Time | None = None
    t2_s: Time | None = None
    rotation_ns: Duration | None = None
    virtual_rz: bool | None = None
    readout: Any = None
    rotation_ptm: Rotations | None = None

    @field_validator("readout")
    @classmethod
    def _one_or_two(cls, given: Any) -> Any:
        """Take one probability for both errors, or [p(1|0), p(0|1)]."""
        values = given if isinstance(given, list) and len(given) == 2 else [given]
        if all(type(value) in (int, float) and 0 <= value <= 1 for value in values):
            return given
        raise ValueError("it is one probability, or two: [p(1|0), p(0|1)]")


class PairEntries(Flips):
    """One pair of qubits: depolarising strength and duration of its CNOT."""

    p2: Probability | None = None
    cnot_ns: Duration | None = None
    cnot_ptm: list[list[float]] | None = None


class Defaults(Qubit, PairEntries):
    """Entries for all qubits and pairs that have no own."""


class Specification(Entries):
    """A noise specification; qubits are named by their number on the machine."""

    name: str = "custom"
    defaults: Defaults = Defaults()
    qubits: dict[str, Qubit] = {}
    pairs: dict[str, PairEntries] = {}
    coupling: list[Any] | None = None
    use: list[Annotated[int, Field(ge=0)]] | None = None
    source: dict[str, Any] = {}


def times(section: Qubit) -> tuple[float | None, float | None]:
    """Return T1 and T2 of a section in seconds.

    Raises:
        ValueError: if one of them is given in two units.
    """
    return _seconds("t1", section.t1_us, section.t1_s), _seconds("t2", section.t2_us, section.t2_s)


def _seconds(name: str, microseconds: float | None, seconds: float | None) -> float | None:
    if microseconds is not None and seconds is not None:
        raise ValueError(f"'{name}_us' and '{name}_s' are both given")
    return seconds if microseconds is None else microseconds * MICROSECOND
