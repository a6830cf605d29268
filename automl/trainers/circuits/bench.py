"""The problem on its simulators: what a trainer asks for energies."""

from __future__ import annotations

import numpy as np

from automl.trainers.circuits.noise.channels import GateNoise
from automl.trainers.circuits.optimise.contract import Energy
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian
from automl.trainers.circuits.recipe import Recipe
from automl.trainers.circuits.shots import Shots
from automl.trainers.circuits.shots_groups import groups
from automl.trainers.circuits.simulator import simulator
from automl.trainers.circuits.simulator.contract import Array, Minimum
from automl.trainers.circuits.simulator.program import Program


class Bench:
    """Simulators of one Hamiltonian.

    Attributes:
        recipe: how to measure.
        seen: the simulator whose energies drive the search: with the noise, if there is any.
        exact: the one without noise; the same where there is none.
    """

    def __init__(self, hamiltonian: Hamiltonian, noise: GateNoise | None, recipe: Recipe) -> None:
        self.recipe = recipe
        self.exact = simulator(hamiltonian, precision=recipe.precision, backend=recipe.backend)
        self.seen = self.exact
        if noise is not None:
            self.seen = simulator(hamiltonian, noise, precision=recipe.precision, backend=recipe.backend)
        self._shots: Shots | None = None
        self._least = 0.0
        if recipe.shots is not None:
            self._shots = Shots(hamiltonian, noise, shots=recipe.shots, model=recipe.shot_model, backend=recipe.backend)
            if recipe.shot_model == "sampled":  # every basis needs a shot, in a cheap stage, too
                self._least = len(groups(hamiltonian).bases) / recipe.shots

    def energy(self, program: Program, angles: Array) -> float:
        """Return the energy at angles (P,) that the search sees, but for shot noise."""
        return float(self.seen.energy(program, angles)[0])

    def noiseless(self, program: Program, angles: Array) -> float:
        """Return the energy at angles (P,) without any noise."""
        return float(self.exact.energy(program, angles)[0])

    def descend(self, program: Program, start: Array, steps: int) -> Minimum:
        """Minimise from `start` (P,) along exact gradients."""
        tolerance = self.recipe.tolerance
        if self.recipe.method == "bfgs":
            return self.seen.minimise(program, start, tolerance=tolerance, iterations=steps)
        from automl.trainers.circuits.optimise.lbfgs import lbfgs

        return lbfgs(self.seen, program, start, tolerance=tolerance, iterations=steps)

    def measured(self, program: Program, rng: np.random.Generator) -> Energy:
        """Return the energy of a circuit as its optimiser measures it: exactly, or with shots."""
        shots, least = self._shots, self._least
        if shots is None:
            return lambda angles, share=1.0: self.energy(program, angles)
        return lambda angles, share=1.0: shots.energy(program, angles, rng, share=max(share, least))
