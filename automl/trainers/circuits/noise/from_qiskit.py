"""The noise of machines that Qiskit knows: a fake backend, any other `BackendV2`, or an Aer `NoiseModel`.

How our gates meet those of a machine:

* rz is virtual: it has no noise, unless the model has an error for `rz` itself.
* rx and ry are what Qiskit translates them to, matrices from right to left and up to a phase:
  rx(a) = rz(pi/2) sx rz(a + pi) sx rz(pi/2) and ry(a) = rz(pi) sx rz(a + pi) sx. The error of sx acts twice, the first
  time turned by the second sx. That is one matrix for all angles, and exact if the error commutes with rz, as
  depolarising noise and relaxation do. With `pulses=1` a rotation is one pulse with one error of sx (ry between two
  virtual rz), as in the paper. Errors that a model has for `rx` or `ry` themselves are taken as they are.
* A CNOT is compiled to what the machine has in that direction (cx, ecr, cz and single-qubit pulses, by Qiskit's
  transpiler), each gate with its own error; what differs from a perfect CNOT is its noise. This is exact.
* Waiting qubits have no noise, as in Aer for circuits that are not scheduled.

Energies therefore equal Aer's with the same `NoiseModel` of the circuit translated to rz, sx and cx
(`transpile(..., optimization_level=0)`). An optimising compiler merges neighbouring rotations and needs fewer pulses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from automl.core.errors import MissingExtra, UnknownName, UsageError
from automl.trainers.circuits.noise.channels import Array
from automl.trainers.circuits.noise.coupling import Pair, reach, undirected
from automl.trainers.circuits.noise.kraus import from_unitary
from automl.trainers.circuits.noise.machine import Machine
from automl.trainers.circuits.noise.qiskit_cnot import JOINING, Errors, cnot, error_of, exchanged

Entries: TypeAlias = Sequence[Mapping[str, Any]]
"""Errors as `NoiseModel.to_dict` lists them."""

_SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_QUARTER = np.diag([np.exp(-0.25j * np.pi), np.exp(0.25j * np.pi)])


def named_backend(name: str) -> Any:
    """Return a fake backend of qiskit-ibm-runtime by the name of its class.

    Raises:
        MissingExtra: if qiskit-ibm-runtime is not installed.
        UnknownName: if it has none of that name.
    """
    try:
        from qiskit_ibm_runtime import fake_provider
    except ImportError as error:
        raise MissingExtra(error.name or "qiskit-ibm-runtime", "quantum") from error
    known = [known for known in dir(fake_provider) if known.startswith("Fake") and "Provider" not in known]
    if name not in known:
        raise UnknownName("machine", name, known)
    return getattr(fake_provider, name)()


def from_backend(backend: Any, qubits: int, *, use: Sequence[int] | None = None, pulses: int = 2) -> Machine:
    """Return noise and coupling of a machine, as `NoiseModel.from_backend` derives them from its calibration.

    Args:
        backend: a Qiskit `BackendV2`.
        qubits: number of qubits of the problem.
        use: the qubits of the machine to take, in the order of the problem; None for those that hang together with
            the machine's qubit 0, nearest first.
        pulses: how many pulses a rotation about X or Y takes: 2 as compiled, or 1.

    Raises:
        UsageError: if these qubits do not exist or do not hang together.
        MissingExtra: if qiskit-aer is not installed.
    """
    model = _aer().noise.NoiseModel.from_backend(backend)
    edges = None if backend.coupling_map is None else [tuple(edge) for edge in backend.coupling_map.get_edges()]
    if use is None:
        use = list(range(qubits)) if edges is None else reach(edges, 0, qubits)
    if max(use, default=0) >= backend.num_qubits or len(use) < qubits:
        raise UsageError(
            f"{backend.name} has {backend.num_qubits} qubits, from 0; {qubits} of them cannot be {list(use)}."
        )
    return from_noise_model(model, qubits, use=use, coupling=edges, pulses=pulses, name=backend.name)


def from_noise_model(
    model: Any,
    qubits: int,
    *,
    use: Sequence[int] | None = None,
    coupling: Sequence[Pair] | None = None,
    pulses: int = 2,
    name: str = "NoiseModel",
) -> Machine:
    """Return noise and coupling of an Aer `NoiseModel`.

    Args:
        model: the noise model.
        qubits: number of qubits of the problem.
        use: the model's qubits to take, in the order of the problem; None for the first ones.
        coupling: its pairs; None for those that have an own error of a two-qubit gate, or all if none has.
        pulses: how many pulses a rotation about X or Y takes: 2 as compiled, or 1.
        name: for the record.
    """
    from automl.trainers.circuits.noise.specification import read_noise

    if isinstance(pulses, bool) or pulses not in (1, 2):
        raise UsageError(f"'pulses' must be 1 or 2, got {pulses!r}.")
    chosen = list(range(qubits)) if use is None else list(use)
    entries = model.to_dict()["errors"]
    errors, readout = _errors(entries, set(chosen)), _readouts(entries)
    coupling = _own_pairs(entries) if coupling is None else coupling
    pairs = None if coupling is None else undirected(pair for pair in coupling if set(pair) <= set(chosen))
    joined = (
        [(a, b) for a in chosen for b in chosen if a != b] if pairs is None else [*pairs, *(p[::-1] for p in pairs)]
    )
    basis = sorted(set(model.basis_gates) & set(errors) | {"rz", "sx", "x"})
    content = {
        "name": name,
        "qubits": {str(qubit): _qubit(errors, readout, qubit, pulses) for qubit in chosen},
        "pairs": {f"{a}>{b}": {"cnot_ptm": cnot(errors, basis, (a, b)).tolist()} for a, b in joined},
        **({} if pairs is None else {"coupling": [f"{a}-{b}" for a, b in pairs]}),
        "use": chosen,
        "source": {"software": f"qiskit-aer {_aer().__version__}", "pulses": pulses},
    }
    return read_noise(content, qubits)


def _aer() -> ModuleType:
    try:
        import qiskit_aer
        import qiskit_aer.noise
    except ImportError as error:
        raise MissingExtra(error.name or "qiskit-aer", "quantum") from error
    return qiskit_aer  # type: ignore[no-any-return]


def _errors(entries: Entries, chosen: set[int]) -> Errors:
    """Return the errors of gates on the chosen qubits."""
    noise = _aer().noise
    gates: dict[str, dict[tuple[int, ...] | None, Array]] = {}
    for entry in entries:
        for place in _places(entry):
            if entry["type"] == "qerror" and (place is None or chosen.issuperset(place)):
                matrix = _transfer(noise.QuantumError.from_dict(entry))
                for operation in entry["operations"]:
                    gates.setdefault(operation, {})[place] = matrix
    strange = {kind for kind in gates if kind.startswith("u") or kind in ("r", "h", "p")}
    if strange and not gates.keys() & {"rx", "ry", "rz", "sx"}:
        raise UsageError(
            f"The noise model has errors of {', '.join(sorted(strange))}, which say nothing of rx, ry and rz.",
            "Add errors of rx, ry and rz, or of sx, to it.",
        )
    return gates


def _readouts(entries: Entries) -> dict[tuple[int, ...] | None, list[float]]:
    """Return the errors of readouts as [p(1|0), p(0|1)] by qubit."""
    found: dict[tuple[int, ...] | None, list[float]] = {}
    for entry in (entry for entry in entries if entry["type"] == "roerror"):
        table = np.asarray(entry["probabilities"], dtype=np.float64)
        if table.shape != (2, 2):
            raise UsageError("Readout errors that several qubits share cannot be represented.", "Give one per qubit.")
        found.update({place: [float(table[0, 1]), float(table[1, 0])] for place in _places(entry)})
    return found


def _places(entry: Mapping[str, Any]) -> list[tuple[int, ...] | None]:
    return [None if qubits is None else tuple(qubits) for qubits in entry.get("gate_qubits", [None])]


def _own_pairs(entries: Entries) -> list[Pair] | None:
    """Return the pairs that have an own error of a two-qubit gate, None if no pair has."""
    named = [entry for entry in entries if set(JOINING) & set(entry["operations"])]
    return [(place[0], place[1]) for entry in named for place in _places(entry) if place is not None] or None


def _transfer(error: Any) -> Array:
    """Return the matrix of a Qiskit channel; Qiskit's first qubit is the fast one, ours the slow one."""
    from qiskit.quantum_info import PTM

    matrix = np.array(PTM(error.to_quantumchannel()).data.real, dtype=np.float64)
    if len(matrix) == 16:
        matrix = exchanged(matrix)
    return matrix


def _qubit(errors: Errors, readout: Mapping[Any, list[float]], qubit: int, pulses: int) -> dict[str, Any]:
    """Return the entries of one qubit."""
    place = (qubit,)
    pulse, rz = error_of(errors, "sx", place), error_of(errors, "rz", place)
    rx, ry = _rotated(np.eye(4) if pulse is None else pulse, pulses)
    own_rx, own_ry = error_of(errors, "rx", place), error_of(errors, "ry", place)
    matrices = {
        "rx": rx if own_rx is None else own_rx,
        "ry": ry if own_ry is None else own_ry,
        "rz": np.eye(4) if rz is None else rz,
    }
    return {
        "rotation_ptm": {axis: matrix.tolist() for axis, matrix in matrices.items()},
        "readout": readout.get(place, readout.get(None, [0.0, 0.0])),
    }


def _rotated(error: Array, pulses: int) -> tuple[Array, Array]:
    """Return the noise after rx and after ry, from that of sx."""
    turn, sx = from_unitary(_QUARTER), from_unitary(_SX)
    if pulses == 1:
        return error, turn @ error @ turn.T
    both = turn @ error @ sx @ error @ sx.T @ turn.T
    return both, turn @ both @ turn.T
