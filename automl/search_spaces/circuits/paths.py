"""What could follow a circuit: paths of gates, and their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from automl.core.records import Json
from automl.search_spaces.circuits.alphabet import read_coupling
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.gates import Gate, gate
from automl.search_spaces.circuits.order import Order, Symmetry
from automl.search_spaces.circuits.redundancy import read as read_on
from automl.search_spaces.circuits.rules import Masking, Rules

Path: TypeAlias = tuple[Gate, ...]


def extensions(
    circuit: Circuit,
    depth: int,
    *,
    coupling: Sequence[str] | None = None,
    max_gates: int | None = None,
    masking: Masking = "commuting",
    symmetry: Symmetry = "commuting",
) -> list[Path]:
    """Return every legal path of 1 to `depth` gates that could follow a circuit, as settings of a space limit it.

    Of paths that give the same circuit only the first in the order of the alphabet is listed. Shorter paths come first.

    Args:
        circuit: the circuit to extend.
        depth: most gates on a path; the number of paths is roughly (N(N+2)) to this power.
        coupling: pairs a CNOT may join, as in `("0-1", "1-2")`; None for all.
        max_gates: most gates of circuit and path together; None for no limit.
        masking: which gates are illegal because they would be redundant.
        symmetry: which gates may change places.
    """
    most = len(circuit.gates) + depth if max_gates is None else max_gates
    pairs = None if coupling is None else read_coupling(coupling, circuit.qubits)
    return legal_paths(Rules(circuit.qubits, pairs, most, masking, symmetry), circuit, depth)


def legal_paths(rules: Rules, circuit: Circuit, depth: int) -> list[Path]:
    """Return every legal path of 1 to `depth` gates that could follow a circuit."""
    start = read_on(rules.redundancy, rules.order.numbers(circuit.gates))
    found, longest = list[tuple[int, ...]](), [tuple[int, ...]()]
    for _ in range(min(depth, rules.max_gates - len(circuit.gates))):
        longest = [
            (*path, number)
            for path in longest
            for number in rules.legal_at(start.after(path))
            if not _comes_earlier(rules.order, path, number)
        ]
        found += longest
    return [tuple([rules.order.gates[number] for number in path]) for path in found]


def _comes_earlier(order: Order, path: tuple[int, ...], number: int) -> bool:
    """Tell whether a gate could be pulled in front of a later one of the alphabet, which gives an equal path."""
    for other in reversed(path):
        if order.dependents[number] >> other & 1:
            return False
        if number < other:
            return True
    return False


def text(path: Path) -> str:
    """Return a path as in `cx0-1 ry1`."""
    return " ".join(map(str, path))


def read(written: str) -> Path:
    """Read a path as `text` writes it.

    Raises:
        InvalidCandidate: if it is none.
    """
    return tuple(gate(word) for word in written.split())


def outlook(rules: Rules, circuit: Circuit, extras: Mapping[str, Json]) -> list[tuple[Path, float]]:
    """Return the report of a survey as (path, value), for legal paths and in the report's order."""
    reported = extras.get("outlook")
    if not isinstance(reported, dict):
        return []
    start, legal = rules.order.numbers(circuit.gates), dict[Path, set[Gate]]()
    read_paths = [(read(written), float(value)) for written, value in reported.items()]
    return [(path, value) for path, value in read_paths if path and _legal(rules, start, path, legal)]


def _legal(rules: Rules, start: list[int], path: Path, known: dict[Path, set[Gate]]) -> bool:
    """Tell whether every gate of a path is legal after those before it; `known` are the answers so far."""
    for place, step in enumerate(path):
        before = path[:place]
        if before not in known:
            numbers = rules.legal_numbers([*start, *rules.order.numbers(before)])
            known[before] = {rules.order.gates[number] for number in numbers}
        if step not in known[before]:
            return False
    return True
