"""Hamiltonians: shipped ones, lattice models, files, objects of other libraries, molecules."""

from automl.trainers.circuits.problems.hamiltonian import Hamiltonian as Hamiltonian
from automl.trainers.circuits.problems.hamiltonian import Reference as Reference
from automl.trainers.circuits.problems.read import read as read
from automl.trainers.circuits.problems.shipped import names as names
