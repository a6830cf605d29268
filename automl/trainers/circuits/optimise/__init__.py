"""Optimisers of angles that see energies only: SPSA, Adam-SPSA, COBYLA."""
