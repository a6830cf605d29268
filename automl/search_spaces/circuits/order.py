"""Which gates may change places, and the one order a circuit is kept in.

Gates that may change places are *independent*; circuits that differ by such changes only are the same element of a
trace monoid, whose Foata normal form puts every gate into the earliest step that its dependences allow (Cartier and
Foata: Problèmes combinatoires de commutation et réarrangements. 1969).

    wires       gates on disjoint wires are independent
    commuting   gates that commute as operators are: on every wire they share, both act along the same axis. An rx acts
                along X, an ry along Y, an rz along Z, a CNOT along Z on its control and along X on its target.

Gates are numbers here, their places in `all_gates`. A gate is never independent of its equal: they stay in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from automl.core.errors import InvalidCandidate
from automl.search_spaces.circuits.alphabet import all_gates
from automl.search_spaces.circuits.gates import Gate

Symmetry: TypeAlias = Literal["commuting", "wires"]
Fault: TypeAlias = Literal["repeats", "idle"]

_AXES = {"rx": (0,), "ry": (1,), "rz": (2,), "cx": (2, 0)}
"""The axis along which a gate acts on each of its wires: X, Y, Z = 0, 1, 2; a CNOT's control comes first."""


@dataclass(frozen=True)
class Order:
    """The dependences between the gates on some qubits, as tables that loops can read.

    A *slot* remembers the latest step in which something happened: one per wire (and axis, where gates commute), and
    one per gate. A gate must come after everything in the slots it reads, and writes its own step into others.

    Attributes:
        qubits: number of qubits.
        symmetry: which gates are independent.
        gates: all gates, by number.
        number: the number of each gate.
        texts: the gates as text.
        turns: whether a gate is a rotation.
        wires: the wires of a gate as the bits of a number.
        reads: slots of what a gate depends on, other than its equals.
        writes: slots it writes, its own last.
        dependents: the gates it depends on, itself included, as the bits of a number.
        waits: slots of the gates that take the wire of an rz, or the control of a CNOT, out of |0>; before them the
            gate does nothing. Empty for gates that always do something, and for all if the start is not minded.
        wakers: the same gates as the bits of a number.
        slots: number of slots.
    """

    qubits: int
    symmetry: Symmetry
    gates: tuple[Gate, ...]
    number: dict[Gate, int]
    texts: tuple[str, ...]
    turns: tuple[bool, ...]
    wires: tuple[int, ...]
    reads: tuple[tuple[int, ...], ...]
    writes: tuple[tuple[int, ...], ...]
    dependents: tuple[int, ...]
    waits: tuple[tuple[int, ...], ...]
    wakers: tuple[int, ...]
    slots: int

    def numbers(self, gates: Iterable[Gate]) -> list[int]:
        """Return gates as numbers.

        Raises:
            InvalidCandidate: if one is no gate on these qubits.
        """
        try:
            return [self.number[gate] for gate in gates]
        except (KeyError, TypeError) as error:
            strange = next(gate for gate in gates if not isinstance(gate, Gate) or gate not in self.number)
            raise InvalidCandidate(
                f"{strange} is no gate on {self.qubits} qubits.",
                f"Gates are rx, ry, rz on a qubit 0 to {self.qubits - 1}, and cx from one such qubit to another.",
            ) from error

    def steps(self, numbers: Iterable[int]) -> list[list[int]]:
        """Return the Foata steps of a circuit: sets of independent gates, each as early as it can be."""
        front, steps = Front(self), list[list[int]]()
        for number in numbers:
            step = front.push(number)
            if step > len(steps):
                steps.append([])
            steps[step - 1].append(number)
        return steps

    def normal(self, numbers: Iterable[int]) -> list[int]:
        """Return the circuit in its normal order."""
        ordered = list[int]()
        for step in self.steps(numbers):
            step.sort()
            ordered += step if len(step) == 1 or self.symmetry == "wires" else self._packed(step)
        return ordered

    def _packed(self, step: list[int]) -> list[int]:
        """Order a step so that gates on disjoint wires come together, which keeps the circuit shallow."""
        packed = list[int]()
        while step:
            taken, later = 0, list[int]()
            for number in step:
                wires = self.wires[number]
                if taken & wires:
                    later.append(number)
                else:
                    taken |= wires
                    packed.append(number)
            step = later
        return packed


class Front:
    """The end of a circuit that is read gate by gate: the latest step of everything that a gate can depend on."""

    __slots__ = ("last", "order")

    def __init__(self, order: Order, last: list[int] | None = None) -> None:
        self.order = order
        self.last = [0] * order.slots if last is None else list(last)

    def push(self, number: int) -> int:
        """Append a gate; return its step, counted from 1."""
        last, writes = self.last, self.order.writes[number]
        step = last[writes[-1]]
        for slot in self.order.reads[number]:
            if last[slot] > step:
                step = last[slot]
        step += 1
        for slot in writes:
            if last[slot] < step:
                last[slot] = step
        return step

    def fault(self, number: int) -> Fault | None:
        """Return why a gate would change nothing here, None if it would.

        It `repeats` if an equal gate came before and nothing since that it depends on. It is `idle` if it leaves |0> as
        it is.
        """
        last, order = self.last, self.order
        equal = last[order.writes[number][-1]]
        if equal:  # not idle, or the equal gate would have been
            return "repeats" if all(last[slot] <= equal for slot in order.reads[number]) else None
        waits = order.waits[number]
        return "idle" if waits and not any(last[slot] for slot in waits) else None

    def legal(self, among: Iterable[int]) -> list[int]:
        """Return the gates without a fault."""
        return [number for number in among if self.fault(number) is None]

    def after(self, numbers: Iterable[int]) -> Front:
        """Return the front after further gates; this one stays where it is."""
        following = Front(self.order, self.last)
        for number in numbers:
            following.push(number)
        return following


@lru_cache(maxsize=64)
def order(qubits: int, symmetry: Symmetry, *, from_zero: bool = False) -> Order:
    """Return the tables for so many qubits; they are made once.

    Args:
        qubits: number of qubits.
        symmetry: which gates are independent.
        from_zero: mind that circuits act on |0...0>, where some gates are idle.
    """
    gates = all_gates(qubits)
    reads, writes = zip(*(_slots(gate, symmetry) for gate in gates), strict=True)
    waits = tuple(_waits(gate) if from_zero else () for gate in gates)
    return Order(
        qubits=qubits,
        symmetry=symmetry,
        gates=gates,
        number={gate: place for place, gate in enumerate(gates)},
        texts=tuple(map(str, gates)),
        turns=tuple(gate.turns for gate in gates),
        wires=tuple(sum(1 << wire for wire in gate.wires) for gate in gates),
        reads=reads,
        writes=tuple((*slots, 3 * qubits + place) for place, slots in enumerate(writes)),
        dependents=tuple(_bits(slots, writes) | 1 << place for place, slots in enumerate(reads)),
        waits=waits,
        wakers=tuple(_bits(slots, writes) for slots in waits),
        slots=3 * qubits + len(gates),
    )


def _slots(gate: Gate, symmetry: Symmetry) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the slots a gate reads and those it writes; a wire has three, one per axis."""
    if symmetry == "wires":
        slots = tuple(3 * wire for wire in gate.wires)
        return slots, slots
    acts = list(zip(gate.wires, _AXES[gate.kind], strict=True))
    reads = tuple(3 * wire + other for wire, axis in acts for other in range(3) if other != axis)
    return reads, tuple(3 * wire + axis for wire, axis in acts)


def _waits(gate: Gate) -> tuple[int, ...]:
    """Return the slots for X and Y of the wire on which a gate needs something other than |0>."""
    wire = gate.qubit if gate.kind == "rz" else gate.control
    return () if wire is None else (3 * wire, 3 * wire + 1)


def _bits(slots: Sequence[int], writes: Sequence[Sequence[int]]) -> int:
    """Return the gates that write one of these slots, as the bits of a number."""
    return sum(1 << place for place, written in enumerate(writes) if not set(slots).isdisjoint(written))
