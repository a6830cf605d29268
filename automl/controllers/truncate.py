"""Truncation: train at full size, keep what comes first.

The plainest way to a smaller candidate, and often hard to beat: no search at all, only a relaxed run without the stages
that learn a selection.
"""

from __future__ import annotations

from automl.controllers._dnis.relaxed import ReadByOneRule


class Truncate(ReadByOneRule):
    """Trains the relaxed candidate as far as truncation needs it, then cuts it to every budget.

    Settings:
        budgets: a share of the relaxed candidate's size each (1/8, 0.125), or the size itself (4096, 42kB, 4MB).
        seeds: with how many seeds the candidate of each budget is measured.
        segments: most segments of a stage; it ends earlier when it has settled.
        relaxed_share: share of the study's budget that the relaxed run may use.
    """

    reads = ("truncate",)
