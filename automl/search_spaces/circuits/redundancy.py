"""Gates that change nothing: which they are, where they would be, and a circuit without them.

Two equal rotations that can be brought together are one; two equal CNOTs that can be brought together are none. Where
commuting counts, gates that meet a wire still in |0> are nothing, too: an rz, and a CNOT that it controls. A circuit
without all this is *reduced*. A gate taken off the end of a reduced circuit leaves a reduced one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from automl.search_spaces.circuits.order import Front, Order


def reduced(order: Order, numbers: Iterable[int]) -> list[int]:
    """Return a circuit without redundant gates, that prepares the same states."""
    front, kept = Front(order), list[int]()
    for number in numbers:
        fault = front.fault(number)
        if fault is None:
            kept.append(number)
            front.push(number)
        elif fault == "repeats" and not order.turns[number]:
            del kept[len(kept) - 1 - kept[::-1].index(number)]
            front = read(order, kept)
    return kept


def read(order: Order, numbers: Iterable[int]) -> Front:
    """Return the front at the end of a circuit."""
    return Front(order).after(numbers)


def fitting(order: Order, numbers: Sequence[int], place: int, among: Iterable[int]) -> list[int]:
    """Return the gates that are not redundant if put before the gate at `place`."""
    before, after = read(order, numbers[:place]), read(order, reversed(numbers[place:]))
    return [number for number in before.legal(among) if after.fault(number) != "repeats"]


def sites(order: Order, numbers: Sequence[int], number: int) -> list[int]:
    """Return the places before which a gate is not redundant, one for all those that give the same circuit."""
    dependents, wakers = order.dependents[number], order.wakers[number]
    awake, beside, found = not wakers, False, list[int]()
    for place, other in enumerate(numbers):
        if dependents >> other & 1:
            if awake and not beside and other != number:
                found.append(place)
            beside = other == number
            awake = awake or bool(wakers >> other & 1)
    return [*found, len(numbers)] if awake and not beside else found


def has_site(order: Order, numbers: Sequence[int], present: int, number: int) -> bool:
    """Tell whether `sites` finds any; `present` are the circuit's gates as bits, which mostly answer at once."""
    if present >> number & 1:
        return bool(sites(order, numbers, number))
    wakers = order.wakers[number]
    return not wakers or bool(wakers & present)
