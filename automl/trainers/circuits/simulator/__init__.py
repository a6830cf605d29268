"""Simulators: a state vector without noise, a real Pauli vector with it; compiled, with a NumPy reference."""

from automl.trainers.circuits.simulator.choice import Backend, simulator

__all__ = ["Backend", "simulator"]
