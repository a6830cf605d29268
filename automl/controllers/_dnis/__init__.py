"""Differentiable search and its controls: a candidate for every byte budget (DNIS: Cheng, Shen and Huang, 2020).

In the order of the paper: `relaxation` (the relaxed run, in segments), `relaxed` (a controller that reads candidates
from such a run), `by_thumb` (one that needs no run), `per_budget` (a trial for each budget and rule) and `budgets`.
"""
