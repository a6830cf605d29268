"""A machine as the simulator and the search space see it: its noise, its couplings, and how to write both down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automl.core.errors import InvalidCandidate
from automl.search_spaces.circuits.candidate import Circuit
from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.noise.coupling import Coupling


@dataclass(frozen=True)
class Machine:
    """What is known of a machine.

    Attributes:
        noise: of its gates and its readout.
        coupling: pairs of qubits a CNOT may join, in either direction; None for all.
        record: a specification as JSON from which `read_noise` makes the same machine again, without Qiskit.
    """

    noise: GateNoise
    coupling: Coupling | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    def check(self, circuit: Circuit) -> None:
        """Refuse a circuit with a CNOT that the machine cannot run.

        Raises:
            InvalidCandidate: naming the first such gate.
        """
        if self.coupling is None:
            return
        for gate in circuit.gates:
            if not gate.turns and tuple(sorted(gate.wires)) not in self.coupling:
                raise InvalidCandidate(
                    f"The machine cannot run {gate}: these qubits are not coupled.",
                    "Coupled are " + ", ".join(f"{a}-{b}" for a, b in self.coupling) + ".",
                )
