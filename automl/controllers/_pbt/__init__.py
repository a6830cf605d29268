"""Population-based training (Jaderberg et al. 2017): `population` (who stands where) and `explore` (perturbations)."""
