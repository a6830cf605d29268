"""Simulators: a state vector without noise, a real Pauli vector with it; compiled, with a NumPy reference."""
