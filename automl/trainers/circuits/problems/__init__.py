"""Hamiltonians: shipped ones, lattice models, files, objects of other libraries, molecules."""
