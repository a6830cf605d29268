"""Noise of gates and of readout: a JSON specification, and what other libraries describe."""
