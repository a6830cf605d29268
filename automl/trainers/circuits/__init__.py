"""Trainer `circuits`: the energy of a parametrised circuit, simulated exactly, with noise or without."""
