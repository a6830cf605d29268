"""Trainer `circuits`: the lowest energy a parametrised circuit can reach, simulated exactly, with noise or without."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidCandidate, UsageError
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.trainers.circuits.angles import first, lowest
from automl.trainers.circuits.measure import Energies, metrics_of
from automl.trainers.circuits.problems import read
from automl.trainers.circuits.recipe import Optimizer, Recipe, ShotModel
from automl.trainers.circuits.remarks import remarks
from automl.trainers.circuits.simulator import Backend
from automl.trainers.circuits.simulator.contract import Precision
from automl.trainers.circuits.simulator.program import program as written

if TYPE_CHECKING:
    from automl.search_spaces.circuits.candidate import Circuit
    from automl.search_spaces.circuits.order import Symmetry
    from automl.trainers.circuits.bench import Bench
    from automl.trainers.circuits.bound import BoundCircuit
    from automl.trainers.circuits.noise.machine import Machine
    from automl.trainers.circuits.simulator.contract import Array, Minimum
    from automl.trainers.circuits.simulator.program import Program

GRADIENT = 3
"""Energies that a gradient of all angles counts as: one walk through the circuit and two back."""
POLISH = 1e-3
"""`finish` minimises to this part of the tolerance."""
STARTS = {"bfgs": 20, "lbfgs": 20, "cobyla": 3, "spsa": 3, "adam_spsa": 3}
"""Random starts of `finish` from scratch."""


class CircuitsTrainer(Trainer):
    """Minimises the energy <H> of candidates of space `circuits` over their angles.

    The first metric, `priced_energy`, is the energy plus a small price per gate. `energy` is what the search
    sees: exact, under noise, or an estimate from shots. `noiseless_energy` is the exact energy of the same angles on a
    perfect machine. The errors are distances to the exact ground energy, known for small problems only to be reported.

    Inherited angles are where minimising starts, and an evaluation never ends above them (of energies sampled with
    shots: above what was measured of them). Cost counts simulated energies, a gradient as three; the noiseless energy
    beside a noisy one, which only the report uses, is not counted.

    `data` is the name of a shipped problem (default: H2 on four qubits), a file, a molecule, or a Hamiltonian.

    Settings:
        noise: path of a JSON specification of a machine's noise, or "qiskit:FakeMumbaiV2".
        p1: strength of depolarising noise after each rotation: each Pauli with probability p1 / 3.
        p2: strength of depolarising noise after each CNOT: each pair of Paulis with probability p2 / 15.
        shots: estimate each energy from so many shots; None for exact energies.
        shot_model: "sampled", or "gaussian": the noise that the published runs add.
        optimizer: "bfgs" (compiled, exact gradients), "lbfgs" (SciPy), or by energies alone "cobyla", "spsa",
            "adam_spsa"; "auto" is bfgs without shots and adam_spsa with them.
        iterations: of the optimiser at effort 1; None is its own default.
        tolerance: largest component of the gradient at which to end; of COBYLA the smallest simplex.
        kick: radians (standard deviation) by which angles that start at 0 are moved before minimising, because
            gradients often vanish there; 0 leaves them.
        cnot_price: added to `priced_energy` per CNOT, besides `gate_price`.
        gate_price: added to `priced_energy` per gate. The two together are by default about a hundredth of chemical
            accuracy, so that of equally good circuits the shorter one wins.
        precision: of the simulator.
        backend: "auto", "numba" or "numpy".
    """

    accepts = ("circuits",)
    metrics = {
        "priced_energy": "min",
        "energy": "min",
        "error": "min",
        "noiseless_energy": "min",
        "noiseless_error": "min",
        "cnots": "min",
        "gates": "min",
        "rotations": "min",
        "depth": "min",
    }
    oracles = {"noiseless_error": "min"}
    trade_off = ("error", "cnots")
    cost_unit = "energy simulations"
    default_budget = {"evaluations": 4000}
    profiles = {
        "paper": {  # CRLQAS, Patel et al. 2024, noiseless runs: configurations of the public code
            "optimizer": "cobyla",
            "iterations": 1000,
            "tolerance": 1e-4,
            "kick": 0.0,
            "cnot_price": 0.0,
            "gate_price": 0.0,
        }
    }

    def __init__(
        self,
        data: Any = None,
        *,
        noise: str | None = None,
        p1: float = 0.0,
        p2: float = 0.0,
        shots: int | None = None,
        shot_model: ShotModel = "sampled",
        optimizer: Optimizer = "auto",
        iterations: int | None = None,
        tolerance: float = 1e-6,
        kick: float = 0.1,
        cnot_price: float = 1e-5,
        gate_price: float = 1e-5,
        precision: Precision = "float64",
        backend: Backend = "auto",
    ) -> None:
        self.recipe = Recipe(
            optimizer=optimizer,
            iterations=iterations,
            tolerance=tolerance,
            kick=kick,
            shots=shots,
            shot_model=shot_model,
            cnot_price=cnot_price,
            gate_price=gate_price,
            precision=precision,
            backend=backend,
        )
        self.hamiltonian = read(data)
        self.machine = _machine(noise, p1, p2, self.hamiltonian.qubits)
        self._ground = self.hamiltonian.ground_energy
        self._hash = ""
        self._made: Bench | None = None
        self._bench()  # what cannot be simulated is refused now, not in every evaluation

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the simulators, which are made again where they are needed."""
        return {**self.__dict__, "_made": None}

    def facts(self) -> dict[str, Json]:
        """Return the shape of the problem, what bounds its energy, and what `load` needs besides angles."""
        h = self.hamiltonian
        return {
            "qubits": h.qubits,
            "coupling": self._coupling,
            "symmetry": self._symmetry,
            "lower_bound": h.bound,
            "ground_energy": self._ground,
            "problem": h.name,
            "hamiltonian": dict(h.terms),
            "noise": None if self.machine is None else dict(self.machine.record),
        }

    def fingerprint(self) -> str:
        """Return a hash of the Hamiltonian, the noise and all settings."""
        if not self._hash:
            digest = hashlib.sha256(repr((self.hamiltonian.fingerprint(), asdict(self.recipe))).encode())
            if self.machine is not None:
                noise = self.machine.noise
                for part in (noise.rotations, noise.cnots, noise.readout):
                    digest.update(np.ascontiguousarray(part).data)
            self._hash = f"circuits:{digest.hexdigest()[:16]}"
        return self._hash

    def train(
        self, candidate: Circuit, *, effort: float, weights: Weights | None, seed: int, report: Report
    ) -> Outcome:
        """Minimise from inherited angles, or from small random ones."""
        self._refuse_strangers(candidate)
        program, recipe = written(candidate), self.recipe
        start = first(candidate, weights, seed)
        found = lowest(self._bench(), program, start, steps=recipe.steps(effort), seed=seed)
        return self._outcome(candidate, program, found)

    def finish(self, candidate: Circuit, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Minimise to a tighter tolerance from kept angles, or keep of several random starts the best."""
        tight = self._tight()
        program, steps = written(candidate), tight.recipe.steps(1.0)
        every = []
        for number in range(1 if weights is not None else STARTS[tight.recipe.method]):
            start = first(candidate, weights, seed + number)
            every.append(lowest(tight, program, start, steps=steps, seed=seed + number))
            report(number, {"energy": min(found.energy for found in every)})
        best = min(every, key=lambda found: found.energy)
        energies, gradients = sum(found.energies for found in every), sum(found.gradients for found in every)
        return self._outcome(candidate, program, replace(best, energies=energies, gradients=gradients))

    def _refuse_strangers(self, candidate: Circuit) -> None:
        if candidate.qubits != self.hamiltonian.qubits:
            raise InvalidCandidate(
                f"The circuit has {candidate.qubits} qubits, "
                f"the problem {self.hamiltonian.name} {self.hamiltonian.qubits}.",
                "Leave out the setting `qubits` of the space: the problem fills it in.",
            )
        if self.machine is not None:
            self.machine.check(candidate)

    def _outcome(self, circuit: Circuit, program: Program, found: Minimum) -> Outcome:
        bench, price = self._bench(), self.recipe.price(circuit.cnots, len(circuit.gates))
        same = self.machine is None and self.recipe.shots is None
        noiseless = found.energy if same else bench.noiseless(program, found.angles)
        metrics = metrics_of(circuit, Energies(found.energy, noiseless), price=price, ground=self._ground)
        extras: dict[str, Json] = {"energies": found.energies, "gradients": found.gradients}
        cost = found.energies + GRADIENT * found.gradients
        if circuit.survey:
            extras["outlook"], spent = self._survey(circuit, found.angles)
            cost += spent
        return Outcome(metrics, {"angles": found.angles}, extras, float(cost))

    def test(self, candidate: Circuit, weights: Weights) -> Metrics:
        """Return exact energies of a finished circuit, without shots: under noise, and on a perfect machine."""
        program, angles = written(candidate), np.asarray(weights["angles"], dtype=np.float64)
        seen = self._bench().energy(program, angles)
        tested = {"test_energy": seen, "test_error": seen - self._ground}
        if self.machine is not None:
            noiseless = self._bench().noiseless(program, angles)
            tested |= {"test_noiseless_energy": noiseless, "test_noiseless_error": noiseless - self._ground}
        return tested

    @classmethod
    def load(cls, candidate: Circuit, weights: Weights, facts: Mapping[str, Any]) -> BoundCircuit:
        """Return a circuit with its angles and its Hamiltonian, which needs no simulator to exist."""
        from automl.trainers.circuits.bound import BoundCircuit
        from automl.trainers.circuits.problems import Hamiltonian

        hamiltonian = Hamiltonian(candidate.qubits, facts["hamiltonian"], name=facts["problem"])
        return BoundCircuit.of(candidate, weights["angles"], hamiltonian)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """Return two rows of nothing (2, 0): a circuit starts from |0...0> and takes no input."""
        return np.zeros((2, 0))

    @classmethod
    def files(cls, model: BoundCircuit) -> Mapping[str, str]:
        """Return the circuit as OpenQASM 2 and 3, as drawings, and as JSON with its Hamiltonian."""
        return {
            "circuit.qasm": model.qasm2(),
            "circuit3.qasm": model.qasm3(),
            "circuit.svg": model.svg(),
            "circuit.txt": model.draw() + "\n",
            "circuit.json": model.to_json() + "\n",
        }

    @classmethod
    def picture(cls, model: BoundCircuit) -> str:
        """Return the circuit drawn as SVG."""
        return model.svg()

    def remarks(self, candidate: Circuit, metrics: Metrics) -> Sequence[str]:
        """Return what a person should know about a result besides its numbers."""
        noisy, sampled = self.machine is not None, self.recipe.shots is not None
        chemical = "model" not in self.hamiltonian.source  # spin chains have energies in units of their coupling
        return remarks(candidate, metrics, noisy=noisy, sampled=sampled, chemical=chemical)

    def _survey(self, circuit: Circuit, angles: Array) -> tuple[dict[str, Json], int]:
        """Return what the extensions of a circuit would give, and how many energies that took."""
        from automl.trainers.circuits.survey import survey

        return survey(self._bench(), circuit, angles, coupling=self._coupling, symmetry=self._symmetry)

    @property
    def _coupling(self) -> list[str] | None:
        """Pairs a CNOT may join: those of the machine, else those of the problem; None for all."""
        machine = self.machine
        pairs = self.hamiltonian.coupling if machine is None or machine.coupling is None else machine.coupling
        return None if pairs is None else [f"{a}-{b}" for a, b in pairs]

    @property
    def _symmetry(self) -> Symmetry:
        """Gates that commute exchange places only where no noise comes between them."""
        return "commuting" if self.machine is None else "wires"

    def _tight(self) -> Bench:
        """Return the bench for full trainings."""
        tight = copy.copy(self._bench())
        tight.recipe = replace(self.recipe, tolerance=POLISH * self.recipe.tolerance)
        return tight

    def _bench(self) -> Bench:
        if self._made is None:
            from automl.trainers.circuits.bench import Bench

            self._made = Bench(self.hamiltonian, None if self.machine is None else self.machine.noise, self.recipe)
        return self._made


def _machine(noise: str | None, p1: float, p2: float, qubits: int) -> Machine | None:
    """Return the machine that the settings describe, None for a perfect one."""
    if noise is not None and (p1 or p2):
        raise UsageError("'noise' and 'p1' or 'p2' both describe the noise.", "Put p1 and p2 into the specification.")
    if noise is None and not p1 and not p2:
        return None
    from automl.trainers.circuits.noise.specification import read_noise

    return read_noise({"defaults": {"p1": p1, "p2": p2}} if noise is None else noise, qubits)
