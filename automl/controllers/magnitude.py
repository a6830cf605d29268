"""Magnitude: train at full size, keep what is largest.

Han, Pool, Tran and Dally: Learning both weights and connections for efficient neural networks. NeurIPS 2015. It needs
no search, only a relaxed run without the stages that learn a selection.
"""

from __future__ import annotations

from automl.controllers._dnis.relaxed import ReadByOneRule


class Magnitude(ReadByOneRule):
    """Trains the relaxed candidate as far as magnitudes need it, then keeps the largest for every budget.

    Settings:
        budgets: a share of the relaxed candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds the candidate of each budget is measured.
        segments: most segments of a stage; it ends earlier when it has settled.
        relaxed_share: share of the study's budget that the relaxed run may use.
    """

    reads = ("magnitude",)
