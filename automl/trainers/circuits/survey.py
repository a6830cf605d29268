"""What the extensions of a circuit would give, all of them measured as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from automl.core.records import Json
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.order import Symmetry
from automl.search_spaces.circuits.paths import Path, extensions, text
from automl.trainers.circuits.bench import Bench
from automl.trainers.circuits.simulator.contract import Array
from automl.trainers.circuits.simulator.program import Program, program


@cache
def _written(qubits: int, path: Path) -> tuple[str, Program, int]:
    """Return a path as text, as numbers, and how many of its gates are CNOTs; the same paths come again and again."""
    circuit = Circuit(qubits, path)
    return text(path), program(circuit), circuit.cnots


def survey(
    bench: Bench, circuit: Circuit, angles: Array, *, coupling: Sequence[str] | None, symmetry: Symmetry
) -> tuple[dict[str, Json], int]:
    """Return the predicted `priced_energy` of every legal extension, by its text, and how many energies that took.

    The circuit keeps its angles (P,); those of an extension are the best for them. Shots are not simulated: a
    prediction is exact, or exact under noise.
    """
    plain = Circuit(circuit.qubits, circuit.gates)
    paths = extensions(plain, circuit.survey, coupling=coupling, symmetry=symmetry)
    written = [_written(circuit.qubits, path) for path in paths]
    energies, spent = bench.seen.extensions(program(plain), angles, [code for _, code, _ in written])
    return {
        name: float(energy + bench.recipe.price(circuit.cnots + cnots, len(circuit.gates) + len(path)))
        for (name, _, cnots), path, energy in zip(written, paths, energies, strict=True)
    }, spent
