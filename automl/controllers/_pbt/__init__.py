"""Population-based training (Jaderberg et al. 2017).

`population` (who stands where), `noise` (who is significantly ahead) and `explore` (perturbations).
"""
