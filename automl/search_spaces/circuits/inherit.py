"""Angles of a circuit from those of another, by aligning the two.

Gates that both circuits begin with are paired, whatever commutes put aside; then those both end with; what is left is
paired wire by wire along the longest common subsequence. So a circuit that has one gate more, or less, keeps all its
other angles, and a rotation added at angle 0 leaves the state as it was.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.order import Order

Gates: TypeAlias = list[tuple[int, int]]
"""Gates as (place in the circuit, number)."""
Pairs: TypeAlias = list[tuple[int, int]]
"""Places of the same gate in the child and in the parent."""

_TURN, _CNOT = 2, 1
"""Weights in the longest common subsequence: angles are what is to be kept, CNOTs only say where."""


def inherit(order: Order, child: Circuit, parent: Circuit, angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the child's angles (P,) from the parent's; those of new rotations are exactly 0."""
    made = np.zeros(child.rotations)
    new, old = order.numbers(child.gates), order.numbers(parent.gates)
    into, out_of = _angle_places(order, new), _angle_places(order, old)
    pairs = [(into[place], out_of[other]) for place, other in align(order, new, old) if order.turns[new[place]]]
    if pairs:
        places, others = zip(*pairs, strict=True)
        made[list(places)] = angles[list(others)]
    return made


def align(order: Order, child: Sequence[int], parent: Sequence[int]) -> Pairs:
    """Pair places of equal gates of two circuits."""
    first, new, old = _common(order, list(enumerate(child)), list(enumerate(parent)))
    last, new, old = _common(order, new[::-1], old[::-1])
    if not new or not old:
        return first + last
    return first + last + _along_wires(order, new[::-1], old[::-1])


def _common(order: Order, child: Gates, parent: Gates) -> tuple[Pairs, Gates, Gates]:
    """Pair what both begin with, up to commuting; return the pairs and what each has left."""
    same = next((at for at, (a, b) in enumerate(zip(child, parent, strict=False)) if a[1] != b[1]), None)
    same = min(len(child), len(parent)) if same is None else same
    pairs = [(new, old) for (new, _), (old, _) in zip(child[:same], parent[:same], strict=True)]
    child, left, blocked = child[same:], Gates(), 0
    for old, number in parent[same:]:
        dependents = order.dependents[number]
        found = None if dependents & blocked else _first(child, number, dependents)
        if found is None:
            left.append((old, number))
            blocked |= 1 << number
        else:
            pairs.append((child.pop(found)[0], old))
    return pairs, child, left


def _first(gates: Gates, number: int, dependents: int) -> int | None:
    """Return where a gate is that could come first."""
    for place, (_, other) in enumerate(gates):
        if other == number:
            return place
        if dependents >> other & 1:
            return None
    return None


def _along_wires(order: Order, child: Gates, parent: Gates) -> Pairs:
    pairs = set[tuple[int, int]]()
    for wire in range(order.qubits):
        new, old = _word(order, child, wire), _word(order, parent, wire)
        pairs |= {(new[a][0], old[b][0]) for a, b in _subsequence(order, new, old)}
    return sorted(pairs)


def _word(order: Order, gates: Gates, wire: int) -> Gates:
    """Return the gates on a wire; gates in a row that commute there are sorted, as their order means nothing."""
    word, group = Gates(), Gates()
    for item in gates:
        if wire not in order.gates[item[1]].wires:
            continue
        if group and any(not _commute(order, item[1], other, wire) for _, other in group):
            word, group = word + sorted(group, key=lambda pair: pair[1]), Gates()
        group.append(item)
    return word + sorted(group, key=lambda pair: pair[1])


def _commute(order: Order, one: int, other: int, wire: int) -> bool:
    slots = range(3 * wire, 3 * wire + 3)
    return not any(slot in slots and slot in order.writes[other] for slot in order.reads[one])


def _subsequence(order: Order, new: Gates, old: Gates) -> Pairs:
    """Return the pairs of positions along the heaviest common subsequence."""
    best = [[0] * (len(old) + 1) for _ in range(len(new) + 1)]
    for a, b in itertools.product(reversed(range(len(new))), reversed(range(len(old)))):
        skipped = max(best[a + 1][b], best[a][b + 1])
        weight = _TURN if order.turns[new[a][1]] else _CNOT
        best[a][b] = max(skipped, best[a + 1][b + 1] + weight) if new[a][1] == old[b][1] else skipped
    pairs, a, b = Pairs(), 0, 0
    while a < len(new) and b < len(old):
        if best[a][b] == best[a + 1][b]:
            a += 1
        elif best[a][b] == best[a][b + 1]:
            b += 1
        else:
            pairs.append((a, b))
            a, b = a + 1, b + 1
    return pairs


def _angle_places(order: Order, numbers: Sequence[int]) -> list[int]:
    """Return, for each gate, how many rotations come before it."""
    return list(itertools.accumulate((order.turns[number] for number in numbers), initial=0))
